package bench_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"anchorctl/internal/store"
)

// The two sizes of store that are held beside each other.
const (
	few  = 1_000
	many = 1_000_000
)

// grown is an estate like founded's, with so many certificates on record.
type grown struct {
	rows     int
	dir      string
	env      []string
	options  store.Options
	revoked  int   // how many were
	crl      int64 // number of the newest
	lastSeen time.Time
}

// grow records certificates through the store's own API, 10,000 in each
// transaction: one a minute up to now, 1,000 instances of one workload in turn,
// each for a day, random as real ones are.
func grow(b *testing.B, program string, rows int) *grown {
	b.Helper()
	dir, env := founded(b, program)
	g := &grown{rows: rows, dir: dir, env: env, lastSeen: time.Now(), options: store.Options{Now: time.Now, Actor: "bench"}}
	s := g.open(b)
	const together = 10_000
	for first := 1; first <= rows; first += together {
		var list []store.Issued
		for n := first; n < first+together && n <= rows; n++ {
			list = append(list, g.certificate(n))
		}
		check(b, s.RecordIssued(b.Context(), list...))
		if first%100_000 == 1 && first > 1 {
			fmt.Printf("filling a store: %d of %d certificates\n", first-1, rows)
		}
	}
	check(b, s.Close())
	info, err := os.Stat(g.path())
	check(b, err)
	fmt.Printf("%-70s %d MB, %d bytes each\n", fmt.Sprintf("a store with %d certificates", rows), info.Size()>>20, int(info.Size())/rows)
	return g
}

func (g *grown) path() string { return filepath.Join(g.dir, ".anchorctl", "state.db") }

func (g *grown) open(b *testing.B) *store.Store {
	b.Helper()
	s, err := store.Open(b.Context(), g.path(), g.options)
	check(b, err)
	return s
}

// certificate is the record of the n-th; its bytes are as many and as random as
// a real one's.
func (g *grown) certificate(n int) store.Issued {
	key, serial := sha256.Sum256(fmt.Appendf(nil, "key %d", n)), sha256.Sum256(fmt.Appendf(nil, "serial %d", n))
	der := make([]byte, 0, 640)
	for block := serial; len(der) < 600; block = sha256.Sum256(block[:]) {
		der = append(der, block[:]...)
	}
	begins := g.lastSeen.Unix() - int64(60*(g.rows-n))
	return store.Issued{
		Environment: "dev", Workload: "app", Instance: fmt.Sprintf("i%03d", n%1000), Generation: 1,
		Serial: hex.EncodeToString(serial[:16]), Certificate: der, SPKI: key,
		NotBefore: begins, NotAfter: begins + 86400, Created: begins,
	}
}

// revoke does to the store what one revocation does: the certificate is found
// by its serial, the revocation is recorded, all of the issuer's are read, and
// the list made of them is recorded.
func (g *grown) revoke(b *testing.B) figure {
	b.Helper()
	g.revoked++
	g.crl++
	begun := time.Now()
	s := g.open(b)
	found, err := s.ListIssued(b.Context(), store.Filter{Serial: g.certificate(g.rows - g.revoked).Serial})
	check(b, err)
	_, err = s.Revoke(b.Context(), store.Revocation{
		Environment: "dev", Generation: 1, Serial: found[0].Serial, Reason: 1, NotAfter: found[0].NotAfter,
	})
	check(b, err)
	revocations, err := s.Revocations(b.Context(), "dev", 1)
	check(b, err)
	var listed []string
	for _, r := range revocations {
		listed = append(listed, r.Serial)
	}
	check(b, s.RecordCRL(b.Context(), store.CRL{
		Environment: "dev", Generation: 1, Number: g.crl, ThisUpdate: begun.Unix(), NextUpdate: begun.Unix() + 86400,
		DER: make([]byte, 300+38*len(listed)), Entries: len(listed),
	}, listed))
	check(b, s.Close())
	return figure{wall: time.Since(begun)}
}

func check(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// BenchmarkGrowth holds what is done often in an estate with a million
// certificates on record beside the same with a thousand.
func BenchmarkGrowth(b *testing.B) {
	if testing.Short() {
		b.Skip("filling a store with a million certificates takes minutes")
	}
	ours := program(b)
	large, small := grow(b, ours, many), grow(b, ours, few)
	names := [2]string{fmt.Sprintf(" with %d on record", many), fmt.Sprintf(" with %d on record", few)}
	for _, c := range []side{
		{name: "issue", argv: []string{ours, "issue", "dev/app"}},
		{name: "list what expires", argv: []string{ours, "certs", "list", "--expiring-within", "24h"}},
		{name: "list an instance's", argv: []string{ours, "certs", "list", "--env", "dev", "--workload", "app", "--instance", "i007"}},
	} {
		b.Run(c.name, func(b *testing.B) {
			compare(b, side{name: c.name + names[0], argv: c.argv, dir: large.dir, env: large.env},
				side{name: c.name + names[1], argv: c.argv, dir: small.dir, env: small.env})
		})
	}
	// As a process, revoke waits for AWS most of the time.
	b.Run("revoke, its part in the store", func(b *testing.B) {
		var a, z []figure
		for range rounds {
			a, z = append(a, large.revoke(b)), append(z, small.revoke(b))
		}
		l, _ := medians(a)
		s, _ := medians(z)
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(ratio(l, s), "wall-ratio")
		fmt.Printf("%-70s wall %7.1f ms\n%-70s wall %7.1f ms\n%-70s wall %7.2f x\n", "revoke"+names[0], ms(l), "revoke"+names[1], ms(s),
			fmt.Sprintf("ratio (median of %d rounds)", rounds), ratio(l, s))
	})
	check(b, verified(b, small))
}

// verified holds that what was measured was a sound store.
func verified(b *testing.B, g *grown) error {
	b.Helper()
	s := g.open(b)
	return errors.Join(s.VerifyAudit(b.Context()), s.Close())
}

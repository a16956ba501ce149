//go:build unix

package bench_test

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"math/big"
	"strings"
	"syscall"
	"testing"
	"time"

	"anchorctl/internal/admission"
	"anchorctl/internal/anchors"
	"anchorctl/internal/awsapi"
	"anchorctl/internal/clock"
	"anchorctl/internal/crls"
	"anchorctl/internal/pki"
	"anchorctl/internal/pki/pkitest"
	"anchorctl/internal/sandbox"
	"anchorctl/internal/sandbox/seed"
)

// virtual is a clock that waiting moves.
func virtual() clock.Clock {
	now := pkitest.Now()
	return clock.Clock{
		Now:  func() time.Time { return now },
		Wait: func(_ context.Context, d time.Duration) error { now = now.Add(d); return nil },
	}
}

// target is an account and region in a sandbox of this process.
func target(b *testing.B) *awsapi.Target {
	b.Helper()
	c := virtual()
	running, err := sandbox.Serve(b.Context(), sandbox.Options{
		Clock: c, Token: "token", Seed: &seed.Seed{Accounts: map[string]seed.Account{
			"111122223333": {AccessKeys: []seed.AccessKey{{ID: "AKIAEXAMPLE", Secret: "sandbox-only"}}},
		}},
	})
	check(b, err)
	b.Cleanup(func() { check(b, running.Close()) })
	for _, pair := range sandbox.ExecEnv(nil, sandbox.Child{URL: running.URL, Token: "token", Key: running.Keys()[0]}) {
		name, value, _ := strings.Cut(pair, "=")
		b.Setenv(name, value)
	}
	t, err := awsapi.Open(b.Context(), awsapi.Options{Account: "111122223333", Region: "eu-central-1", Clock: c})
	check(b, err)
	return t
}

// filled is a revocation list that fills what the service takes.
func filled(b *testing.B, by pki.Parent) pki.CRLSpec {
	b.Helper()
	at := pkitest.Now()
	spec := pki.CRLSpec{Number: 1, ThisUpdate: at, NextUpdate: at.Add(24 * time.Hour)}
	add := func(n int) {
		for range n {
			octets := make([]byte, 16)
			_, err := rand.Read(octets)
			check(b, err)
			octets[0] = octets[0]&0x3f | 0x40
			spec.Entries = append(spec.Entries, pki.Revoked{Serial: new(big.Int).SetBytes(octets), At: at, Reason: 1})
		}
	}
	add(1)
	der, err := pki.NewCRL(spec, by)
	check(b, err)
	add(pki.CRLRoom(der))
	return spec
}

// timed is what a piece of work in this process took. The processor's time is
// that of all its threads, the sandbox's among them.
func timed(b *testing.B, work func()) figure {
	b.Helper()
	spent := func() time.Duration {
		var u syscall.Rusage
		check(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	begun, before := time.Now(), spent()
	work()
	return figure{wall: time.Since(begun), cpu: spent() - before}
}

// BenchmarkCRLAtTheLimit holds a revocation list that is made, linted, signed,
// verified and imported beside crypto/x509 signing the same, and nothing else.
func BenchmarkCRLAtTheLimit(b *testing.B) {
	estate, t := pkitest.NewEstate(b, "prod"), target(b)
	issuer := estate.Issuers["prod"]
	admitted, findings := admission.Admit(admission.AnchorCase{
		At: "anchor/prod", Certificate: issuer.Certificate, Roots: []*x509.Certificate{estate.Root.Certificate}, Now: pkitest.Now(),
	})
	if admitted.Certificate() == nil {
		b.Fatal(findings)
	}
	anchor, err := t.Anchors().Create(b.Context(), anchors.New{Name: "prod", Certificates: []admission.Admitted{admitted}})
	check(b, err)
	spec := filled(b, issuer.Parent())
	var ours, theirs []figure
	var der []byte
	for range rounds {
		var live crls.Live
		ours = append(ours, timed(b, func() {
			der, err = pki.NewCRL(spec, issuer.Parent())
			check(b, err)
			live, err = t.CRLs().Create(b.Context(), crls.New{Name: "prod", AnchorARN: anchor.ARN, Data: pki.EncodeCRL(der)})
			check(b, err)
		}))
		check(b, t.CRLs().Delete(b.Context(), live.ID))
		list := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: spec.ThisUpdate, NextUpdate: spec.NextUpdate}
		for _, e := range spec.Entries {
			list.RevokedCertificateEntries = append(list.RevokedCertificateEntries,
				x509.RevocationListEntry{SerialNumber: e.Serial, RevocationTime: e.At, ReasonCode: e.Reason})
		}
		theirs = append(theirs, timed(b, func() {
			_, err := x509.CreateRevocationList(rand.Reader, list, issuer.Certificate, issuer.Key)
			check(b, err)
		}))
	}
	wall, cpu := medians(ours)
	aloneWall, aloneCPU := medians(theirs)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(ratio(wall, aloneWall), "wall-ratio")
	b.ReportMetric(ratio(cpu, aloneCPU), "cpu-ratio")
	name := fmt.Sprintf("list of %d entries, %d bytes, room for %d more", len(spec.Entries), pki.CRLSize(der), pki.CRLRoom(der))
	fmt.Printf("%-70s wall %7.1f ms  cpu %7.1f ms\n%-70s wall %7.1f ms  cpu %7.1f ms\n%-70s wall %7.2f x   cpu %7.2f x\n",
		name, ms(wall), ms(cpu), "x509.CreateRevocationList alone", ms(aloneWall), ms(aloneCPU),
		fmt.Sprintf("ratio (median of %d rounds)", rounds), ratio(wall, aloneWall), ratio(cpu, aloneCPU))
}

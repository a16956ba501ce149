package batch

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"time"

	"anchorctl/internal/folder"
	"anchorctl/internal/issuance"
	"anchorctl/internal/keys"
	"anchorctl/internal/pki"
)

// Request is a batch: what is asked for, and where it goes.
type Request struct {
	Environment string
	Source      string // what people call the file; messages name it
	Lines       []Line
	// Label tells two batches apart that ask for the same; with none, the second
	// is the first one run again.
	Label    string
	Lifetime time.Duration                     // of lines that name none; 0 is the configured one
	KeyType  keys.Type                         // of lines that name none; "" is ecdsa-p256
	Out      string                            // the batch's folder; "" is out/ENV/batch-ID of the estate
	Open     func(path string) ([]byte, error) // reads a line's certificate request
	Group    int                               // how many are recorded at once; 0 is what is quickest
	Progress func(Progress)
}

// line is what one line asks of issuance.
func (r Request) line(l Line) issuance.Request {
	one := issuance.Request{
		Environment: r.Environment, Workload: l.Workload, Instance: l.Instance,
		Lifetime: l.Lifetime, KeyType: l.KeyType,
	}
	if one.Lifetime == 0 {
		one.Lifetime = r.Lifetime
	}
	if one.KeyType == "" {
		one.KeyType = r.KeyType
	}
	return one
}

// grant is what a line may have. Of a certificate request it returns the digest,
// too.
func (r Request) grant(ctx context.Context, f *folder.Folder, l Line) (issuance.Grant, *[32]byte, error) {
	one := r.line(l)
	if l.CSR == "" {
		grant, err := issuance.Allow(f, one)
		return grant, nil, err
	}
	data, err := r.Open(l.CSR)
	if err != nil {
		return issuance.Grant{}, nil, err
	}
	digest := sha256.Sum256(data)
	one.CSR, one.CSRName = data, l.CSR
	grant, err := issuance.Admit(ctx, f, one)
	return grant, &digest, err
}

// judge holds every line against the configuration, before anything is made, and
// notes the digests of certificate requests. It returns the distinct lifetimes.
func (r Request) judge(ctx context.Context, f *folder.Folder) ([]issuance.Grant, error) {
	if !regexp.MustCompile(`^[A-Za-z0-9_.:+@ -]{0,64}$`).MatchString(r.Label) {
		return nil, fmt.Errorf("the label %q may hold up to 64 letters, digits, spaces and _.:+@-", r.Label)
	}
	var p problems
	var distinct []issuance.Grant
	lifetimes := map[time.Duration]bool{}
	first, owners := make(map[string]int, len(r.Lines)), map[[32]byte]int{}
	for i, l := range r.Lines {
		grant, digest, err := r.grant(ctx, f, l)
		r.Lines[i].digest = digest
		if err == nil && digest != nil {
			err = ownKey(owners, l.At, grant)
		}
		if err != nil {
			p.add(l.At, err)
			continue
		}
		// Folders must differ also where file names ignore case.
		key := strings.ToLower(l.name())
		if before, twice := first[key]; twice {
			p.add(l.At, fmt.Errorf("%s stands in line %d already", l.name(), before))
			continue
		}
		first[key] = l.At
		if !lifetimes[grant.Spec.Lifetime] {
			lifetimes[grant.Spec.Lifetime] = true
			distinct = append(distinct, grant)
		}
	}
	return distinct, p.err(r.Source)
}

// ownKey: a key has one owner.
func ownKey(owners map[[32]byte]int, at int, grant issuance.Grant) error {
	key, err := pki.DigestOfKey(grant.Key)
	if err != nil {
		return err
	}
	if before, taken := owners[key]; taken {
		return fmt.Errorf("the key of its request is that of line %d", before)
	}
	owners[key] = at
	return nil
}

// id is a digest of what is asked for: two runs of the same request are runs of
// one batch. Each text is preceded by its length, so that no two requests share
// their bytes.
func (r Request) id() string {
	h := sha256.New()
	var buffer []byte
	number := func(n int) { buffer = binary.BigEndian.AppendUint64(buffer, uint64(n)) }
	text := func(s string) {
		number(len(s))
		buffer = append(buffer, s...)
	}
	text("anchorctl.batch/v1")
	text(r.Environment)
	text(r.Label)
	number(int(r.Lifetime))
	text(string(r.KeyType))
	number(len(r.Lines))
	for _, l := range r.Lines {
		text(l.Workload)
		text(l.Instance)
		number(int(l.Lifetime))
		text(string(l.KeyType))
		if l.digest == nil {
			number(0)
		} else {
			text(string(l.digest[:]))
		}
		h.Write(buffer) // never fails
		buffer = buffer[:0]
	}
	return hex.EncodeToString(h.Sum(nil))
}

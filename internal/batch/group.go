package batch

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"

	"anchorctl/internal/durable"
	"anchorctl/internal/hint"
	"anchorctl/internal/issuance"
	"anchorctl/internal/keys"
	"anchorctl/internal/pki"
	"anchorctl/internal/store"
)

// make makes keys and certificates on all cores, and writes the keys.
func (b *run) make(ctx context.Context, lines []int) ([]piece, error) {
	for k, i := range lines {
		if level := b.tree.level(i); level != "" && (k == 0 || b.tree.level(lines[k-1]) != level) {
			if _, err := b.group.Mkdir(b.tree.path(level), 0o700); err != nil {
				return nil, err
			}
		}
	}
	list := make([]piece, len(lines))
	err := each(len(lines), func(k int) error {
		i := lines[k]
		one, err := b.makeOne(ctx, i)
		if err != nil {
			return fmt.Errorf("line %d: %w", b.request.Lines[i].At, err)
		}
		list[k] = one
		return nil
	})
	return list, err
}

func (b *run) makeOne(ctx context.Context, i int) (piece, error) {
	l := b.request.Lines[i]
	grant, digest, err := b.request.grant(ctx, b.estate, l)
	if err == nil && digest != nil && *digest != *l.digest {
		err = fmt.Errorf("%q has changed since it was judged", l.CSR)
	}
	if err != nil {
		return piece{}, err
	}
	pub, err := b.key(i, l, grant)
	if err != nil {
		return piece{}, err
	}
	c, err := b.series.Issue(grant.Spec, pub)
	if err != nil {
		return piece{}, explained(err)
	}
	return piece{i: i, issued: store.Issued{
		Environment: grant.Spec.Environment, Workload: l.Workload, Instance: l.Instance,
		Generation: b.signer.Generation.Number, Serial: c.Serial, Certificate: c.DER, SPKI: c.KeyDigest,
		NotBefore: c.NotBefore.Unix(), NotAfter: c.NotAfter.Unix(), Batch: b.result.Batch, Line: i + 1, Requested: l.CSR != "",
	}}, nil
}

// key is the key of a line: that of its certificate request, one that a stopped
// run has left, or a new one, which is written.
func (b *run) key(i int, l Line, grant issuance.Grant) (crypto.PublicKey, error) {
	dir := b.tree.path(b.tree.folder(i, l))
	made, err := b.group.Mkdir(dir, 0o700)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, keyName)
	if !made {
		if err := refuseUnrecorded(filepath.Join(dir, certificateName)); err != nil {
			return nil, err
		}
	}
	if grant.Key != nil {
		return grant.Key, nil
	}
	if !made {
		pub, err := b.leftKey(path, grant)
		if err != nil || pub != nil {
			return pub, err
		}
	}
	key, err := keys.Generate(grant.KeyType)
	if err != nil {
		return nil, err
	}
	text, err := keys.EncodeWorkload(key)
	if err != nil {
		return nil, err
	}
	defer clear(text)
	return key.Public(), b.group.Write(path, text, 0o600)
}

// refuseUnrecorded: no run of ours has written a certificate that is not on
// record.
func refuseUnrecorded(path string) error {
	_, err := os.Lstat(path)
	if err == nil {
		err = hint.With(fmt.Errorf("%q is a certificate that is not recorded and stays as it is", path), away())
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func away() string { return "move the folder away and run this again" }

// leftKey is a key without a record: a run was stopped after it was written.
func (b *run) leftKey(path string, grant issuance.Grant) (crypto.PublicKey, error) {
	text, err := durable.Read(path, pki.MaxFile)
	defer clear(text)
	if err != nil || len(text) == 0 {
		return nil, err // a crash fell on its only write
	}
	key, err := keys.ParseWorkload(text)
	if err == nil {
		var kind keys.Type
		if kind, err = keys.TypeOf(key.Public()); err == nil && kind != grant.KeyType && !grant.AnyKey {
			err = fmt.Errorf("its type is %s, want %s", kind, grant.KeyType)
		}
	}
	if err != nil {
		return nil, hint.With(fmt.Errorf("%q is no key of this batch and stays as it is: %w", path, err), away())
	}
	b.group.Adopt(path)
	b.reused.Add(1)
	return key.Public(), nil
}

// record records a group.
func (b *run) record(ctx context.Context, list []piece) error {
	issued := make([]store.Issued, len(list))
	for k, p := range list {
		issued[k] = p.issued
	}
	err := issuance.Superseded(b.estate.Store.RecordIssued(ctx, issued...))
	if errors.Is(err, store.ErrExists) {
		err = hint.With(fmt.Errorf("%w: %w", &durable.BusyError{What: "another folder, of the same batch"}, err),
			"wait for it to end, and give its folder with --out to look at what it issued")
	}
	if errors.Is(err, store.ErrKeyUsed) {
		err = hint.With(err, "run the same command again, which judges every request anew")
	}
	if err == nil {
		b.result.Issued += len(list)
	}
	return err
}

// letOut writes the certificates of a group that is recorded.
func (b *run) letOut(list []piece) error {
	err := each(len(list), func(k int) error {
		i := list[k].i
		text := pki.EncodePEM(&x509.Certificate{Raw: list[k].issued.Certificate})
		return b.group.Write(b.tree.path(b.tree.folder(i, b.request.Lines[i]), certificateName), text, 0o600)
	})
	if err != nil {
		return err
	}
	for _, p := range list {
		if err := b.count(p.i, p.issued); err != nil {
			return err
		}
	}
	b.progress()
	return nil
}

// each calls do for 0 to n-1 on all cores, twice as many at a time because some
// wait for the file system, until one fails, and returns the error of the first
// that did.
func each(n int, do func(int) error) error {
	var next, failed atomic.Int64
	failed.Store(int64(n))
	errs := make([]error, n)
	var all sync.WaitGroup
	for range min(2*runtime.GOMAXPROCS(0), n) {
		all.Go(func() {
			for failed.Load() == int64(n) {
				k := int(next.Add(1)) - 1
				if k >= n {
					return
				}
				if errs[k] = do(k); errs[k] != nil {
					failed.Store(int64(k))
				}
			}
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

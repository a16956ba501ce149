package issuance

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"anchorctl/internal/durable"
	"anchorctl/internal/folder"
	"anchorctl/internal/hint"
	"anchorctl/internal/keys"
	"anchorctl/internal/pki"
	"anchorctl/internal/store"
)

// set is the files of one workload in a folder. The staged key is there from when
// a run begins until it is complete: giving it its name is the last step, so a
// staged key always means that a run was stopped.
type set struct {
	files                          durable.Files
	dir                            string
	key, staged, certificate, path string
}

// The names that AWS's helper and people are pointed to.
const (
	keyName         = "key.pem"
	stagedName      = ".key.pem.next"
	certificateName = "cert.pem"
	chainName       = "chain.pem"
)

// How long a second run for the same folder waits for the first.
const (
	lockPoll  = 100 * time.Millisecond
	lockTries = 300
)

// set is where the files of the workload lie.
func (w wanted) set(f *folder.Folder) set {
	return set{
		files:       f.Files,
		dir:         w.out,
		key:         filepath.Join(w.out, keyName),
		staged:      filepath.Join(w.out, stagedName),
		certificate: filepath.Join(w.out, certificateName),
		path:        filepath.Join(w.out, chainName),
	}
}

// openSet makes the folder, locks it, and refuses one that holds what is not ours
// to replace.
func openSet(ctx context.Context, f *folder.Folder, w wanted) (set, func() error, error) {
	s := w.set(f)
	if err := s.files.MkdirAll(s.dir, 0o700); err != nil {
		return set{}, nil, err
	}
	release, err := s.lock(ctx, f)
	if err != nil {
		return set{}, nil, err
	}
	if err := s.refuseForeign(ctx, f, w); err != nil {
		return set{}, nil, errors.Join(err, release())
	}
	return s, release, nil
}

func (s set) lock(ctx context.Context, f *folder.Folder) (func() error, error) {
	for range lockTries {
		release, held, err := s.files.TryLockFolder(s.dir)
		if err != nil {
			return nil, err
		}
		if held {
			return release, nil
		}
		if err := f.Clock.Wait(ctx, lockPoll); err != nil {
			return nil, err
		}
	}
	return nil, hint.With(fmt.Errorf("another run is writing to %q", s.dir), "wait for it to end, or name another folder with --out")
}

// refuseForeign: a certificate of somebody else, or a key that no record knows,
// is never replaced.
func (s set) refuseForeign(ctx context.Context, f *folder.Folder, w wanted) error {
	elsewhere := "name another folder with --out, or move the file away"
	text, err := read(s.certificate)
	if err != nil {
		return err
	}
	var here *x509.Certificate
	if text != nil {
		if here, err = pki.ParseOne(text); err != nil {
			return hint.With(fmt.Errorf("%q is not a certificate of ours and stays as it is: %w", s.certificate, err), elsewhere)
		}
		if !w.names(here) {
			return hint.With(fmt.Errorf("%q is the certificate of %q and stays as it is", s.certificate, here.Subject), elsewhere)
		}
	}
	text, err = read(s.key)
	defer clear(text)
	if err != nil || text == nil {
		return err
	}
	key, err := keys.ParseWorkload(text)
	if err != nil {
		return hint.With(fmt.Errorf("%q is not a key of ours and stays as it is: %w", s.key, err), elsewhere)
	}
	if here != nil && samePublic(here, key.Public()) {
		return nil // they belong together
	}
	record, found, err := issuedFor(ctx, f, key.Public())
	if err != nil {
		return err
	}
	if !found || record.Environment != w.spec.Environment || record.Workload != w.spec.Workload || record.Instance != w.spec.Instance {
		return hint.With(fmt.Errorf("%q is a private key that was not issued to %s and stays as it is", s.key, w.address()), elsewhere)
	}
	return nil
}

// made is a certificate and whether it was recorded before.
type made struct {
	path    []*x509.Certificate // verified, from the certificate to the root
	resumed bool
	notes   []string
}

func (m made) certificate() *x509.Certificate { return m.path[0] }

// complete takes up a run that was stopped, or begins one, and ends it.
func (w wanted) complete(ctx context.Context, f *folder.Folder, s signer, files set) (made, error) {
	m, err := w.resume(ctx, f, s, files)
	if err != nil {
		return made{}, err
	}
	if len(m.path) == 0 {
		key, staged, err := w.stage(files)
		if err != nil {
			return made{}, err
		}
		// Signing goes on while the disk works; the record waits for both.
		m.path, err = s.sign(w, key)
		if err := errors.Join(err, staged()); err != nil {
			return made{}, err
		}
		if err := s.record(ctx, f, w, m.certificate()); err != nil {
			return made{}, err
		}
	}
	return m, files.publish(m.certificate(), s)
}

// publish writes what belongs to the staged key and then gives that its name.
func (s set) publish(c *x509.Certificate, by signer) error {
	err := s.files.ReplaceAll(s.dir, 0o600,
		durable.File{Name: chainName, Data: pki.EncodePEM(by.parent.Certificate)},
		durable.File{Name: certificateName, Data: pki.EncodePEM(c)})
	if err != nil {
		return err
	}
	return s.files.Rename(s.staged, s.key)
}

// stage makes a key, unless a stopped run left one. staged returns when the key's
// file is durable.
func (w wanted) stage(files set) (pub crypto.PublicKey, staged func() error, err error) {
	key, err := files.stagedKey()
	if err != nil || key != nil {
		return key, func() error { return nil }, err
	}
	made, err := keys.Generate(w.keyType)
	if err != nil {
		return nil, nil, err
	}
	text, err := keys.EncodeWorkload(made)
	if err != nil {
		return nil, nil, err
	}
	done := make(chan error, 1)
	go func() {
		defer clear(text)
		done <- files.files.Create(files.staged, text, 0o600)
	}()
	return made.Public(), func() error { return <-done }, nil
}

// resume looks for a run that was stopped. When its certificate was recorded and
// still is what is wanted, that one is given out. A staged key that does not fit
// any more is dropped; without a record it is simply used.
func (w wanted) resume(ctx context.Context, f *folder.Folder, s signer, files set) (made, error) {
	key, err := files.stagedKey()
	if err != nil || key == nil {
		return made{}, err
	}
	record, found, err := issuedFor(ctx, f, key)
	if err != nil {
		return made{}, err
	}
	if !found {
		if kind, err := keys.TypeOf(key); err == nil && (w.anyKeyType || kind == w.keyType) {
			// Its writer may have been killed before it was durable.
			return made{}, files.files.Sync(files.staged)
		}
		return made{}, files.files.Remove(files.staged)
	}
	c, err := x509.ParseCertificate(record.Certificate)
	if err != nil {
		return made{}, fmt.Errorf("reading the recorded certificate %s: %w", record.Serial, err)
	}
	if path := w.fits(record, c, s); path != nil {
		return made{path: path, resumed: true}, nil
	}
	note := fmt.Sprintf("a stopped run had recorded certificate %s for %s, which is not what is wanted now; its key was removed unused",
		record.Serial, record.Environment+"/"+pki.WorkloadName(record.Workload, record.Instance))
	return made{notes: []string{note}}, files.files.Remove(files.staged)
}

// fits returns the path of a recorded certificate that this request could have
// got: same names, same issuer, valid, and not longer than asked for.
func (w wanted) fits(record store.Issued, c *x509.Certificate, s signer) []*x509.Certificate {
	kind, err := keys.TypeOf(c.PublicKey)
	if err != nil || !w.anyKeyType && kind != w.keyType {
		return nil
	}
	if record.Generation != s.generation.Number || !w.names(c) || !slices.Equal(c.DNSNames, w.spec.DNS) {
		return nil
	}
	if c.NotAfter.After(w.spec.Now.Add(w.spec.Lifetime)) {
		return nil
	}
	path, err := s.chain(c, w.spec.Now)
	if err != nil {
		return nil
	}
	return path
}

// names reports whether a certificate bears the workload's names.
func (w wanted) names(c *x509.Certificate) bool {
	uri := pki.WorkloadURI(w.spec.Environment, w.spec.TrustDomain, w.spec.Workload)
	return c.Subject.CommonName == pki.WorkloadName(w.spec.Workload, w.spec.Instance) &&
		len(c.URIs) == 1 && c.URIs[0].String() == uri
}

func (s set) stagedKey() (crypto.PublicKey, error) {
	text, err := read(s.staged)
	defer clear(text)
	if err != nil || text == nil {
		return nil, err
	}
	key, err := keys.ParseWorkload(text)
	if err != nil {
		return nil, hint.With(fmt.Errorf("reading %q: %w", s.staged, err), fmt.Sprintf("remove %q and try again", s.staged))
	}
	return key.Public(), nil
}

func issuedFor(ctx context.Context, f *folder.Folder, pub crypto.PublicKey) (store.Issued, bool, error) {
	digest, err := pki.DigestOfKey(pub)
	if err != nil {
		return store.Issued{}, false, err
	}
	return f.Store.IssuedBySPKI(ctx, digest)
}

func samePublic(c *x509.Certificate, pub crypto.PublicKey) bool {
	key, ok := pub.(interface{ Equal(crypto.PublicKey) bool })
	return ok && key.Equal(c.PublicKey)
}

// read is a small file's content, nil when it is not there.
func read(path string) ([]byte, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(file, pki.MaxFile+1))
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, fmt.Errorf("reading %q: %w", path, err)
	}
	if text == nil {
		text = []byte{}
	}
	return text, nil
}

package issuance

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"anchorctl/internal/durable"
	"anchorctl/internal/folder"
	"anchorctl/internal/hint"
	"anchorctl/internal/keys"
	"anchorctl/internal/pki"
	"anchorctl/internal/store"
)

// made is a certificate and whether it was recorded before.
type made struct {
	path    []*x509.Certificate // verified, from the certificate to the root
	resumed bool
	notes   []string
}

func (m made) certificate() *x509.Certificate { return m.path[0] }

// complete takes up a run that was stopped, or begins one, and ends it.
func (w wanted) complete(ctx context.Context, f *folder.Folder, s signer, files set) (made, error) {
	if w.csr != nil {
		m, err := w.certify(ctx, f, s)
		if err != nil {
			return made{}, err
		}
		return m, files.publish(m.certificate(), s, false)
	}
	m, key, err := w.resume(ctx, f, s, files)
	if err != nil {
		return made{}, err
	}
	if len(m.path) == 0 {
		staged := func() error { return nil }
		if key == nil {
			if key, staged, err = w.stage(files); err != nil {
				return made{}, err
			}
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
	return m, files.publish(m.certificate(), s, true)
}

// publish writes what belongs to the key. A staged key then gets its name, or
// goes where it is part of the one file.
func (s set) publish(c *x509.Certificate, by signer, staged bool) error {
	certificate, chain := pki.EncodePEM(c), pki.EncodePEM(by.parent.Certificate)
	if s.form.format == FormatCombined {
		return s.publishCombined(slices.Concat(certificate, chain), staged)
	}
	err := s.put(durable.File{Name: chainName, Data: chain}, durable.File{Name: certificateName, Data: certificate})
	if err != nil || !staged {
		return err
	}
	return s.files.Rename(s.staged, s.key)
}

// put makes files of the folder hold what they are to hold. One that does already
// is left alone: its content was durable before it got its name, and the name
// becomes so with the folder.
func (s set) put(files ...durable.File) error {
	var changed []durable.File
	for _, file := range files {
		same, err := holds(filepath.Join(s.dir, file.Name), file.Data)
		if err != nil {
			return err
		}
		if !same {
			changed = append(changed, file)
		}
	}
	if len(changed) == 0 {
		return s.files.Sync(filepath.Join(s.dir, files[0].Name))
	}
	return s.files.ReplaceAll(s.dir, 0o600, changed...)
}

// holds reports whether a file is already what it is to become.
func holds(path string, want []byte) (bool, error) {
	info, err := os.Lstat(path)
	if err != nil || info.Mode() != 0o600 || info.Size() != int64(len(want)) {
		return false, nil // it is written, and whoever writes it finds out what is wrong
	}
	text, err := durable.Read(path, pki.MaxFile)
	return bytes.Equal(text, want), err
}

func (s set) publishCombined(certificates []byte, staged bool) error {
	if !staged {
		return s.put(durable.File{Name: combinedName, Data: certificates})
	}
	key, err := durable.Read(s.staged, pki.MaxFile)
	if err != nil {
		return err
	}
	defer clear(key)
	text := slices.Concat(key, certificates)
	defer clear(text)
	if err := s.files.Replace(s.key, text, 0o600); err != nil {
		return err
	}
	return s.files.Remove(s.staged)
}

// stage makes a key. staged returns when the key's file is durable.
func (w wanted) stage(files set) (pub crypto.PublicKey, staged func() error, err error) {
	made, err := keys.Generate(w.keyType)
	if err != nil {
		return nil, nil, err
	}
	text, err := files.form.encode(made)
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
// any more is dropped; without a record, it is returned to be used.
func (w wanted) resume(ctx context.Context, f *folder.Folder, s signer, files set) (made, crypto.PublicKey, error) {
	key, err := files.stagedKey()
	if err != nil || key == nil {
		return made{}, nil, err
	}
	record, found, err := issuedFor(ctx, f, key)
	if err != nil {
		return made{}, nil, err
	}
	if !found {
		if kind, err := keys.TypeOf(key); err == nil && (w.anyKeyType || kind == w.keyType) {
			// Its writer may have been killed before it was durable.
			return made{}, key, files.files.Sync(files.staged)
		}
		return made{}, nil, files.files.Remove(files.staged)
	}
	path, err := w.recorded(record, s)
	if err != nil {
		return made{}, nil, err
	}
	if path != nil {
		return made{path: path, resumed: true}, nil, nil
	}
	note := fmt.Sprintf("a stopped run had recorded certificate %s for %s, which is not what is wanted now; its key was removed unused",
		record.Serial, nameOf(record))
	return made{notes: []string{note}}, nil, files.files.Remove(files.staged)
}

func nameOf(r store.Issued) string {
	return r.Environment + "/" + pki.WorkloadName(r.Workload, r.Instance)
}

// recorded is the path of a recorded certificate, if that is what is wanted.
func (w wanted) recorded(record store.Issued, s signer) ([]*x509.Certificate, error) {
	c, err := x509.ParseCertificate(record.Certificate)
	if err != nil {
		return nil, fmt.Errorf("reading the recorded certificate %s: %w", record.Serial, err)
	}
	return w.fits(record, c, s), nil
}

// fits returns the path of a recorded certificate that this request could have
// got: same names, issuer and distribution point, valid, not revoked, and not longer than asked for.
func (w wanted) fits(record store.Issued, c *x509.Certificate, s signer) []*x509.Certificate {
	kind, err := keys.TypeOf(c.PublicKey)
	if err != nil || !w.anyKeyType && kind != w.keyType {
		return nil
	}
	if record.Revoked != nil || record.Generation != s.generation.Number || !w.names(c) || !slices.Equal(c.DNSNames, w.spec.DNS) {
		return nil
	}
	if c.NotAfter.After(w.spec.Now.Add(w.spec.Lifetime)) || !slices.Equal(c.CRLDistributionPoints, s.points()) {
		return nil
	}
	path, err := s.chain(c, w.spec.Now)
	if err != nil {
		return nil
	}
	return path
}

// stagedKey is the public key of what a stopped run staged. One that was staged
// in another form is given this one, as its file becomes the key's.
func (s set) stagedKey() (crypto.PublicKey, error) {
	text, err := durable.Read(s.staged, pki.MaxFile)
	defer clear(text)
	if err != nil || text == nil {
		return nil, err
	}
	key, err := s.form.parse(text)
	if err != nil {
		return nil, hint.With(fmt.Errorf("reading %q, which a stopped run left: %w", s.staged, err), fmt.Sprintf("or remove %q and try again", s.staged))
	}
	if s.form.own(text) {
		return key.Public(), nil
	}
	again, err := s.form.encode(key)
	if err != nil {
		return nil, err
	}
	defer clear(again)
	return key.Public(), s.files.Replace(s.staged, again, 0o600)
}

package issuance

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"anchorctl/internal/durable"
	"anchorctl/internal/folder"
	"anchorctl/internal/hint"
	"anchorctl/internal/pki"
	"anchorctl/internal/store"
)

// set is the files of one workload in a folder. The staged key is there from when
// a run begins until it is complete: giving it its name is the last step, so a
// staged key always means that a run was stopped.
type set struct {
	files                          durable.Files
	dir                            string
	form                           form
	key, staged, certificate, path string
}

// How long a second run for the same folder waits for the first.
const (
	lockPoll  = 100 * time.Millisecond
	lockTries = 300
)

// set is where the files of the workload lie.
func (w wanted) set(f *folder.Folder) set {
	s := set{files: f.Files, dir: w.out, form: w.form, staged: filepath.Join(w.out, stagedName)}
	s.key, s.certificate, s.path = w.form.names(w.out)
	return s
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
	err = s.refuseOtherForm()
	if err == nil {
		err = s.refuseForeign(ctx, f, w)
	}
	if err != nil {
		return set{}, nil, errors.Join(err, release())
	}
	return s, release, nil
}

// refuseOtherForm: of one file and of three in the same folder, nobody could tell
// which its host reads, and so which is to be renewed.
func (s set) refuseOtherForm() error {
	other := combinedName
	if s.form.format == FormatCombined {
		other = certificateName
	}
	path := filepath.Join(s.dir, other)
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	return hint.With(fmt.Errorf("%q holds %s: beside it, nobody could tell which of the two its host reads", s.dir, other),
		"name another folder with --out", "or remove what lies there, when nobody reads it any more")
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
	return nil, hint.With(&durable.BusyError{What: strconv.Quote(s.dir)}, "wait for it to end, or name another folder with --out")
}

// refuseForeign: a certificate of somebody else, or a key that no record knows,
// is never replaced.
func (s set) refuseForeign(ctx context.Context, f *folder.Folder, w wanted) error {
	elsewhere := "name another folder with --out, or move the file away"
	here, text, err := s.present()
	defer clear(text)
	if err != nil {
		return hint.With(err, elsewhere)
	}
	if here != nil && !w.names(here) {
		return hint.With(fmt.Errorf("%q is the certificate of %q and stays as it is", s.certificate, here.Subject), elsewhere)
	}
	if text == nil {
		return nil
	}
	key, err := s.form.parse(text)
	if w.csr != nil {
		return s.refuseOtherKey(w, key)
	}
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
	if !found || !w.owns(record) {
		return hint.With(fmt.Errorf("%q is a private key that was not issued to %s and stays as it is", s.key, w.address()), elsewhere)
	}
	return nil
}

// refuseOtherKey: the certificate of a request does not come to lie beside the
// key of another, and no key is overwritten.
func (s set) refuseOtherKey(w wanted, key crypto.Signer) error {
	switch {
	case s.form.format == FormatCombined:
		return hint.With(fmt.Errorf("%q holds a private key and stays as it is", s.key), "name another folder with --out")
	case key != nil && !sameKeys(key.Public(), w.csr.Key):
		return hint.With(fmt.Errorf("%q is not the key of the request", s.key), "name another folder with --out")
	}
	return nil // it is the request's, or none that can be read here
}

// present is what lies in the folder already: certificate and key, as far as
// they are there.
func (s set) present() (*x509.Certificate, []byte, error) {
	text, err := durable.Read(s.certificate, pki.MaxFile)
	if err != nil {
		return nil, nil, err
	}
	if s.form.format == FormatCombined {
		defer clear(text)
		if text == nil {
			return nil, nil, nil
		}
		key, certificates, err := ParseCombined(text)
		if err != nil {
			return nil, nil, fmt.Errorf("%q is no file of ours and stays as it is: %w", s.certificate, err)
		}
		return certificates[0], key, nil
	}
	var here *x509.Certificate
	if text != nil {
		if here, err = pki.ParseOne(text); err != nil {
			return nil, nil, fmt.Errorf("%q is not a certificate of ours and stays as it is: %w", s.certificate, err)
		}
	}
	key, err := durable.Read(s.key, pki.MaxFile)
	return here, key, err
}

// names reports whether a certificate bears the workload's names.
func (w wanted) names(c *x509.Certificate) bool {
	uri := pki.WorkloadURI(w.spec.Environment, w.spec.TrustDomain, w.spec.Workload)
	return c.Subject.CommonName == pki.WorkloadName(w.spec.Workload, w.spec.Instance) &&
		len(c.URIs) == 1 && c.URIs[0].String() == uri
}

// owns reports whether a record is that of the workload, and of its instance.
func (w wanted) owns(r store.Issued) bool {
	return r.Environment == w.spec.Environment && r.Workload == w.spec.Workload && r.Instance == w.spec.Instance
}

func issuedFor(ctx context.Context, f *folder.Folder, pub crypto.PublicKey) (store.Issued, bool, error) {
	digest, err := pki.DigestOfKey(pub)
	if err != nil {
		return store.Issued{}, false, err
	}
	return f.Store.IssuedBySPKI(ctx, digest)
}

func samePublic(c *x509.Certificate, pub crypto.PublicKey) bool { return sameKeys(pub, c.PublicKey) }

func sameKeys(a, b crypto.PublicKey) bool {
	key, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && key.Equal(b)
}

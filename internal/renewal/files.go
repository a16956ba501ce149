package renewal

import (
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"anchorctl/internal/durable"
	"anchorctl/internal/issuance"
	"anchorctl/internal/keys"
	"anchorctl/internal/pki"
	"anchorctl/internal/sigx509"
)

// What lies in a workload's folder beside the files that its host reads.
const (
	makingName = ".renewal" // the folder of a set that is being made and tried
	readyName  = ".renewed" // the same folder once it is decided: its files take the others' place
	pushedName = ".pushed"  // the serial of the certificate that was pushed last
)

// place is the folder of a workload's files.
type place struct {
	files durable.Files
	dir   string
}

func (p place) path(name string) string { return filepath.Join(p.dir, name) }
func (p place) making() string          { return p.path(makingName) }
func (p place) ready() string           { return p.path(readyName) }

// decide makes the new set the one that counts, and puts its files in place.
func (p place) decide() error {
	if err := p.files.Rename(p.making(), p.ready()); err != nil {
		return err
	}
	_, err := p.finish()
	return err
}

// finish completes what was decided: a run may have been stopped among its
// renames. It reports whether there was anything to complete.
func (p place) finish() (bool, error) {
	entries, err := os.ReadDir(p.ready())
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	fits, err := p.fits()
	if err != nil {
		return false, err
	}
	if !fits {
		return false, p.discard(p.ready())
	}
	if err := p.files.MoveAll(p.ready(), p.dir, inOrder(entries)...); err != nil {
		return false, err
	}
	return true, p.discard(p.ready())
}

// inOrder are the names of a set's files, certificate and key last and side by
// side: what lies between those two renames is the only time when a reader can
// find a certificate that is not its key's.
func inOrder(entries []fs.DirEntry) []string {
	var others, pair []string
	for _, e := range entries {
		switch name := e.Name(); {
		case !e.Type().IsRegular() || strings.HasPrefix(name, "."):
		case name == issuance.CertificateFile || name == issuance.KeyFile:
			pair = append(pair, name) // ReadDir sorts: the certificate comes first
		default:
			others = append(others, name)
		}
	}
	return append(others, pair...)
}

// fits reports whether what is ready still belongs here: certificate and key
// will match when all is moved, and nobody has issued a newer set since.
func (p place) fits() (bool, error) {
	next, err := readCertificate(filepath.Join(p.ready(), issuance.CertificateFile))
	if err != nil {
		return false, err
	}
	here, err := readCertificate(p.path(issuance.CertificateFile))
	if err != nil {
		return false, err
	}
	if next != nil && here != nil && here.NotBefore.After(next.NotBefore) {
		return false, nil
	}
	if next == nil {
		next = here
	}
	key, err := readPublic(filepath.Join(p.ready(), issuance.KeyFile))
	if err == nil && key == nil {
		key, err = readPublic(p.path(issuance.KeyFile))
	}
	return err == nil && next != nil && key != nil && samePublic(next, key), err
}

// discard removes a folder of ours and what is in it.
func (p place) discard(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
			return fmt.Errorf("clearing %q: %w", dir, err)
		}
	}
	return p.files.Remove(dir)
}

// pushed is the serial that was pushed last, and whether pushes are kept account
// of here at all.
func (p place) pushed() (serial string, kept bool, err error) {
	text, err := read(p.path(pushedName))
	return strings.TrimSpace(string(text)), text != nil, err
}

// notePushed keeps account of a push.
func (p place) notePushed(serial string) error {
	return p.files.Replace(p.path(pushedName), []byte(serial+"\n"), 0o600)
}

// signer is the certificate and the key of a folder.
func signer(dir string) (sigx509.Signer, error) {
	var s sigx509.Signer
	text, err := read(filepath.Join(dir, issuance.KeyFile))
	defer clear(text)
	if err != nil {
		return s, err
	}
	if s.Key, err = keys.ParseWorkload(text); err != nil {
		return s, err
	}
	s.Certificate, err = readCertificate(filepath.Join(dir, issuance.CertificateFile))
	return s, err
}

// readCertificate is nil without an error when there is none.
func readCertificate(path string) (*x509.Certificate, error) {
	text, err := read(path)
	if err != nil || text == nil {
		return nil, err
	}
	c, err := pki.ParseOne(text)
	if err != nil {
		return nil, fmt.Errorf("reading certificate %q: %w", path, err)
	}
	return c, nil
}

// readPublic is nil without an error when there is no key.
func readPublic(path string) (crypto.PublicKey, error) {
	text, err := read(path)
	defer clear(text)
	if err != nil || text == nil {
		return nil, err
	}
	key, err := keys.ParseWorkload(text)
	if err != nil {
		return nil, fmt.Errorf("reading private key %q: %w", path, err)
	}
	return key.Public(), nil
}

func samePublic(c *x509.Certificate, pub crypto.PublicKey) bool {
	key, ok := pub.(interface{ Equal(crypto.PublicKey) bool })
	return ok && key.Equal(c.PublicKey)
}

// read is a small file's content, nil when it is not there.
func read(path string) (text []byte, err error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if text, err = pki.ReadBounded(file, pki.MaxFile); err != nil {
		return nil, fmt.Errorf("reading %q: %w", path, err)
	}
	return text, nil
}

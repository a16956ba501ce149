package renewal

import (
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"anchorctl/internal/hint"
	"anchorctl/internal/issuance"
	"anchorctl/internal/keys"
	"anchorctl/internal/pki"
	"anchorctl/internal/sigx509"
)

// errSealed says that a key cannot be used without somebody who types.
var errSealed = errors.New("its key is encrypted")

// formOf is the form in which a folder holds a certificate; "" when it holds none.
func formOf(dir string) (issuance.Format, error) {
	files, err := exists(filepath.Join(dir, issuance.CertificateFile))
	if err != nil {
		return "", err
	}
	combined, err := exists(filepath.Join(dir, issuance.CombinedFile))
	switch {
	case err != nil:
		return "", err
	case files && combined:
		return "", hint.With(fmt.Errorf("%q holds %s and %s: which of them its host reads is not known", dir, issuance.CertificateFile, issuance.CombinedFile),
			"remove the one that nobody reads, or issue each into a folder of its own")
	case files:
		return issuance.FormatPEM, nil
	case combined:
		return issuance.FormatCombined, nil
	}
	return "", nil
}

func exists(path string) (bool, error) {
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// texts are what a folder holds of a certificate and its key, in either form.
func texts(dir string) (key, certificate []byte, err error) {
	if key, err = read(filepath.Join(dir, issuance.KeyFile)); err != nil {
		return nil, nil, err
	}
	certificate, err = read(filepath.Join(dir, issuance.CertificateFile))
	if err != nil || key != nil || certificate != nil {
		return key, certificate, err
	}
	both, err := read(filepath.Join(dir, issuance.CombinedFile))
	defer clear(both)
	if err != nil || both == nil {
		return nil, nil, err
	}
	key, certificates, err := issuance.ParseCombined(both)
	if err != nil {
		return nil, nil, err
	}
	return key, pki.EncodePEM(certificates[0]), nil
}

// signer is the certificate and the key of a folder; either is nil when it is not
// there.
func signer(dir string) (sigx509.Signer, error) {
	var s sigx509.Signer
	key, certificate, err := texts(dir)
	defer clear(key)
	switch {
	case err != nil:
		return s, fmt.Errorf("reading the files in %q: %w", dir, err)
	case keys.Sealed(key):
		return s, errSealed
	}
	if certificate != nil {
		if s.Certificate, err = pki.ParseOne(certificate); err != nil {
			return s, torn("certificate", dir, err)
		}
	}
	if key != nil {
		if s.Key, err = keys.ParseWorkload(key); err != nil {
			return s, torn("private key", dir, err)
		}
	}
	return s, nil
}

// certificateIn is nil without an error when there is none.
func certificateIn(dir string) (*x509.Certificate, error) {
	key, certificate, err := texts(dir)
	clear(key)
	if err != nil || certificate == nil {
		return nil, err
	}
	c, err := pki.ParseOne(certificate)
	if err != nil {
		return nil, torn("certificate", dir, err)
	}
	return c, nil
}

// torn is the error of a file that no run of ours has left like that: none
// replaces it, since nobody knows what it was.
func torn(what, dir string, err error) error {
	return hint.With(fmt.Errorf("reading the %s in %q: %w", what, dir, err),
		`move the folder away, and run "anchorctl issue ENV/WORKLOAD", with --out where the files do not lie below out/`)
}

// publicIn is nil without an error when there is no key.
func publicIn(dir string) (crypto.PublicKey, error) {
	s, err := signer(dir)
	if err != nil || s.Key == nil {
		return nil, err
	}
	return s.Key.Public(), nil
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

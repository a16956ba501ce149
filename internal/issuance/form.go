package issuance

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"anchorctl/internal/hint"
	"anchorctl/internal/keys"
	"anchorctl/internal/pki"
)

// Format is the form in which key and certificate are given out.
type Format string

// The formats.
const (
	FormatPEM       Format = "pem"       // key.pem, cert.pem and chain.pem
	FormatCombined  Format = "combined"  // combined.pem: key, certificate and chain
	FormatEncrypted Format = "encrypted" // like pem, the key as PKCS#8 under a passphrase
)

// ParseFormat reads the name of a format.
func ParseFormat(text string) (Format, error) {
	for _, f := range []Format{FormatPEM, FormatCombined, FormatEncrypted} {
		if text == string(f) {
			return f, nil
		}
	}
	return "", fmt.Errorf("reading format %q: there are %s, %s and %s", text, FormatPEM, FormatCombined, FormatEncrypted)
}

// The names that AWS's helper and people are pointed to.
const (
	keyName         = "key.pem"
	stagedName      = ".key.pem.next"
	certificateName = "cert.pem"
	chainName       = "chain.pem"
	combinedName    = "combined.pem"
)

// form is a format, and what it needs to write and read a key.
type form struct {
	format     Format
	passphrase []byte // of encrypted
}

// openForm asks for what the format needs, before anything is made.
func openForm(ctx context.Context, r Request) (form, error) {
	f := form{format: r.Format}
	if f.format == "" {
		f.format = FormatPEM
	}
	if f.format != FormatEncrypted {
		return f, nil
	}
	if r.CSR != nil {
		return form{}, errors.New("with a request, there is no key here that could be encrypted")
	}
	if r.Passphrase == nil {
		return form{}, errors.New("there is no passphrase for the key")
	}
	var err error
	f.passphrase, err = r.Passphrase(ctx)
	return f, err
}

// encode is a key as this form writes it.
func (f form) encode(key crypto.Signer) ([]byte, error) {
	if f.format == FormatEncrypted {
		return keys.EncodeWorkloadSealed(key, f.passphrase)
	}
	return keys.EncodeWorkload(key)
}

// parse reads a key that any form wrote, as far as this one can open it.
func (f form) parse(text []byte) (crypto.Signer, error) {
	switch {
	case !keys.Sealed(text):
		return keys.ParseWorkload(text)
	case f.format == FormatEncrypted:
		return keys.ParseWorkloadSealed(text, f.passphrase)
	}
	return nil, hint.With(errors.New("the key is encrypted"), `add "--format encrypted" and its passphrase`)
}

// own reports whether a key's text has this form.
func (f form) own(text []byte) bool { return keys.Sealed(text) == (f.format == FormatEncrypted) }

// names are the files of a form in a folder.
func (f form) names(dir string) (key, certificate, chain string) {
	if f.format == FormatCombined {
		all := filepath.Join(dir, combinedName)
		return all, all, all
	}
	return filepath.Join(dir, keyName), filepath.Join(dir, certificateName), filepath.Join(dir, chainName)
}

// ParseCombined reads a combined file: at most one private key, whose text it
// returns, and at least one certificate, the workload's first.
func ParseCombined(text []byte) (key []byte, certificates []*x509.Certificate, err error) {
	rest := text
	for {
		block, after := pem.Decode(rest)
		if block == nil {
			break
		}
		rest = after
		switch {
		case block.Type == "CERTIFICATE":
			c, err := pki.ParseDER(block.Bytes)
			if err != nil {
				return nil, nil, err
			}
			certificates = append(certificates, c)
		case strings.HasSuffix(block.Type, "PRIVATE KEY") && key == nil:
			key = pem.EncodeToMemory(block)
			clear(block.Bytes)
		default:
			return nil, nil, fmt.Errorf("reading combined file: it holds a block %q", block.Type)
		}
	}
	if len(certificates) == 0 || len(bytes.TrimSpace(rest)) > 0 {
		return nil, nil, errors.New("reading combined file: want a private key and certificates, and nothing else")
	}
	return key, certificates, nil
}

package keys

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"go.step.sm/crypto/pemutil"
)

// EncodeWorkload is the key as an unencrypted PKCS#8 PEM file: what a workload's
// host holds, and AWS's helper reads. The caller writes it with mode 0600.
func EncodeWorkload(key crypto.Signer) ([]byte, error) {
	if k, ok := key.(Key); ok {
		return nil, fmt.Errorf("encoding key %q: it is the estate's and stays encrypted", k.URI)
	}
	// pemutil prints a key of a kind it does not know into its error.
	known, err := usable(key)
	if err != nil {
		return nil, fmt.Errorf("encoding workload key: %w", err)
	}
	block, err := pemutil.Serialize(known, pemutil.WithPKCS8(true))
	if err != nil {
		return nil, fmt.Errorf("encoding workload key: %w", err)
	}
	defer clear(block.Bytes)
	return pem.EncodeToMemory(block), nil
}

// ParseWorkload reads the private key of a workload from PEM: PKCS#8, SEC1 or
// PKCS#1, unencrypted, one key and nothing else.
func ParseWorkload(text []byte) (crypto.Signer, error) {
	key, err := parseWorkload(text)
	if err != nil {
		return nil, fmt.Errorf("reading workload key: %w", err)
	}
	return key, nil
}

func parseWorkload(text []byte) (crypto.Signer, error) {
	if len(text) > maxKeyFile {
		return nil, fmt.Errorf("more than %d bytes", maxKeyFile)
	}
	block, rest := pem.Decode(text)
	// openssl ecparam -genkey writes the curve before the key.
	if block != nil && block.Type == "EC PARAMETERS" {
		text = rest
		block, rest = pem.Decode(text)
	}
	if block == nil {
		return nil, errors.New("there is no PEM block")
	}
	defer clear(block.Bytes)
	if len(trim(rest)) > 0 {
		return nil, fmt.Errorf("something follows the PEM block %q; want one private key and nothing else", block.Type)
	}
	if err := admit(block); err != nil {
		return nil, err
	}
	key, err := pemutil.Parse(text)
	if err != nil {
		return nil, err
	}
	return usable(key)
}

// admit keeps from pemutil what it would read and we do not take: certificates,
// public keys, keys of OpenSSH, Nebula and cosign, and encrypted keys, for which
// it would ask.
func admit(block *pem.Block) error {
	switch {
	case block.Type == pemSealed || strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED"):
		return errors.New("the key is encrypted; a workload's key file is not")
	case block.Type == "PRIVATE KEY", block.Type == "EC PRIVATE KEY", block.Type == "RSA PRIVATE KEY":
		return nil
	case strings.HasSuffix(block.Type, "CERTIFICATE"):
		return errors.New("it is a certificate, not a private key")
	default:
		return fmt.Errorf("a PEM block %q is not a private key that can be read", block.Type)
	}
}

// usable: what CreateSession takes
// (https://docs.aws.amazon.com/rolesanywhere/latest/userguide/authentication-sign-process.html).
func usable(key any) (crypto.Signer, error) {
	switch k := key.(type) {
	case *ecdsa.PrivateKey:
		if k.Curve == elliptic.P224() {
			return nil, errors.New("the key is on curve P-224; want P-256 or larger")
		}
		return k, nil
	case *rsa.PrivateKey:
		if k.N.BitLen() < 2048 {
			return nil, fmt.Errorf("the RSA key has %d bits; want at least 2048", k.N.BitLen())
		}
		return k, nil
	default:
		return nil, fmt.Errorf("a key of type %T cannot sign for a session; want ECDSA or RSA", key)
	}
}

func trim(text []byte) []byte { return bytes.Trim(text, " \t\r\n") }

package keys

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

const pemPlain = "PRIVATE KEY"

// EncodeWorkload is the key as an unencrypted PKCS#8 PEM file: what a workload's
// host holds, and AWS's helper reads. The caller writes it with mode 0600.
func EncodeWorkload(key crypto.Signer) ([]byte, error) {
	if k, ok := key.(Key); ok {
		return nil, fmt.Errorf("encoding key %q: it is the estate's and stays encrypted", k.URI)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encoding workload key: %w", err)
	}
	defer clear(der)
	return pem.EncodeToMemory(&pem.Block{Type: pemPlain, Bytes: der}), nil
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
		block, rest = pem.Decode(rest)
	}
	if block == nil {
		return nil, errors.New("there is no PEM block")
	}
	if len(trim(rest)) > 0 {
		return nil, fmt.Errorf("something follows the PEM block %q; want one private key and nothing else", block.Type)
	}
	key, err := parseBlock(block)
	if err != nil {
		return nil, err
	}
	return usable(key)
}

func parseBlock(block *pem.Block) (any, error) {
	defer clear(block.Bytes)
	switch {
	case block.Type == pemSealed || strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED"):
		return nil, errors.New("the key is encrypted; a workload's key file is not")
	case block.Type == pemPlain:
		return x509.ParsePKCS8PrivateKey(block.Bytes)
	case block.Type == "EC PRIVATE KEY":
		return x509.ParseECPrivateKey(block.Bytes)
	case block.Type == "RSA PRIVATE KEY":
		return x509.ParsePKCS1PrivateKey(block.Bytes)
	case strings.HasSuffix(block.Type, "CERTIFICATE"):
		return nil, errors.New("it is a certificate, not a private key")
	default:
		return nil, fmt.Errorf("a PEM block %q is not a private key that can be read", block.Type)
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

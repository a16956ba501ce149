package keys

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

// EncodeWorkloadSealed is the key as an encrypted PKCS#8 PEM file, under a
// passphrase that is stretched like a person's.
func EncodeWorkloadSealed(key crypto.Signer, passphrase []byte) ([]byte, error) {
	text, err := encodeSealed(key, passphrase)
	if err != nil {
		return nil, fmt.Errorf("encoding workload key: %w", err)
	}
	return text, nil
}

func encodeSealed(key crypto.Signer, passphrase []byte) ([]byte, error) {
	if k, ok := key.(Key); ok {
		return nil, fmt.Errorf("%q is the estate's and leaves it in no form", k.URI)
	}
	known, err := usable(key)
	if err != nil {
		return nil, err
	}
	if len(passphrase) == 0 {
		return nil, errors.New("the passphrase is empty")
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(known)
	if err != nil {
		return nil, err
	}
	defer clear(pkcs8)
	block, err := seal(pkcs8, passphrase)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(block), nil
}

// ParseWorkloadSealed reads what EncodeWorkloadSealed made.
func ParseWorkloadSealed(text, passphrase []byte) (crypto.Signer, error) {
	if len(text) > maxKeyFile {
		return nil, fmt.Errorf("reading workload key: more than %d bytes", maxKeyFile)
	}
	key, err := unseal(text, passphrase)
	if errors.Is(err, errOpening) {
		err = ErrWrongPassphrase
	}
	if err == nil {
		key, err = usable(key)
	}
	if err != nil {
		return nil, fmt.Errorf("reading workload key: %w", err)
	}
	return key, nil
}

// Sealed reports whether text is an encrypted PKCS#8 PEM file.
func Sealed(text []byte) bool {
	block, _ := pem.Decode(text)
	return block != nil && block.Type == pemSealed
}

package keys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"fmt"
	"strings"

	"go.step.sm/crypto/keyutil"
)

// Type is a kind of key.
type Type string

// The kinds of keys that are made.
const (
	P256    Type = "ecdsa-p256"
	P384    Type = "ecdsa-p384"
	RSA2048 Type = "rsa-2048"
	RSA3072 Type = "rsa-3072"
	RSA4096 Type = "rsa-4096"
)

// Types are all kinds of keys, the quickest first.
func Types() []Type { return []Type{P256, P384, RSA2048, RSA3072, RSA4096} }

// ParseType reads the name of a type.
func ParseType(text string) (Type, error) {
	var names []string
	for _, t := range Types() {
		if text == string(t) {
			return t, nil
		}
		names = append(names, string(t))
	}
	return "", fmt.Errorf("reading key type %q: there are %s", text, strings.Join(names, ", "))
}

// Generate makes a key.
func Generate(t Type) (crypto.Signer, error) {
	key, err := generate(t)
	if err != nil {
		return nil, fmt.Errorf("generating key of type %q: %w", t, err)
	}
	return key, nil
}

func generate(t Type) (crypto.Signer, error) {
	switch t {
	case P256:
		return keyutil.GenerateSigner("EC", "P-256", 0)
	case P384:
		return keyutil.GenerateSigner("EC", "P-384", 0)
	case RSA2048:
		return keyutil.GenerateSigner("RSA", "", 2048)
	case RSA3072:
		return keyutil.GenerateSigner("RSA", "", 3072)
	case RSA4096:
		return keyutil.GenerateSigner("RSA", "", 4096)
	default:
		_, err := ParseType(string(t))
		return nil, err
	}
}

// TypeOf is the type of a public key; of a key that is none of ours it is an
// error that says what it is.
func TypeOf(pub crypto.PublicKey) (Type, error) {
	name := fmt.Sprintf("%T", pub)
	switch k := pub.(type) {
	case *ecdsa.PublicKey:
		name = fmt.Sprintf("ecdsa-p%d", k.Curve.Params().BitSize)
	case *rsa.PublicKey:
		name = fmt.Sprintf("rsa-%d", k.N.BitLen())
	}
	return ParseType(name)
}

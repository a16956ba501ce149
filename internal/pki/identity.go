package pki

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"

	"anchorctl/internal/signature"
)

// SameKey reports whether whoever holds the private key of one certificate
// holds that of the other: an RSA modulus with whatever exponent and under
// whatever label, a point on a curve with whatever sign.
func SameKey(a, b *x509.Certificate) bool { return bytes.Equal(identity(a), identity(b)) }

// Carries reports whether whoever holds the private key of the certificate holds
// that of pub.
func Carries(c *x509.Certificate, pub crypto.PublicKey) bool {
	return bytes.Equal(identity(c), identityOf(pub))
}

// identity is what two certificates have in common if one private key serves
// both.
func identity(c *x509.Certificate) []byte {
	if id := identityOf(signature.KeyOf(c)); id != nil {
		return id
	}
	return append([]byte("spki:"), SPKI(c)...)
}

func identityOf(pub crypto.PublicKey) []byte {
	switch key := pub.(type) {
	case *rsa.PublicKey:
		return append([]byte("rsa:"), key.N.Bytes()...)
	case *ecdsa.PublicKey:
		if point, err := key.Bytes(); err == nil {
			return append([]byte(key.Curve.Params().Name+":"), point[1:1+len(point)/2]...)
		}
	}
	return nil
}

package pki

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"encoding/pem"
	"fmt"
)

const pemCertificate = "CERTIFICATE"

// EncodePEM is the certificates as PEM blocks, in their order.
func EncodePEM(certs ...*x509.Certificate) []byte {
	var out []byte
	for _, c := range certs {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: pemCertificate, Bytes: c.Raw})...)
	}
	return out
}

// Fingerprint is the SHA-256 of the certificate's DER in lower-case hexadecimal.
func Fingerprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return hex.EncodeToString(sum[:])
}

// SPKI is the certificate's public key as a SubjectPublicKeyInfo. It is encoded
// anew, so that two certificates with the same key have the same SPKI however
// each of them wrote it; keys Go does not know are returned as they stand.
func SPKI(c *x509.Certificate) []byte {
	if spki, err := x509.MarshalPKIXPublicKey(c.PublicKey); err == nil {
		return spki
	}
	return bytes.Clone(c.RawSubjectPublicKeyInfo)
}

// SPKIDigest is the SHA-256 of SPKI.
func SPKIDigest(c *x509.Certificate) [32]byte { return sha256.Sum256(SPKI(c)) }

// DigestOfKey is the SHA-256 of the SubjectPublicKeyInfo of pub.
func DigestOfKey(pub crypto.PublicKey) ([32]byte, error) {
	spki, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		return [32]byte{}, fmt.Errorf("encoding public key: %w", err)
	}
	return sha256.Sum256(spki), nil
}

// SerialHex is the serial number in lower-case hexadecimal, as AWS shows it in
// role session names.
func SerialHex(c *x509.Certificate) string { return hex.EncodeToString(c.SerialNumber.Bytes()) }

// SerialDecimal is the serial number in decimal, as requests to CreateSession
// carry it.
func SerialDecimal(c *x509.Certificate) string { return c.SerialNumber.String() }

// MaxPathLen is the certificate's path length constraint, and whether it has one.
func MaxPathLen(c *x509.Certificate) (int, bool) {
	if !c.BasicConstraintsValid || c.MaxPathLen < 0 || c.MaxPathLen == 0 && !c.MaxPathLenZero {
		return 0, false
	}
	return c.MaxPathLen, true
}

// KeyKind says in words what kind of key pub is: "ecdsa-p256", "rsa-3072",
// "ed25519"; "unknown" when Go does not know it.
func KeyKind(pub crypto.PublicKey) string {
	switch k := pub.(type) {
	case *ecdsa.PublicKey:
		switch k.Curve.Params().BitSize {
		case 224, 256, 384, 521:
			return fmt.Sprintf("ecdsa-p%d", k.Curve.Params().BitSize)
		}
	case *rsa.PublicKey:
		return fmt.Sprintf("rsa-%d", k.N.BitLen())
	case interface{ Equal(crypto.PublicKey) bool }:
		return fmt.Sprintf("%T", pub)
	}
	return "unknown"
}

// KeyID is the key identifier of pub: the leftmost 160 bits of the SHA-256 of
// the subjectPublicKey (RFC 7093 section 2, method 1).
func KeyID(pub crypto.PublicKey) ([]byte, error) {
	if k, ok := pub.(*ecdsa.PublicKey); ok {
		if point, err := k.Bytes(); err == nil { // the subjectPublicKey (RFC 5480 section 2.2)
			sum := sha256.Sum256(point)
			return sum[:20], nil
		}
	}
	spki, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		return nil, fmt.Errorf("encoding public key: %w", err)
	}
	var info struct {
		Algorithm asn1.RawValue
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(spki, &info); err != nil {
		return nil, fmt.Errorf("encoding public key: %w", err)
	}
	sum := sha256.Sum256(info.Key.Bytes)
	return sum[:20], nil
}

// weakKey says what is wrong with a key for our certificates, or "".
func weakKey(pub crypto.PublicKey) string {
	switch k := pub.(type) {
	case *ecdsa.PublicKey:
		if bits := k.Curve.Params().BitSize; bits < 256 {
			return fmt.Sprintf("the key is on a curve of %d bits, at least 256 are needed", bits)
		}
		return ""
	case *rsa.PublicKey:
		if bits := k.N.BitLen(); bits < 2048 {
			return fmt.Sprintf("the RSA key has %d bits, at least 2048 are needed", bits)
		}
		if k.E < 3 || k.E%2 == 0 {
			return fmt.Sprintf("the RSA key has the exponent %d", k.E)
		}
		return ""
	default:
		return fmt.Sprintf("the key is neither ECDSA nor RSA (%s)", KeyKind(pub))
	}
}

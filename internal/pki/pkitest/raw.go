package pkitest

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"testing"
)

// TLV is one element of DER with this identifier octet.
func TLV(tag byte, parts ...[]byte) []byte {
	content := bytes.Join(parts, nil)
	switch n := len(content); {
	case n < 0x80:
		return append([]byte{tag, byte(n)}, content...)
	case n < 0x100:
		return append([]byte{tag, 0x81, byte(n)}, content...)
	case n < 0x10000:
		return append([]byte{tag, 0x82, byte(n >> 8), byte(n)}, content...)
	default:
		return append([]byte{tag, 0x84, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}, content...)
	}
}

// OpenEnded is the same with an indefinite length, which DER does not have.
func OpenEnded(tag byte, parts ...[]byte) []byte {
	return append(append([]byte{tag, 0x80}, bytes.Join(parts, nil)...), 0, 0)
}

// Parts are the elements inside of one element of DER.
func Parts(t testing.TB, der []byte) [][]byte {
	t.Helper()
	var v asn1.RawValue
	if _, err := asn1.Unmarshal(der, &v); err != nil {
		t.Fatal(err)
	}
	var parts [][]byte
	for rest := v.Bytes; len(rest) > 0; {
		var part asn1.RawValue
		after, err := asn1.Unmarshal(rest, &part)
		if err != nil {
			t.Fatal(err)
		}
		parts, rest = append(parts, part.FullBytes), after
	}
	return parts
}

// NewSigning signs with an algorithm of one's own making.
func NewSigning(algorithm pkix.AlgorithmIdentifier, sign func(tbs []byte) ([]byte, error)) Signing {
	return Signing{algorithm, sign}
}

// Sign puts a certificate together from any to-be-signed bytes.
func (s Signing) Sign(t testing.TB, tbs []byte) []byte {
	t.Helper()
	signature, err := s.sign(tbs)
	if err != nil {
		t.Fatal(err)
	}
	algorithm, err := asn1.Marshal(s.algorithm)
	if err != nil {
		t.Fatal(err)
	}
	return TLV(0x30, tbs, algorithm, TLV(0x03, []byte{0}, signature))
}

// Rebuild takes a certificate apart into the raw fields of what is signed, lets
// change work on them, and signs the outcome.
func Rebuild(t testing.TB, c *x509.Certificate, with Signing, change func(fields [][]byte) [][]byte) []byte {
	t.Helper()
	return with.Sign(t, TLV(0x30, change(Parts(t, c.RawTBSCertificate))...))
}

// Bundle is SignedData of PKCS#7 in its parts.
type Bundle struct {
	Content, Certificates, Lists, Signers, Algorithms []byte
	Type                                              byte                                   // the last arc of the content's type; 0 means data
	Constructed                                       func(tag byte, parts ...[]byte) []byte // nil means TLV
}

// Bytes is the bundle, encoded.
func (b Bundle) Bytes() []byte {
	build := b.Constructed
	if build == nil {
		build = TLV
	}
	oid := func(last byte) []byte {
		return []byte{0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, last}
	}
	fields := [][]byte{{2, 1, 1}, TLV(0x31, b.Algorithms), build(0x30, oid(max(b.Type, 1)), b.Content)}
	if b.Certificates != nil {
		fields = append(fields, build(0xa0, b.Certificates))
	}
	if b.Lists != nil {
		fields = append(fields, build(0xa1, b.Lists))
	}
	return build(0x30, oid(2), build(0xa0, build(0x30, append(fields, TLV(0x31, b.Signers))...)))
}

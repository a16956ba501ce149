package signature

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
)

// KeyOf is the certificate's key, also where it is an RSA key declared
// for RSASSA-PSS or RSAES-OAEP alone, for which Go gives none (RFC 4055
// section 1.2). It is nil for keys that Go does not know.
func KeyOf(c *x509.Certificate) crypto.PublicKey {
	if c.PublicKey != nil {
		return c.PublicKey
	}
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(c.RawSubjectPublicKeyInfo, &info); err != nil {
		return nil
	}
	id := info.Algorithm.Algorithm
	if !id.Equal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}) && !id.Equal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 7}) {
		return nil
	}
	key, err := x509.ParsePKCS1PublicKey(info.Key.Bytes)
	if err != nil {
		return nil
	}
	return key
}

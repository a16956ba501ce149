package signature

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
)

// Scheme is how a certificate says it is signed. The zero Scheme is not known.
type Scheme struct {
	Kind x509.PublicKeyAlgorithm
	Hash crypto.Hash
	PSS  bool // then the hash is not looked at: all are tried
}

func (s Scheme) String() string {
	switch {
	case s.PSS:
		return "RSASSA-PSS with parameters that are not usual"
	case s.Hash != 0:
		return s.Kind.String() + " with " + s.Hash.String()
	default:
		return "an algorithm that is not known"
	}
}

// Name is the name of the algorithm of a certificate's signature, also where Go
// does not know it.
func Name(c *x509.Certificate) string {
	if c.SignatureAlgorithm != x509.UnknownSignatureAlgorithm {
		return c.SignatureAlgorithm.String()
	}
	return SchemeOf(c).String()
}

// SchemeOf is how a certificate says it is signed.
func SchemeOf(c *x509.Certificate) Scheme { return SchemeIn(c.Raw, c.SignatureAlgorithm) }

// SchemeIn reads the algorithm identifier of something signed itself, a
// certificate or a request: Go knows fewer than there are. known is what Go says.
func SchemeIn(signed []byte, known x509.SignatureAlgorithm) Scheme {
	if known == x509.PureEd25519 {
		return Scheme{Kind: x509.Ed25519}
	}
	var outer struct {
		TBS       asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}
	if _, err := asn1.Unmarshal(signed, &outer); err != nil {
		return Scheme{}
	}
	id := outer.Algorithm.Algorithm
	for _, known := range []struct {
		arc    asn1.ObjectIdentifier
		kind   x509.PublicKeyAlgorithm
		hashes map[int]crypto.Hash
	}{
		// RFC 8017 appendix A.2.4, RFC 8692 and the algorithms of NIST for RSA.
		{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1}, x509.RSA, map[int]crypto.Hash{
			4: crypto.MD5, 5: crypto.SHA1, 11: crypto.SHA256, 12: crypto.SHA384, 13: crypto.SHA512,
			14: crypto.SHA224, 15: crypto.SHA512_224, 16: crypto.SHA512_256,
		}},
		{asn1.ObjectIdentifier{1, 3, 14, 3, 2}, x509.RSA, map[int]crypto.Hash{29: crypto.SHA1, 3: crypto.MD5}},
		{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 3}, x509.RSA, map[int]crypto.Hash{
			13: crypto.SHA3_224, 14: crypto.SHA3_256, 15: crypto.SHA3_384, 16: crypto.SHA3_512,
		}},
		// RFC 5758 section 3.2, and those of NIST for ECDSA.
		{asn1.ObjectIdentifier{1, 2, 840, 10045, 4}, x509.ECDSA, map[int]crypto.Hash{1: crypto.SHA1}},
		{asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3}, x509.ECDSA, map[int]crypto.Hash{
			1: crypto.SHA224, 2: crypto.SHA256, 3: crypto.SHA384, 4: crypto.SHA512,
		}},
		{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 3}, x509.ECDSA, map[int]crypto.Hash{
			9: crypto.SHA3_224, 10: crypto.SHA3_256, 11: crypto.SHA3_384, 12: crypto.SHA3_512,
		}},
	} {
		n := len(known.arc)
		if len(id) == n+1 && id[:n].Equal(known.arc) && known.hashes[id[n]] != 0 {
			return Scheme{Kind: known.kind, Hash: known.hashes[id[n]]}
		}
	}
	if id.Equal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}) {
		return Scheme{Kind: x509.RSA, PSS: true}
	}
	return Scheme{}
}

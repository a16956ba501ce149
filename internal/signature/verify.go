package signature

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	_ "crypto/md5" //nolint:gosec // only to recognise what must be refused
	"crypto/rsa"
	_ "crypto/sha1" //nolint:gosec // only to recognise what must be refused
	_ "crypto/sha256"
	_ "crypto/sha3"
	_ "crypto/sha512"
	"crypto/subtle"
	"crypto/x509"
	"math/big"
)

// Verifies reports whether the certificate's signature verifies under a key,
// whatever the certificate says about its issuer.
//
// Go's own CheckSignature refuses SHA-1 and MD5, does not know others, and,
// depending on GODEBUG, refuses short RSA keys. A self-signed certificate must
// not hide behind any of it.
func Verifies(child *x509.Certificate, pub crypto.PublicKey) bool {
	return SchemeOf(child).Verifies(child.RawTBSCertificate, child.Signature, pub)
}

// Verifies reports whether a signature of this kind over what is to be signed
// verifies under a key.
func (how Scheme) Verifies(tbs, sig []byte, pub crypto.PublicKey) bool {
	switch key := pub.(type) {
	case *rsa.PublicKey:
		switch {
		case how.Kind != x509.RSA:
			return false
		case how.PSS:
			return pssVerifies(key, tbs, sig)
		}
		digest := Sum(how.Hash, tbs)
		return rsa.VerifyPKCS1v15(key, how.Hash, digest, sig) == nil || shortRSAVerifies(key, how.Hash, digest, sig)
	case *ecdsa.PublicKey:
		return how.Kind == x509.ECDSA && ecdsa.VerifyASN1(key, Sum(how.Hash, tbs), sig)
	case ed25519.PublicKey:
		return how.Kind == x509.Ed25519 && len(key) == ed25519.PublicKeySize && ed25519.Verify(key, tbs, sig)
	default:
		return false
	}
}

// Holds is Verifies, held to what the certificate says of how it is signed: an
// RSASSA-PSS signature over another hash, or with a salt of another length, than
// its parameters name is none to other verifiers (RFC 4055 section 3.1), and
// could hide SHA-1.
func Holds(child *x509.Certificate, pub crypto.PublicKey) bool {
	var hash crypto.Hash
	switch child.SignatureAlgorithm {
	case x509.SHA256WithRSAPSS:
		hash = crypto.SHA256
	case x509.SHA384WithRSAPSS:
		hash = crypto.SHA384
	case x509.SHA512WithRSAPSS:
		hash = crypto.SHA512
	default:
		return Verifies(child, pub)
	}
	// Go names these algorithms only where the salt is as long as the hash.
	key, ok := pub.(*rsa.PublicKey)
	return ok && rsa.VerifyPSS(key, hash, Sum(hash, child.RawTBSCertificate), child.Signature,
		&rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
}

// pssVerifies tries every hash and takes every length of salt.
func pssVerifies(key *rsa.PublicKey, tbs, sig []byte) bool {
	for _, hash := range []crypto.Hash{
		crypto.SHA256, crypto.SHA384, crypto.SHA512, crypto.SHA1, crypto.SHA224, crypto.SHA512_224, crypto.SHA512_256,
		crypto.SHA3_224, crypto.SHA3_256, crypto.SHA3_384, crypto.SHA3_512,
	} {
		if rsa.VerifyPSS(key, hash, Sum(hash, tbs), sig, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthAuto}) == nil {
			return true
		}
	}
	return false
}

// pkcs1Prefix is the DigestInfo prefix of RFC 8017 section 9.2, note 1.
func pkcs1Prefix(h crypto.Hash) []byte {
	nist := func(last, size byte) []byte {
		return []byte{0x30, 0x11 + size, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, last, 0x05, 0x00, 0x04, size}
	}
	switch h {
	case crypto.MD5:
		return []byte{0x30, 0x20, 0x30, 0x0c, 0x06, 0x08, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x05, 0x05, 0x00, 0x04, 0x10}
	case crypto.SHA1:
		return []byte{0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14}
	case crypto.SHA256:
		return nist(1, 32)
	case crypto.SHA384:
		return nist(2, 48)
	case crypto.SHA512:
		return nist(3, 64)
	case crypto.SHA224:
		return nist(4, 28)
	case crypto.SHA512_224:
		return nist(5, 28)
	case crypto.SHA512_256:
		return nist(6, 32)
	default:
		return nil
	}
}

// shortRSAVerifies is RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2.2) for keys that
// crypto/rsa refuses to use: below 1,024 bits, or with an even exponent.
func shortRSAVerifies(key *rsa.PublicKey, hash crypto.Hash, digest, sig []byte) bool {
	size := key.N.BitLen()
	prefix := pkcs1Prefix(hash)
	k := (size + 7) / 8
	pad := k - 3 - len(prefix) - len(digest)
	if size < 256 || size > 16384 || key.E < 1 || prefix == nil || pad < 0 || len(sig) > k {
		return false
	}
	want := make([]byte, 0, k)
	want = append(want, 0, 1)
	for range pad {
		want = append(want, 0xff)
	}
	want = append(want, 0)
	want = append(want, prefix...)
	want = append(want, digest...)
	got := new(big.Int).Exp(new(big.Int).SetBytes(sig), big.NewInt(int64(key.E)), key.N)
	return subtle.ConstantTimeCompare(got.FillBytes(make([]byte, k)), want) == 1
}

// Sum is the digest of data.
func Sum(hash crypto.Hash, data []byte) []byte {
	h := hash.New()
	h.Write(data) // never fails
	return h.Sum(nil)
}

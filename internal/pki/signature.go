package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/md5" //nolint:gosec // only to recognise what must be refused
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // only to recognise what must be refused
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"crypto/x509"
	"math/big"
)

// SignedBy reports whether child's signature verifies under parent's key,
// whatever names, usages and dates say. Broken hashes and short keys count too:
// this finds out who signed, it does not say that the signature is any good.
func SignedBy(child, parent *x509.Certificate) bool {
	return verifies(child, parent.PublicKey)
}

// SelfSigned reports whether the certificate's signature verifies under its own
// key, whatever its names say.
func SelfSigned(c *x509.Certificate) bool { return verifies(c, c.PublicKey) }

// Go's own CheckSignature refuses SHA-1 and MD5 and, depending on GODEBUG, short
// RSA keys. A self-signed certificate must not hide behind either.
func verifies(child *x509.Certificate, pub crypto.PublicKey) bool {
	tbs, sig := child.RawTBSCertificate, child.Signature
	switch key := pub.(type) {
	case *rsa.PublicKey:
		return rsaVerifies(child.SignatureAlgorithm, key, tbs, sig)
	case *ecdsa.PublicKey:
		digest, _ := digestOf(child.SignatureAlgorithm, x509.ECDSA, tbs)
		return digest != nil && ecdsa.VerifyASN1(key, digest, sig)
	case ed25519.PublicKey:
		return child.SignatureAlgorithm == x509.PureEd25519 && len(key) == ed25519.PublicKeySize &&
			ed25519.Verify(key, tbs, sig)
	default:
		return false
	}
}

func rsaVerifies(alg x509.SignatureAlgorithm, key *rsa.PublicKey, tbs, sig []byte) bool {
	switch alg {
	case x509.SHA256WithRSAPSS, x509.SHA384WithRSAPSS, x509.SHA512WithRSAPSS:
		digest, hash := digestOf(alg, x509.RSA, tbs)
		return rsa.VerifyPSS(key, hash, digest, sig, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
	}
	digest, hash := digestOf(alg, x509.RSA, tbs)
	if digest == nil {
		return false
	}
	return rsa.VerifyPKCS1v15(key, hash, digest, sig) == nil || shortRSAVerifies(key, hash, digest, sig)
}

// pkcs1Prefix is the DigestInfo prefix of RFC 8017 section 9.2, note 1.
func pkcs1Prefix(h crypto.Hash) []byte {
	switch h {
	case crypto.MD5:
		return []byte{0x30, 0x20, 0x30, 0x0c, 0x06, 0x08, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x05, 0x05, 0x00, 0x04, 0x10}
	case crypto.SHA1:
		return []byte{0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14}
	case crypto.SHA256:
		return []byte{0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20}
	case crypto.SHA384:
		return []byte{0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00, 0x04, 0x30}
	case crypto.SHA512:
		return []byte{0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03, 0x05, 0x00, 0x04, 0x40}
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

func digestOf(alg x509.SignatureAlgorithm, kind x509.PublicKeyAlgorithm, tbs []byte) ([]byte, crypto.Hash) {
	var want x509.PublicKeyAlgorithm
	var hash crypto.Hash
	switch alg {
	case x509.MD5WithRSA:
		want, hash = x509.RSA, crypto.MD5
	case x509.SHA1WithRSA:
		want, hash = x509.RSA, crypto.SHA1
	case x509.SHA256WithRSA, x509.SHA256WithRSAPSS:
		want, hash = x509.RSA, crypto.SHA256
	case x509.SHA384WithRSA, x509.SHA384WithRSAPSS:
		want, hash = x509.RSA, crypto.SHA384
	case x509.SHA512WithRSA, x509.SHA512WithRSAPSS:
		want, hash = x509.RSA, crypto.SHA512
	case x509.ECDSAWithSHA1:
		want, hash = x509.ECDSA, crypto.SHA1
	case x509.ECDSAWithSHA256:
		want, hash = x509.ECDSA, crypto.SHA256
	case x509.ECDSAWithSHA384:
		want, hash = x509.ECDSA, crypto.SHA384
	case x509.ECDSAWithSHA512:
		want, hash = x509.ECDSA, crypto.SHA512
	}
	if want != kind || hash == 0 {
		return nil, 0
	}
	return sum(hash, tbs), hash
}

func sum(hash crypto.Hash, data []byte) []byte {
	switch hash {
	case crypto.MD5:
		s := md5.Sum(data) //nolint:gosec // as above
		return s[:]
	case crypto.SHA1:
		s := sha1.Sum(data) //nolint:gosec // as above
		return s[:]
	case crypto.SHA256:
		s := sha256.Sum256(data)
		return s[:]
	case crypto.SHA384:
		s := sha512.Sum384(data)
		return s[:]
	default:
		s := sha512.Sum512(data)
		return s[:]
	}
}

// weakSignature says what is wrong with a signature algorithm, or "". AWS
// refuses MD5 and SHA-1
// (https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html).
func weakSignature(alg x509.SignatureAlgorithm) string {
	switch alg {
	case x509.SHA256WithRSA, x509.SHA384WithRSA, x509.SHA512WithRSA,
		x509.SHA256WithRSAPSS, x509.SHA384WithRSAPSS, x509.SHA512WithRSAPSS,
		x509.ECDSAWithSHA256, x509.ECDSAWithSHA384, x509.ECDSAWithSHA512:
		return ""
	case x509.UnknownSignatureAlgorithm:
		return "the signature algorithm is unknown"
	default:
		return "the signature algorithm is " + alg.String() + ", SHA-256 or stronger with RSA or ECDSA is needed"
	}
}

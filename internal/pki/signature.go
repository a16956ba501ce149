package pki

import (
	"crypto/x509"

	"anchorctl/internal/signature"
)

// SignedBy reports whether child's signature verifies under parent's key,
// whatever names, usages and dates say. Broken hashes and short keys count too:
// this finds out who signed, it does not say that the signature is any good.
func SignedBy(child, parent *x509.Certificate) bool {
	return signature.Verifies(child, signature.KeyOf(parent))
}

// SelfSigned reports whether the certificate's signature verifies under its own
// key, whatever its names say.
func SelfSigned(c *x509.Certificate) bool { return SignedBy(c, c) }

// weakSignature says what is wrong with a signature algorithm, or "". AWS
// refuses MD5 and SHA-1
// (https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html).
func weakSignature(c *x509.Certificate) string {
	if strongSignature(c.SignatureAlgorithm) {
		return ""
	}
	return "the signature algorithm is " + signature.Name(c) + ", SHA-256 or stronger with RSA or ECDSA is needed"
}

func strongSignature(a x509.SignatureAlgorithm) bool {
	switch a {
	case x509.SHA256WithRSA, x509.SHA384WithRSA, x509.SHA512WithRSA,
		x509.SHA256WithRSAPSS, x509.SHA384WithRSAPSS, x509.SHA512WithRSAPSS,
		x509.ECDSAWithSHA256, x509.ECDSAWithSHA384, x509.ECDSAWithSHA512:
		return true
	default:
		return false
	}
}

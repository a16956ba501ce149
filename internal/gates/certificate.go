package gates

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"time"

	"anchorctl/internal/pki"
)

// The service's words about certificates.
const (
	msgInsufficient = "Untrusted certificate. Insufficient certificate"
	msgUntrusted    = "Untrusted signing certificate"
	msgRevoked      = "Certificate revoked"
)

// maxChain is the most certificates that the X-Amz-X509-Chain header may have.
// https://docs.aws.amazon.com/rolesanywhere/latest/userguide/authentication-sign-process.html
const maxChain = 5

// checkVersion: "The certificates MUST be X.509v3."
// https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html#signature-verification
func checkVersion(a *attempt) (string, *refusal) {
	if a.Leaf == nil {
		return "", denied(msgInsufficient, "there is no certificate")
	}
	const v3 = 3
	if a.Leaf.Version != v3 {
		return "", denied(msgInsufficient, fmt.Sprintf("the certificate is of version %d, not 3", a.Leaf.Version))
	}
	return "X.509 version 3, serial " + pki.SerialHex(a.Leaf), nil
}

// checkUsage holds the same page's constraints on end-entity certificates:
// basic constraints, if there are any, with CA false, key usage with digital
// signature, SHA-256 or stronger ("MD5 and SHA1 are rejected").
func checkUsage(a *attempt) (string, *refusal) {
	c := a.Leaf
	no := func(detail string) (string, *refusal) { return "", denied(msgInsufficient, detail) }
	switch c.SignatureAlgorithm {
	case x509.MD2WithRSA, x509.MD5WithRSA, x509.SHA1WithRSA, x509.DSAWithSHA1, x509.ECDSAWithSHA1:
		return no(fmt.Sprintf("the certificate is signed with %s", c.SignatureAlgorithm))
	}
	switch {
	case c.IsCA:
		return no("the certificate is a CA's")
	case c.KeyUsage&x509.KeyUsageDigitalSignature == 0:
		return no("the certificate's key usage does not include digitalSignature")
	case emptySequence(c.RawSubject):
		return no("the certificate has no subject")
	}
	return "an end-entity certificate with digitalSignature", nil
}

func emptySequence(der []byte) bool { return bytes.Equal(der, []byte{0x30, 0}) || len(der) == 0 }

// checkDates has no message of its own: dates are part of validating a path
// (RFC 5280 section 6.1.3).
func checkDates(a *attempt) (string, *refusal) {
	from, to := a.Leaf.NotBefore.UTC().Format(time.RFC3339), a.Leaf.NotAfter.UTC().Format(time.RFC3339)
	switch {
	case a.Now.Before(a.Leaf.NotBefore):
		return "", denied(msgUntrusted, "the certificate is not valid before "+from)
	case a.Now.After(a.Leaf.NotAfter):
		return "", denied(msgUntrusted, "the certificate expired at "+to)
	}
	return "valid from " + from + " to " + to, nil
}

// checkPath validates the path. Whoever asks about a certificate outside of its
// dates wants to know whether it led to the anchor within them: a new one of the
// same kind will not do better.
func checkPath(a *attempt) (string, *refusal) {
	at, when := a.Now, ""
	if a.Now.Before(a.Leaf.NotBefore) {
		at, when = a.Leaf.NotBefore, ", when it begins"
	}
	if a.Now.After(a.Leaf.NotAfter) {
		at, when = a.Leaf.NotAfter, ", until it ended"
	}
	path, err := pki.VerifyPath(a.Leaf, a.Chain, a.Anchor.Certificates, at, pki.AsWorkload)
	if err != nil {
		return "", denied(msgUntrusted, err.Error())
	}
	a.path = path
	return fmt.Sprintf("leads to %q in %s%s", path[len(path)-1].Subject.String(), counted(len(path)-1, "step"), when), nil
}

// counted is a number and what there is of it, in the plural where it has one.
func counted(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// checkDepth counts what is sent, whether the path needs it or not.
func checkDepth(a *attempt) (string, *refusal) {
	if len(a.Chain) > maxChain {
		return "", denied(msgUntrusted, fmt.Sprintf("the chain header has %d certificates, more than %d", len(a.Chain), maxChain))
	}
	return fmt.Sprintf("%d certificates in the chain header, of at most %d", len(a.Chain), maxChain), nil
}

// checkRevocation looks for every certificate below the anchor. An entry counts
// for certificates of the list's issuer (RFC 5280 section 5.3.3): serial numbers
// are unique for one issuer only.
func checkRevocation(a *attempt) (string, *refusal) {
	enabled := 0
	for _, crl := range a.Anchor.CRLs {
		if !crl.Enabled || crl.List == nil {
			continue
		}
		enabled++
		for _, c := range a.path[:len(a.path)-1] {
			if at, revoked := revocation(crl.List, c); revoked {
				return "", denied(msgRevoked, fmt.Sprintf("serial %s was revoked at %s", pki.SerialHex(c), at.UTC().Format(time.RFC3339)))
			}
		}
	}
	return fmt.Sprintf("on none of %d enabled lists", enabled), nil
}

func revocation(list *x509.RevocationList, c *x509.Certificate) (at time.Time, revoked bool) {
	if !bytes.Equal(list.RawIssuer, c.RawIssuer) {
		return time.Time{}, false
	}
	for _, e := range list.RevokedCertificateEntries {
		if e.SerialNumber != nil && e.SerialNumber.Cmp(c.SerialNumber) == 0 {
			return e.RevocationTime, true
		}
	}
	return time.Time{}, false
}

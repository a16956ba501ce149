package anywhere

import (
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"strings"

	"anchorctl/internal/sandbox/limits"
	"anchorctl/internal/sandbox/wire"
)

// admit judges the certificates of an anchor as the service does: each is
// v3, a CA that may sign certificates, and signed with SHA-256 or stronger.
// It says nothing of roots: the service takes them.
// https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html#signature-verification
func admit(text string) error {
	certs, err := certificates(text)
	if err != nil {
		return err
	}
	if most := limits.Of(limits.CertificatesPerAnchor).Max; len(certs) > most {
		return refuse("A trust anchor can have at most %d certificates", most)
	}
	for _, c := range certs {
		if err := admitOne(c); err != nil {
			return err
		}
	}
	return nil
}

func admitOne(c *x509.Certificate) error {
	switch {
	case !c.BasicConstraintsValid || !c.IsCA:
		// The text is the service's, and so is that it comes first.
		return refuse("Incorrect basic constraints for CA certificate")
	case c.Version != 3:
		return refuse("Certificate is not an X.509 version 3 certificate")
	case c.KeyUsage&x509.KeyUsageCertSign == 0:
		return refuse("Incorrect key usage for CA certificate")
	case !strongSignature(c.SignatureAlgorithm):
		return refuse("Unsupported signature algorithm for CA certificate")
	}
	return nil
}

// certificates reads PEM text. What stands between the blocks is ignored, as
// OpenSSL prints explanations there; any other block is not.
func certificates(text string) ([]*x509.Certificate, error) {
	var all []*x509.Certificate
	rest := []byte(text)
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return nil, refuse("Unable to parse certificate: a PEM block is not a CERTIFICATE")
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, refuse("Unable to parse certificate")
		}
		all = append(all, c)
	}
	if len(all) == 0 || strings.Contains(string(rest), "-----BEGIN") {
		return nil, refuse("Unable to parse certificate")
	}
	return all, nil
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

func refuse(format string, args ...any) error {
	return wire.Errorf(http.StatusBadRequest, validation, format, args...)
}

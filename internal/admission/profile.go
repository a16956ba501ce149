package admission

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"slices"
	"time"
)

// checkCA: every certificate of the case is a CA's (ANC003).
func checkCA(j *judgement) {
	for _, e := range j.elements {
		switch {
		case !e.cert.BasicConstraintsValid:
			j.find("ANC003", e.name, "certificate has no basicConstraints, so it is no CA's")
		case !e.cert.IsCA:
			j.find("ANC003", e.name, "certificate is an end entity's: basicConstraints says CA:false")
		case !critical(e.cert, 19):
			j.warn("ANC003", e.name, "basicConstraints is not marked critical")
		}
	}
}

// checkUsage: the keys may sign certificates, and for clients (ANC004).
func checkUsage(j *judgement) {
	for _, e := range j.elements {
		c := e.cert
		switch {
		case c.KeyUsage == 0:
			j.find("ANC004", e.name, "certificate has no key usage; keyCertSign is needed")
		case c.KeyUsage&x509.KeyUsageCertSign == 0:
			j.find("ANC004", e.name, "key usage does not include keyCertSign")
		case c.KeyUsage&x509.KeyUsageCRLSign == 0 && e.name == candidate:
			j.warn("ANC004", e.name, "key usage does not include cRLSign: the CA cannot revoke what it issues")
		}
		if !forClients(c) {
			j.find("ANC004", e.name, "extended key usage does not include clientAuth: the CA was made for something else")
		}
	}
}

// forClients: a CA without extended key usages is for all of them.
func forClients(c *x509.Certificate) bool {
	if len(c.ExtKeyUsage) == 0 && len(c.UnknownExtKeyUsage) == 0 {
		return true
	}
	return slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageClientAuth) || slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageAny)
}

// soon is how long before the end a certificate counts as expiring: what the
// service itself warns about unless told otherwise.
const soon = 45 * 24 * time.Hour

// checkExpiring warns in time (ANC012); what has expired is unfit (ANC005).
func checkExpiring(j *judgement) {
	for _, e := range j.elements {
		left := e.cert.NotAfter.Sub(j.Now)
		if left >= 0 && left < soon {
			j.find("ANC012", e.name, "certificate expires in %d days, at %s", int(left/(24*time.Hour)), stamp(e.cert.NotAfter))
		}
	}
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// critical reports whether the id-ce extension is there and critical.
func critical(c *x509.Certificate, arc int) bool {
	return slices.ContainsFunc(c.Extensions, func(e pkix.Extension) bool {
		return e.Critical && e.Id.Equal(asn1.ObjectIdentifier{2, 5, 29, arc})
	})
}

package pki

import (
	"cmp"
	"crypto/fips140"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"

	zx509 "github.com/zmap/zcrypto/x509"
	"github.com/zmap/zlint/v3/lint"
	_ "github.com/zmap/zlint/v3/lints/rfc" // the lints register themselves; this list alone, not all of zlint
)

// Problem is something a lint found.
type Problem struct {
	Code    string // zlint's name of the lint, or one of ours: "anchorctl_…"
	Message string
}

// Lint holds a certificate to zlint's lints of the RFCs, warnings included, and to
// our own shape. The problems are sorted by code.
func Lint(c *x509.Certificate) []Problem {
	var problems []Problem
	// The other parser takes MD5 and SHA-1 of what it reads, to name it by; with
	// GODEBUG=fips140=only it would panic.
	fips140.WithoutEnforcement(func() { problems = append(lintRFC(c), lintShape(c)...) })
	slices.SortFunc(problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Code, b.Code), cmp.Compare(a.Message, b.Message))
	})
	return problems
}

func lintRFC(c *x509.Certificate) []Problem {
	parsed, err := zx509.ParseCertificate(c.Raw)
	if err != nil {
		return []Problem{{"anchorctl_unreadable", fmt.Sprintf("another parser cannot read it: %s", err)}}
	}
	registry := lint.GlobalRegistry()
	var problems []Problem
	for _, l := range registry.CertificateLints().Lints() {
		result := l.Execute(parsed, registry.GetConfiguration())
		if result == nil || result.Status < lint.Warn {
			continue
		}
		text := strings.TrimSpace(l.Description)
		if result.Details != "" {
			text += " (" + result.Details + ")"
		}
		problems = append(problems, Problem{l.Name, fmt.Sprintf("%s: %s, %s", result.Status, text, l.Citation)})
	}
	return problems
}

// shape is one of our own lints: it says what is wrong, or "".
type shape struct {
	code  string
	check func(c *x509.Certificate) string
}

func shapes() []shape {
	return []shape{
		{"anchorctl_common_name", lintSubject},
		{"anchorctl_encoding", func(c *x509.Certificate) string {
			if err := strict(c); err != nil {
				return err.Error()
			}
			return ""
		}},
		{"anchorctl_extensions", lintExtensions},
		{"anchorctl_key", func(c *x509.Certificate) string { return weakKey(c.PublicKey) }},
		{"anchorctl_key_identifiers", func(c *x509.Certificate) string {
			if len(c.SubjectKeyId) == 0 || len(c.AuthorityKeyId) == 0 {
				return "the subject or authority key identifier is missing"
			}
			return ""
		}},
		{"anchorctl_names", lintNames},
		{"anchorctl_serial", func(c *x509.Certificate) string {
			if c.SerialNumber.BitLen() <= 64 {
				return "the serial number cannot hold 64 random bits"
			}
			return ""
		}},
		{"anchorctl_signature", func(c *x509.Certificate) string { return weakSignature(c) }},
		{"anchorctl_usage", lintUsage},
		{"anchorctl_version", func(c *x509.Certificate) string {
			if c.Version != 3 {
				return "it is not an X.509 version 3 certificate"
			}
			return ""
		}},
	}
}

func lintShape(c *x509.Certificate) []Problem {
	var problems []Problem
	for _, s := range shapes() {
		if why := s.check(c); why != "" {
			problems = append(problems, Problem{s.code, why})
		}
	}
	return problems
}

func lintSubject(c *x509.Certificate) string {
	if err := CheckSubject(c.Subject); err != nil {
		return err.Error()
	}
	return ""
}

// lintExtensions: each kind of certificate has the extensions of its shape and no
// other, so that a template that asks for more is caught.
func lintExtensions(c *x509.Certificate) string {
	allowed := []string{"2.5.29.14", "2.5.29.15", "2.5.29.19", "2.5.29.35", "2.5.29.37"}
	if c.IsCA {
		allowed = append(allowed, "2.5.29.30")
	} else {
		allowed = append(allowed, "2.5.29.17", "2.5.29.31")
	}
	for _, e := range c.Extensions {
		if !slices.Contains(allowed, e.Id.String()) {
			return fmt.Sprintf("the extension %s is not part of its shape", e.Id)
		}
		critical := slices.Contains([]string{"2.5.29.15", "2.5.29.19", "2.5.29.30"}, e.Id.String())
		if e.Critical != critical {
			return fmt.Sprintf("the extension %s has critical=%t, want %t", e.Id, e.Critical, critical)
		}
	}
	return ""
}

func lintUsage(c *x509.Certificate) string {
	want := x509.KeyUsageDigitalSignature
	if c.IsCA {
		want = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	}
	if c.KeyUsage != want {
		return fmt.Sprintf("the key usage bits are %b, want %b", c.KeyUsage, want)
	}
	if !c.BasicConstraintsValid {
		return "the basic constraints are missing"
	}
	if c.Subject.String() == c.Issuer.String() && c.IsCA {
		return ""
	}
	if len(c.UnknownExtKeyUsage) > 0 || len(c.ExtKeyUsage) != 1 || c.ExtKeyUsage[0] != x509.ExtKeyUsageClientAuth {
		return "the extended key usage is not exactly clientAuth"
	}
	if most, limited := MaxPathLen(c); c.IsCA && (!limited || most != 0) {
		return "the path length of an issuer is not 0"
	}
	return ""
}

// lintNames: STS sees the first URI alone.
func lintNames(c *x509.Certificate) string {
	if c.IsCA {
		if _, ok := extension(c, 17); ok {
			return "a CA certificate with subject alternative names"
		}
		return ""
	}
	if len(c.URIs) != 1 || c.URIs[0].Scheme != "spiffe" {
		return "it does not have exactly one URI, a SPIFFE ID"
	}
	if len(c.EmailAddresses)+len(c.IPAddresses) > 0 {
		return "it has names other than its URI and DNS names"
	}
	if point := c.CRLDistributionPoints; len(point) > 1 || len(point) == 1 && !strings.HasPrefix(point[0], "http://") && !strings.HasPrefix(point[0], "https://") {
		return "it names more than one place for a revocation list, or another than a URL"
	}
	return ""
}

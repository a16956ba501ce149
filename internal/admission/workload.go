package admission

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"anchorctl/internal/pki"
	"anchorctl/internal/printable"
	"anchorctl/internal/rules"
)

// WorkloadCase is a workload certificate and what its environment permits.
type WorkloadCase struct {
	At          string
	Certificate *x509.Certificate
	Issuer      *x509.Certificate   // the environment's issuer
	Environment string              // its name
	TrustDomain string              // of the estate
	Workloads   map[string][]string // the environment's workloads and the DNS names of each
	Limit       time.Duration       // the longest lifetime
}

// JudgeWorkload judges a workload certificate.
func JudgeWorkload(c WorkloadCase) []rules.Finding {
	j := &workloadJudgement{WorkloadCase: c}
	if c.Certificate == nil || c.Issuer == nil {
		j.find("ANC204", "the certificate and its issuer's are needed to judge it")
		return j.findings
	}
	for _, w := range workloadChecks() {
		w.check(j)
	}
	return j.findings
}

// workloadCheck is how one rule is held against a workload's certificate.
type workloadCheck struct {
	rule  string
	check func(*workloadJudgement)
}

func workloadChecks() []workloadCheck {
	return []workloadCheck{
		{"ANC201", checkLifetime}, {"ANC202", checkWorkloadName}, {"ANC203", checkNamesGiven}, {"ANC204", checkShape},
	}
}

type workloadJudgement struct {
	WorkloadCase

	findings []rules.Finding
}

func (j *workloadJudgement) find(id, format string, args ...any) {
	j.findings = append(j.findings, rules.Find(id, j.At, fmt.Sprintf(format, args...)))
}

// checkLifetime: no longer than the limit, back-dating aside, and not beyond
// the issuer (ANC201).
func checkLifetime(j *workloadJudgement) {
	c := j.Certificate
	if lifetime := c.NotAfter.Sub(c.NotBefore); lifetime > j.Limit+pki.BackDate || c.NotAfter.Before(c.NotBefore) {
		j.find("ANC201", "certificate lives for %s, at most %s are allowed", lifetime, j.Limit)
	}
	if c.NotAfter.After(j.Issuer.NotAfter) {
		j.find("ANC201", "certificate ends at %s, its issuer already at %s", stamp(c.NotAfter), stamp(j.Issuer.NotAfter))
	}
}

// checkNamesGiven: an environment that permits no name issues nothing (ANC203).
func checkNamesGiven(j *workloadJudgement) {
	if len(j.Workloads) == 0 || j.Environment == "" || j.TrustDomain == "" {
		j.find("ANC203", "the environment %q permits no workload, so no name is right", j.Environment)
	}
}

// checkWorkloadName: the names are those of exactly one workload of the
// environment (ANC202).
func checkWorkloadName(j *workloadJudgement) {
	c := j.Certificate
	if !slices.Equal(c.Subject.OrganizationalUnit, []string{j.Environment}) {
		j.find("ANC202", "the subject's OU is %q, want the environment %q alone", c.Subject.OrganizationalUnit, j.Environment)
	}
	workload, known := j.workload()
	if !known {
		return
	}
	cn := c.Subject.CommonName
	if named, _, err := pki.SplitWorkloadName(cn); err != nil || named != workload {
		j.find("ANC202", "the common name is %q, want %q or an instance of it", cn, workload)
	}
	if wrong := badCommonName(cn); wrong != "" {
		j.find("ANC202", "%s", wrong)
	}
	for _, dns := range c.DNSNames {
		if !slices.Contains(j.Workloads[workload], dns) {
			j.find("ANC202", "the DNS name %q is not among those of workload %q", dns, workload)
		}
	}
}

// workload is the one that the certificate's URI names.
func (j *workloadJudgement) workload() (string, bool) {
	if len(j.Certificate.URIs) != 1 {
		j.find("ANC202", "certificate has %d URIs, want the workload's alone", len(j.Certificate.URIs))
		return "", false
	}
	uri := j.Certificate.URIs[0].String()
	for _, w := range slices.Sorted(maps.Keys(j.Workloads)) {
		if uri == pki.WorkloadURI(j.Environment, j.TrustDomain, w) {
			return w, true
		}
	}
	j.find("ANC202", "the URI %q names no workload of environment %q", uri, j.Environment)
	return "", false
}

// badCommonName: it becomes the session's source identity, "CN=…" in at most
// 64 of [A-Za-z0-9_+=,.@-].
func badCommonName(cn string) string {
	if cn == "" || len(cn) > pki.MaxCommonName {
		return fmt.Sprintf("the common name has %d characters, at least 1 and at most %d are needed", len(cn), pki.MaxCommonName)
	}
	for _, r := range cn {
		if !strings.ContainsRune("_+=,.@-", r) && (r > 'z' || r < '0' || r > '9' && r < 'A' || r > 'Z' && r < 'a') {
			return fmt.Sprintf("the common name has the character %q, which no source identity can carry", r)
		}
	}
	return ""
}

// checkShape: what docs/certificates.md says of a workload certificate
// (ANC204).
func checkShape(j *workloadJudgement) {
	c := j.Certificate
	if c.Version != 3 || !c.BasicConstraintsValid || c.IsCA {
		j.find("ANC204", "certificate must be of version 3 with basicConstraints CA:false")
	}
	if c.KeyUsage != x509.KeyUsageDigitalSignature {
		j.find("ANC204", "key usage must be digitalSignature alone")
	}
	if !slices.Equal(c.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}) || len(c.UnknownExtKeyUsage) > 0 {
		j.find("ANC204", "extended key usage must be clientAuth alone")
	}
	for _, wrong := range []string{
		badKey(c.PublicKey), badSignature(c), badSerial(c.SerialNumber), badExtensions(c), badSubject(c), badTags(c),
	} {
		if wrong != "" {
			j.find("ANC204", "%s", wrong)
		}
	}
	j.signature()
}

func (j *workloadJudgement) signature() {
	c := j.Certificate
	switch {
	case endless(c) || endless(j.Issuer):
	case pki.SameKey(c, j.Issuer):
		j.find("ANC204", "certificate carries the key of its issuer")
	case !pki.SameName(c.RawIssuer, j.Issuer.RawSubject) || !pki.SignedBy(c, j.Issuer):
		j.find("ANC204", "certificate is not signed by %s", printable.Line(j.Issuer.Subject.String()))
	case len(c.SubjectKeyId) == 0 || !bytes.Equal(c.AuthorityKeyId, j.Issuer.SubjectKeyId):
		j.find("ANC204", "certificate lacks a subject key identifier, or the authority key identifier of its issuer")
	}
}

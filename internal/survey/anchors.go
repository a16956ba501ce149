package survey

import (
	"crypto/x509"
	"fmt"
	"strings"
	"time"

	"anchorctl/internal/admission"
	"anchorctl/internal/anchors"
	"anchorctl/internal/estate"
	"anchorctl/internal/gates"
	"anchorctl/internal/pki"
	"anchorctl/internal/plan"
	"anchorctl/internal/printable"
	"anchorctl/internal/rules"
	"anchorctl/internal/store"
)

// anchor judges a trust anchor: whose it is (ANC601, ANC604), with what keys
// (ANC605), and whether anybody needs it (ANC606).
func (j *judgement) anchor(a estate.PlacedAnchor, account string, roles []trusting, all bool) Anchor {
	out := Anchor{
		Name: printable.Line(a.Live.Name), ARN: a.Live.ARN, Environment: a.Environment, Enabled: a.Live.Enabled, Source: a.Live.SourceType,
		Certificates: []Certificate{}, Unreadable: printable.Line(a.Unreadable), Roles: []string{},
	}
	ours := a.Environment != ""
	if ours {
		out.Addr = a.Addr.String()
	}
	for i, cert := range a.Certificates {
		out.Certificates = append(out.Certificates, Certificate{admission.FactsOf(cert), j.marks(a, i)})
		if issuer, retired := j.retired(cert); retired {
			j.find("ANC605", a.Name(), "it holds the key of %s, which is retired, in the certificate %q", issuer, cert.Subject.String())
		}
	}
	if ours {
		j.strangersIn(a)
	} else {
		j.find("ANC601", a.Name(), "%s", outline(out))
	}
	j.use(&out, a, account, roles, all)
	return out
}

// marks say whose certificate it is and what is odd about it.
func (j *judgement) marks(a estate.PlacedAnchor, i int) []string {
	cert := a.Certificates[i]
	marks := []string{}
	if known := a.Known[i]; known.Kind != "" {
		marks = append(marks, j.nameOf(known, cert))
	}
	if pki.SelfSigned(cert) {
		marks = append(marks, "self-signed")
	}
	if entry, found := j.public.KeyOf(cert); found {
		marks = append(marks, "the key of the public CA "+entry.Name)
	} else if entry, found := j.public.IssuerOf(cert); found {
		marks = append(marks, "signed by the public CA "+entry.Name)
	}
	switch {
	case j.census.Now.After(cert.NotAfter):
		marks = append(marks, "expired")
	case j.census.Now.Before(cert.NotBefore):
		marks = append(marks, "not valid yet")
	}
	if !cert.IsCA {
		marks = append(marks, "not a CA")
	}
	return marks
}

// nameOf names one of our certificates: one that its issuer had before it was
// renewed, too.
func (j *judgement) nameOf(known plan.Addr, cert *x509.Certificate) string {
	for _, issuer := range j.census.Issuers {
		if issuer.Addr == known && issuer.Certificate != nil && !issuer.Certificate.Equal(cert) {
			return anchors.FormerName(known.String())
		}
	}
	return known.String()
}

// retired finds the retired generation whose key a certificate carries.
func (j *judgement) retired(cert *x509.Certificate) (string, bool) {
	for _, issuer := range j.census.Issuers {
		if issuer.Status == store.Retired && issuer.Certificate != nil && pki.SameKey(issuer.Certificate, cert) {
			return issuer.Addr.String(), true
		}
	}
	return "", false
}

// strangersIn finds what is in an anchor of ours that we did not put there
// (ANC604).
func (j *judgement) strangersIn(a estate.PlacedAnchor) {
	if a.Unreadable != "" {
		j.find("ANC604", a.Name(), "what it holds cannot be told: %s", a.Unreadable)
		return
	}
	for i, cert := range a.Certificates {
		if a.Known[i].Kind == "" {
			j.find("ANC604", a.Name(), "it holds a certificate that the store does not know: %s", describe(Certificate{admission.FactsOf(cert), j.marks(a, i)}))
		}
	}
}

// use finds the roles that could be taken through an anchor. all is false when
// there may be others.
func (j *judgement) use(out *Anchor, a estate.PlacedAnchor, account string, roles []trusting, all bool) {
	for _, role := range roles {
		accepted, _, err := gates.WouldAccept(role.live.Trust, a.Live.ARN, account)
		if accepted || err != nil {
			out.Roles = append(out.Roles, role.addr.String())
		}
	}
	switch {
	case !a.Live.Enabled && a.Environment != "":
		f := rules.Find("ANC606", a.Name(), fmt.Sprintf("%q is disabled: no session of %s is opened through it", a.Live.Name, a.Environment))
		f.Remedy = `run "anchorctl plan" to see what it waits for; "anchorctl apply" enables it once nothing is in the way`
		j.add(f)
	case !a.Live.Enabled:
		j.find("ANC606", a.Name(), "%q is disabled: it opens nothing, and is one call away from doing so", a.Live.Name)
	case all && len(out.Roles) == 0:
		j.find("ANC606", a.Name(), "%q is enabled, and no role of the account could be taken through it", a.Live.Name)
	}
}

// outline is an anchor in one line.
func outline(a Anchor) string {
	state := "disabled"
	if a.Enabled {
		state = "enabled"
	}
	parts := []string{fmt.Sprintf("%q, %s, %s", a.Name, state, a.Source)}
	if a.Unreadable != "" {
		parts = append(parts, a.Unreadable)
	}
	for _, c := range a.Certificates {
		parts = append(parts, describe(c))
	}
	return strings.Join(parts, "; ")
}

// describe is a certificate in a few words.
func describe(c Certificate) string {
	text := fmt.Sprintf("%s (%s, until %s, SHA-256 %s)", c.Subject, c.Key, c.NotAfter.Format(time.DateOnly), c.Fingerprint)
	if len(c.Marks) > 0 {
		text += ": " + strings.Join(c.Marks, ", ")
	}
	return text
}

package main

import (
	"testing"

	"anchorctl/internal/denial"
	"anchorctl/internal/printable"
	"anchorctl/internal/render"
	"anchorctl/internal/session"
)

// Names of certificates, policies and what the service says come from others.
func TestADenialIsShownWithoutControlCharacters(t *testing.T) {
	const hostile = "a\x1b[2Jb\u202ec\x00\rd\u009b"
	text := []string{hostile}
	r := denial.Result{Notes: text, Sessions: []denial.Session{{
		Environment: hostile, Profile: hostile, Target: hostile, TrustAnchorARN: hostile, ProfileARN: hostile, RoleARN: hostile,
		Verdict: denial.Denied, Fails: hostile, Service: &session.Answer{Code: hostile, Message: hostile}, Notes: text, NotChecked: text,
		Gates: []denial.Gate{{Name: hostile, Status: "failed", Detail: hostile, Remedies: []denial.Remedy{{Do: hostile, Text: hostile + "\n" + hostile}}}},
		Trust: []denial.Trust{{Statement: hostile, Says: hostile, Checks: []denial.Check{{
			Element: "Condition", Operator: hostile, Key: hostile, Wanted: text, Found: text, Present: true, Result: hostile, Note: hostile,
		}}}},
		Tags: map[string]string{hostile: hostile}, Certificate: denial.Certificate{Subject: hostile, SerialHex: hostile, IssuedBy: hostile},
	}}}
	for _, width := range []int{0, 80} {
		p := render.Page{Width: width}
		denialPage(r)(&p)
		if got := string(p.Bytes()); got != printable.Text(got) || len(got) < 1000 {
			t.Errorf("got %q", got)
		}
	}
}

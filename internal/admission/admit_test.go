package admission_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/admission"
	"anchorctl/internal/publicca"
	"anchorctl/internal/rules"
)

// summary is the rules of the findings: "ANC005 root", "ANC012 warn".
func summary(findings []rules.Finding) []string {
	var out []string
	for _, f := range findings {
		s := f.Rule
		if f.Severity == rules.Warn {
			s += " warn"
		}
		if f.Element != "" {
			s += " " + f.Element
		}
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	slices.Sort(out)
	return out
}

func TestAdmit(t *testing.T) {
	w := newWorld(t)
	public := publicca.Load()
	refusing := map[string]bool{}
	for _, c := range allCases() {
		t.Run(c.name, func(t *testing.T) {
			in := c.make(w)
			in.Public = public
			got, findings := admission.Admit(in)
			if diff := cmp.Diff(c.want, summary(findings)); diff != "" {
				t.Errorf("findings (-want +got):\n%s%s", diff, (&rules.Refusal{Findings: findings}).Error())
			}
			refuses := slices.ContainsFunc(c.want, func(s string) bool { return !strings.Contains(s, "warn") })
			if admitted := got.Certificate() != nil; admitted == refuses {
				t.Errorf("admitted: %v", admitted)
			}
			for _, f := range findings {
				refusing[f.Rule] = true
				if f.At != "anchor/prod" || f.Evidence == "" || f.Remedy == "" || f.Name == "" {
					t.Errorf("incomplete: %+v", f)
				}
			}
		})
	}
	for _, r := range rules.All() {
		if r.ID < "ANC200" && !refusing[r.ID] {
			t.Errorf("no case meets %s", r.ID)
		}
	}
}

func TestAdmittedIsWhatWasJudged(t *testing.T) {
	w := newWorld(t)
	in := w.of(w.prod())
	bent := *w.prod()
	bent.IsCA, bent.PublicKey = false, nil // the parsed form may say anything
	in.Certificate = &bent
	got, findings := admission.Admit(in)
	if got.Certificate() == nil {
		t.Fatal((&rules.Refusal{Findings: findings}).Error())
	}
	if !bytes.Equal(got.Certificate().Raw, w.prod().Raw) || !got.Certificate().IsCA {
		t.Error("another certificate was admitted than the one whose bytes were judged")
	}
	if (admission.Admitted{}).Certificate() != nil {
		t.Error("the zero Admitted holds a certificate")
	}
}

func days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }

package admission_test

import (
	"bytes"
	"io"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/admission"
	"anchorctl/internal/admission/corpus"
	"anchorctl/internal/pki/pkitest"
	"anchorctl/internal/publicca"
	"anchorctl/internal/rules"
)

// reader is nil for a file that is not named.
func reader(data []byte) io.Reader {
	if data == nil {
		return nil
	}
	return bytes.NewReader(data)
}

// sorted are the rules of the findings of one severity, each once.
func sorted(findings []rules.Finding, warn bool) []string {
	var ids []string
	for _, f := range findings {
		if (f.Severity == rules.Warn) == warn && !slices.Contains(ids, f.Rule) {
			ids = append(ids, f.Rule)
		}
	}
	slices.Sort(ids)
	return ids
}

// Every file of the corpus gets the verdict that people have written down for
// it, on the way that a file takes through the command.
func TestCorpus(t *testing.T) {
	public := publicca.Load()
	admitted, refused := 0, 0
	for _, c := range corpus.Make(t, pkitest.Now()) {
		t.Run(c.File, func(t *testing.T) {
			got, err := admission.CheckFile(admission.CheckInput{
				At: c.File, File: reader(c.Candidate), Chain: reader(c.Chain), Root: reader(c.Root), Now: pkitest.Now(), Public: public,
			})
			if err != nil {
				t.Fatal(err)
			}
			if got.Admitted != c.Admitted() {
				t.Errorf("%s: admitted is %v", c.What, got.Admitted)
			}
			if diff := cmp.Diff(c.Rules, sorted(got.Findings, false)); diff != "" {
				t.Errorf("%s: rules (-want +got):\n%s%s", c.What, diff, (&rules.Refusal{Findings: got.Findings}).Error())
			}
			// What is warned about besides a refusal is not the point of a case.
			if warned := sorted(got.Findings, true); c.Admitted() && !slices.Equal(warned, c.Warnings) {
				t.Errorf("%s: warned of %v, want %v", c.What, warned, c.Warnings)
			}
			legible(t, got.Findings)
		})
		if c.Admitted() {
			admitted++
		} else {
			refused++
		}
	}
	t.Logf("%d files: %d admitted, %d refused", admitted+refused, admitted, refused)
}

func TestTheManifestIsInOrder(t *testing.T) {
	cases, err := corpus.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		if c.What == "" || c.Verdict != "admitted" && c.Verdict != "refused" || c.Admitted() != (len(c.Rules) == 0) {
			t.Errorf("incomplete: %+v", c)
		}
		for _, id := range slices.Concat(c.Rules, c.Warnings) {
			if _, known := rules.ByID(id); !known {
				t.Errorf("%s: there is no rule %s", c.File, id)
			}
		}
	}
	for _, r := range rules.All() {
		// 008 and 009 need more than files.
		if r.ID < "ANC200" && !slices.Contains([]string{"ANC008", "ANC009"}, r.ID) &&
			!slices.ContainsFunc(cases, func(c corpus.Case) bool { return slices.Contains(c.Rules, r.ID) || slices.Contains(c.Warnings, r.ID) }) {
			t.Errorf("no case meets %s", r.ID)
		}
	}
}

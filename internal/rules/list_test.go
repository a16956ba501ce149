package rules_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"anchorctl/internal/hint"
	"anchorctl/internal/rules"
)

func TestRulesAreInOrderAndComplete(t *testing.T) {
	var ids []string
	waivable := []string{}
	for _, r := range rules.All() {
		ids = append(ids, r.ID)
		if !regexp.MustCompile(`^ANC[0-7][0-9]{2}$`).MatchString(r.ID) {
			t.Errorf("%q is no rule ID", r.ID)
		}
		if r.Name == "" || r.Remedy == "" || len(r.Cites) == 0 {
			t.Errorf("%s is incomplete: %+v", r.ID, r)
		}
		if r.Waivable {
			waivable = append(waivable, r.ID)
			if r.Severity != rules.Hold {
				t.Errorf("%s can be waived and does not hold", r.ID)
			}
		}
		if want := severity(r.ID); r.Severity != want {
			t.Errorf("%s has severity %s, want %s", r.ID, r.Severity, want)
		}
	}
	if !slices.IsSorted(ids) || len(slices.Compact(slices.Clone(ids))) != len(ids) {
		t.Errorf("not in order, or not unique: %v", ids)
	}
	if want := []string{"ANC603"}; !slices.Equal(waivable, want) {
		t.Errorf("waivable are %v, want %v", waivable, want)
	}
}

// severity is how the groups are meant: what is unsafe in a certificate, a
// configuration or a plan refuses; what depends on others in the account holds.
func severity(id string) rules.Severity {
	switch {
	case id == "ANC012":
		return rules.Warn
	case id >= "ANC600":
		return rules.Hold
	default:
		return rules.Refuse
	}
}

func TestEveryRuleHasItsPage(t *testing.T) {
	headings := []string{"## What it refuses", "## Why", "## How it is detected", "## What to do", "## Sources"}
	for _, r := range rules.All() {
		page, err := rules.Page(r.ID)
		if err != nil {
			t.Error(err)
			continue
		}
		if first, _, _ := strings.Cut(page, "\n"); first != "# "+r.ID+": "+r.Name {
			t.Errorf("%s: the page is titled %q", r.ID, first)
		}
		var got []string
		for _, part := range strings.Split(page, "\n## ")[1:] {
			heading, body, _ := strings.Cut(part, "\n")
			got = append(got, "## "+heading)
			if strings.TrimSpace(body) == "" {
				t.Errorf("%s: nothing below %q", r.ID, heading)
			}
		}
		if !slices.Equal(got, headings) {
			t.Errorf("%s: headings are %q, want %q", r.ID, got, headings)
		}
		_, sources, _ := strings.Cut(page, "## Sources")
		if !regexp.MustCompile(`https://[^>\s]+`).MatchString(sources) {
			t.Errorf("%s: the page cites nothing", r.ID)
		}
		for _, cited := range regexp.MustCompile(`ANC[0-9]{3}`).FindAllString(page, -1) {
			if _, known := rules.ByID(cited); !known {
				t.Errorf("%s: the page speaks of %s, which is no rule", r.ID, cited)
			}
		}
	}
	files, err := os.ReadDir("pages")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != len(rules.All()) {
		t.Errorf("%d pages for %d rules", len(files), len(rules.All()))
	}
}

func TestNoPageForWhatIsNoRule(t *testing.T) {
	for _, id := range []string{"", "ANC999", "anc001", "../ANC001", "ANC001.md"} {
		_, err := rules.Page(id)
		if err == nil || len(hint.Of(err)) == 0 {
			t.Errorf("%q: %v, hints %q", id, err, hint.Of(err))
		}
	}
}

func TestCertificatesDocumentAgreesWithTheRules(t *testing.T) {
	text, err := os.ReadFile("../../docs/certificates.md")
	if err != nil {
		t.Fatal(err)
	}
	levels := map[string]map[string]bool{}
	level := ""
	for _, line := range strings.Split(string(text), "\n") {
		if heading, ok := strings.CutPrefix(line, "## "); ok {
			level = heading
			levels[level] = map[string]bool{}
			continue
		}
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| level") || strings.HasPrefix(line, "| ---") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "| "), " | ")
		if len(cells) != 3 || !slices.Contains([]string{"MUST", "MUST NOT", "SHOULD", "SHOULD NOT"}, cells[0]) {
			t.Errorf("not a requirement: %s", line)
			continue
		}
		r, known := rules.ByID(cells[2])
		if !known {
			t.Errorf("%s: there is no rule %q: %s", level, cells[2], cells[1])
		}
		if strings.HasPrefix(cells[0], "MUST") && r.Severity != rules.Refuse {
			t.Errorf("%s: %s does not refuse: %s", level, r.ID, cells[1])
		}
		levels[level][r.ID] = true
	}
	for _, name := range []string{"Root", "Issuer", "Workload"} {
		if len(levels[name]) == 0 {
			t.Errorf("nothing is said of %s certificates", name)
		}
	}
	for _, r := range rules.All() {
		want := "Issuer"
		switch {
		case r.ID >= "ANC300":
			continue
		case r.ID >= "ANC200":
			want = "Workload"
		}
		if !levels[want][r.ID] {
			t.Errorf("%s has no row below %q", r.ID, want)
		}
	}
}

func TestFind(t *testing.T) {
	f := rules.Find("ANC603", "role/111122223333/x", "it accepts\x1b[2J", "any anchor")
	if f.Severity != rules.Hold || f.Name == "" || f.Remedy == "" {
		t.Errorf("incomplete: %+v", f)
	}
	if want := `role/111122223333/x: it accepts\x1b[2J; any anchor [ANC603]`; f.String() != want {
		t.Errorf("got %q, want %q", f.String(), want)
	}
	if unknown := rules.Find("ANC999", "x", "y"); unknown.Severity != rules.Refuse {
		t.Errorf("a rule that does not exist has severity %q", unknown.Severity)
	}
}

func TestRefusalSaysAllOfIt(t *testing.T) {
	var err error = &rules.Refusal{Findings: []rules.Finding{
		rules.Find("ANC012", "anchor/prod", "certificate expires in 3 days"),
		rules.Find("ANC001", "anchor/prod", "certificate is self-signed"),
	}}
	want := "anchor/prod: certificate is self-signed [ANC001]\nwarn: anchor/prod: certificate expires in 3 days [ANC012]"
	if err.Error() != want {
		t.Errorf("got %q, want %q", err.Error(), want)
	}
}

// Where a rule says no is shown on the real program.
func TestEveryCertificateRuleHasAScript(t *testing.T) {
	files, err := filepath.Glob("../../cmd/anchorctl/testdata/script/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	var all strings.Builder
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	for _, r := range rules.All() {
		if r.ID < "ANC300" && !strings.Contains(all.String(), r.ID) {
			t.Errorf("no script shows %s", r.ID)
		}
	}
}

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
	for _, r := range rules.All() {
		ids = append(ids, r.ID)
		if !regexp.MustCompile(`^ANC[0-7][0-9]{2}$`).MatchString(r.ID) {
			t.Errorf("%q is no rule ID", r.ID)
		}
		if r.Name == "" || r.Remedy == "" || len(r.Cites) == 0 {
			t.Errorf("%s is incomplete: %+v", r.ID, r)
		}
		if want := slices.Contains(waivable(), r.ID); r.Waivable != want {
			t.Errorf("%s can be waived: %v, want %v", r.ID, r.Waivable, want)
		}
		if want := severity(r.ID); r.Severity != want {
			t.Errorf("%s has severity %s, want %s", r.ID, r.Severity, want)
		}
	}
	if !slices.IsSorted(ids) || len(slices.Compact(slices.Clone(ids))) != len(ids) {
		t.Errorf("not in order, or not unique: %v", ids)
	}
}

// waivable are the rules about what a team may answer for itself, for a time.
func waivable() []string {
	return []string{"ANC303", "ANC308", "ANC313", "ANC314", "ANC315", "ANC316", "ANC319", "ANC603"}
}

// severity is how the groups are meant: what is unsafe in a certificate, a
// configuration, a trust policy or a plan refuses; what a role may do beyond
// its need, and what depends on others in the account, holds; what opens
// nothing is warned about.
func severity(id string) rules.Severity {
	switch id {
	case "ANC012", "ANC309", "ANC317", "ANC601", "ANC602", "ANC606", "ANC607",
		"ANC701", "ANC702", "ANC703", "ANC704", "ANC705":
		return rules.Warn
	case "ANC303", "ANC308", "ANC313", "ANC314", "ANC315", "ANC316", "ANC319",
		"ANC503", "ANC504", "ANC505": // what waits
		return rules.Hold
	}
	if id >= "ANC600" {
		return rules.Hold
	}
	return rules.Refuse
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

// requirement is a row of docs/certificates.md or docs/roles.md.
type requirement struct{ section, level, text, rule string }

func requirements(t *testing.T, document string) []requirement {
	t.Helper()
	text, err := os.ReadFile("../../docs/" + document)
	if err != nil {
		t.Fatal(err)
	}
	var rows []requirement
	section, table := "", false
	for _, line := range strings.Split(string(text), "\n") {
		if heading, ok := strings.CutPrefix(line, "## "); ok {
			section = heading
		}
		switch {
		case !strings.HasPrefix(line, "| "):
			table = false
		case strings.HasPrefix(line, "| level | requirement | rule |"):
			table = true
		case table && !strings.HasPrefix(line, "| ---"):
			cells := strings.Split(strings.Trim(line, "| "), " | ")
			if len(cells) != 3 || !slices.Contains([]string{"MUST", "MUST NOT", "SHOULD", "SHOULD NOT"}, cells[0]) {
				t.Errorf("%s: not a requirement: %s", document, line)
				continue
			}
			rows = append(rows, requirement{section, cells[0], cells[1], cells[2]})
		}
	}
	return rows
}

// What a row demands its rule must be able to stop, and a rule that only warns
// demands nothing.
func TestRequirementsAgreeWithTheRules(t *testing.T) {
	for document, sections := range map[string][]string{
		"certificates.md": {"Root", "Issuer", "Workload", "Revocation list"}, "roles.md": {"Trust policy", "Permissions", "Profile", "Account"},
	} {
		said := map[string]bool{}
		for _, row := range requirements(t, document) {
			r, known := rules.ByID(row.rule)
			if !known {
				t.Errorf("%s, %s: there is no rule %q: %s", document, row.section, row.rule, row.text)
			}
			if strings.HasPrefix(row.level, "MUST") && r.Severity != rules.Refuse && (document != "roles.md" || r.Severity != rules.Hold) {
				t.Errorf("%s, %s: %s stops nothing: %s", document, row.section, r.ID, row.text)
			}
			said[row.section] = true
		}
		for _, name := range sections {
			if !said[name] {
				t.Errorf("%s says nothing of %q", document, name)
			}
		}
	}
}

func TestEveryRuleHasItsRow(t *testing.T) {
	in := map[string][]string{}
	for _, document := range []string{"certificates.md", "roles.md"} {
		for _, row := range requirements(t, document) {
			in[row.rule] = append(in[row.rule], row.section)
		}
	}
	for _, r := range rules.All() {
		var want []string
		switch group := r.ID[:len("ANC0")]; {
		case group < "ANC2":
			want = []string{"Issuer"}
		case group == "ANC2":
			want = []string{"Workload"}
		case group == "ANC3":
			want = []string{"Trust policy", "Permissions", "Profile"}
		case group == "ANC6":
			want = []string{"Profile", "Account"}
		case group == "ANC7":
			want = []string{"Revocation list"}
		default:
			continue // what plans and rotations must be is said in docs/planning.md
		}
		if !slices.ContainsFunc(in[r.ID], func(section string) bool { return slices.Contains(want, section) }) {
			t.Errorf("%s has no row below any of %q", r.ID, want)
		}
	}
}

// The scripts are the manual: each rule is met in one of them.
func TestEveryRuleHasItsScript(t *testing.T) {
	scripts, err := filepath.Glob("../../cmd/anchorctl/testdata/script/*.txtar")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("%d scripts, %v", len(scripts), err)
	}
	var all strings.Builder
	for _, path := range scripts {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	for _, r := range rules.All() {
		if !strings.Contains(all.String(), r.ID) {
			t.Errorf("no script shows %s", r.ID)
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

package grants_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/grants"
	"anchorctl/internal/rules"
)

const permissionCorpusDir = "testdata/permissions"

// permissionCase is a line of the manifest.
type permissionCase struct {
	file, verdict, why string
	rules              []string
	grants.PermissionCase
}

func permissionCorpus(t testing.TB) []permissionCase {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(permissionCorpusDir, "manifest.txt"))
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]grants.PermissionKind{"role": grants.RolePermissions, "session": grants.SessionPermissions}
	var cases []permissionCase
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		cells := strings.Split(line, " | ")
		if len(cells) != 5 {
			t.Fatalf("not a case: %s", line)
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		c := permissionCase{file: cells[0], verdict: cells[2], why: cells[4]}
		if cells[3] != "-" {
			c.rules = strings.Split(cells[3], " ")
		}
		c.At, c.Kind = c.file, kinds[cells[1]]
		if c.Kind == 0 {
			t.Fatalf("not a kind: %s", line)
		}
		if c.Document, err = os.ReadFile(filepath.Join(permissionCorpusDir, c.file)); err != nil {
			t.Fatal(err)
		}
		cases = append(cases, c)
	}
	return cases
}

func TestPermissionCorpus(t *testing.T) {
	verdicts := map[string]int{}
	for _, c := range permissionCorpus(t) {
		verdicts[c.verdict]++
		t.Run(c.file, func(t *testing.T) {
			findings := grants.JudgePermissions(c.PermissionCase)
			if diff := cmp.Diff(c.rules, rulesOf(findings)); diff != "" || verdictOf(findings) != c.verdict {
				t.Errorf("%s: it is %s, want %s; rules (-want +got):\n%s%s", c.why, verdictOf(findings), c.verdict, diff, (&rules.Refusal{Findings: findings}).Error())
			}
			for _, f := range findings {
				if f.At != c.file || f.Element == "" || f.Evidence == "" || f.Remedy == "" {
					t.Errorf("incomplete: %+v", f)
				}
			}
		})
	}
	for verdict, least := range map[string]int{"fine": 40, "warned": 20, "held": 30, "refused": 5} {
		if verdicts[verdict] < least {
			t.Errorf("%d policies are %s, want %d", verdicts[verdict], verdict, least)
		}
	}
}

func TestPermissionCorpusHasNoFileWithoutAVerdict(t *testing.T) {
	files, err := os.ReadDir(permissionCorpusDir)
	if err != nil {
		t.Fatal(err)
	}
	listed := []string{"manifest.txt"}
	for _, c := range permissionCorpus(t) {
		if slices.Contains(listed, c.file) {
			t.Errorf("%s is judged twice", c.file)
		}
		listed = append(listed, c.file)
	}
	for _, f := range files {
		if !slices.Contains(listed, f.Name()) {
			t.Errorf("%s is not in the manifest", f.Name())
		}
	}
}

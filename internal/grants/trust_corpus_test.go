package grants_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"anchorctl/internal/gates"
	"anchorctl/internal/grants"
	"anchorctl/internal/iampolicy"
	"anchorctl/internal/rules"
)

const (
	trustAccount   = "111122223333"
	anchorHere     = "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/11111111-2222-3333-4444-555555555555"
	anchorElse     = "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/99999999-2222-3333-4444-555555555555"
	backupURI      = "spiffe://prod.example.internal/backup"
	trustCorpusDir = "testdata/trust"
)

// trustCase is a line of the manifest.
type trustCase struct {
	file, verdict            string
	rules                    []string
	own, stranger, elsewhere string
	why                      string
	document                 []byte
}

func trustCorpus(t testing.TB) []trustCase {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(trustCorpusDir, "manifest.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []trustCase
	for _, line := range strings.Split(string(text), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		cells := strings.Split(line, " | ")
		if len(cells) != 7 {
			t.Fatalf("not a case: %s", line)
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		c := trustCase{file: cells[0], verdict: cells[1], own: cells[3], stranger: cells[4], elsewhere: cells[5], why: cells[6]}
		if cells[2] != "-" {
			c.rules = strings.Split(cells[2], ",")
		}
		if c.document, err = os.ReadFile(filepath.Join(trustCorpusDir, c.file)); err != nil {
			t.Fatal(err)
		}
		cases = append(cases, c)
	}
	return cases
}

// verdictOf is what findings come to.
func verdictOf(findings []rules.Finding) string {
	worst := "fine"
	for _, f := range findings {
		switch {
		case f.Severity == rules.Refuse:
			return "refused"
		case f.Severity == rules.Hold:
			worst = "held"
		case f.Severity == rules.Warn && worst == "fine":
			worst = "warned"
		}
	}
	return worst
}

func rulesOf(findings []rules.Finding) []string {
	var ids []string
	for _, f := range findings {
		ids = append(ids, f.Rule)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

func TestTrustCorpus(t *testing.T) {
	cases := trustCorpus(t)
	for _, c := range cases {
		t.Run(c.file, func(t *testing.T) {
			findings := grants.JudgeTrust(grants.TrustCase{At: c.file, Document: c.document})
			if got := verdictOf(findings); got != c.verdict || !slices.Equal(rulesOf(findings), c.rules) {
				t.Errorf("%s by %v, want %s by %v (%s)\n%v", got, rulesOf(findings), c.verdict, c.rules, c.why, findings)
			}
			for _, f := range findings {
				if f.Evidence == "" || f.Remedy == "" || !strings.Contains(f.Element, "line ") || !strings.Contains(f.Element, "column ") {
					t.Errorf("incomplete: %+v", f)
				}
			}
		})
	}
	files, err := os.ReadDir(trustCorpusDir)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != len(cases)+1 {
		t.Errorf("%d files for %d cases", len(files)-1, len(cases))
	}
}

// holder is what the service makes of a certificate.
type holder struct{ name, unit, serial string }

func (h holder) asks(anchor string) iampolicy.Request {
	return gates.TrustRequest(gates.Trusted{
		AnchorARN: anchor, Account: trustAccount, SessionName: h.serial, SourceIdentity: "CN=" + h.name,
		Now: time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC),
		Tags: map[string]string{
			"x509Subject/CN": h.name, "x509Subject/OU": h.unit, "x509Subject/O": "Example Corp", "x509Subject/C": "DE",
			"x509Issuer/CN": "prod issuer 1", "x509Issuer/O": "Example Corp",
			"x509SAN/URI": "spiffe://prod.example.internal/" + h.name, "x509SAN/DNS": h.name + ".prod.example.internal",
		},
	})
}

func owner() holder    { return holder{"backup", "prod", "0a1b2c3d4e5f"} }
func stranger() holder { return holder{"stranger", "guests", "5f4e3d2c1b0a"} }

// lets says whether a policy lets a session in.
func lets(document []byte, r iampolicy.Request) string {
	d, err := iampolicy.Parse(document)
	if err != nil {
		return "out"
	}
	switch got := d.Evaluate(r); {
	case got.Allowed:
		return "in"
	case got.Possible:
		return "unclear"
	}
	return "out"
}

// The evaluator agrees with the verdicts by hand, and whatever no rule about
// pins finds lets neither the stranger in nor another anchor.
func TestTrustCorpusIsEvaluatedAsByHand(t *testing.T) {
	for _, c := range trustCorpus(t) {
		if slices.Contains(c.rules, "ANC312") {
			// What the kind alone forbids, the evaluator is not asked about.
			continue
		}
		got := []string{lets(c.document, owner().asks(anchorHere)), lets(c.document, stranger().asks(anchorHere)), lets(c.document, owner().asks(anchorElse))}
		if want := []string{c.own, c.stranger, c.elsewhere}; !slices.Equal(got, want) {
			t.Errorf("%s: own, stranger, elsewhere: got %v, want %v (%s)", c.file, got, want, c.why)
		}
		if !finds(c.rules, "ANC304", "ANC305", "ANC306") && (got[1] == "in" || got[2] == "in") {
			t.Errorf("%s: nothing was found, and it lets others in", c.file)
		}
	}
}

func finds(ids []string, any ...string) bool {
	return slices.ContainsFunc(ids, func(id string) bool { return slices.Contains(any, id) })
}

package estate_test

import (
	"errors"
	"strings"
	"testing"

	"anchorctl/internal/engine"
	"anchorctl/internal/estate"
	"anchorctl/internal/hint"
	"anchorctl/internal/ownership"
)

// verifiedTwice is a converged estate of two regions whose trust policies are their
// teams' to write.
func verifiedTwice(t *testing.T) *lab {
	t.Helper()
	target := `{account: "` + account + `", region: eu-central-1}`
	two := strings.ReplaceAll(twoEnvironments("verify"), target, target+`, {account: "`+account+`", region: eu-west-1}`)
	l := newLab(t, two, "dev-app", "prod-app")
	l.install(t, heldRun(t, l))
	l.mustApply(t, estate.ApplyOptions{})
	return l
}

// heldRun applies, and asserts that it is held.
func heldRun(t *testing.T, l *lab) *engine.HeldRun {
	t.Helper()
	_, err := l.apply(t.Context(), estate.ApplyOptions{}, nil)
	var run *engine.HeldRun
	if !errors.As(err, &run) {
		t.Fatalf("error is %v, want holds", err)
	}
	return run
}

// deleteProdAnchor deletes one of prod's anchors as somebody would by hand.
func (l *lab) deleteProdAnchor(t *testing.T) {
	t.Helper()
	for arn, object := range l.live(t) {
		if object.tags[ownership.TagResource] == prodAnchor.String() {
			if err := l.cloud(t).Anchors.Delete(t.Context(), arn[strings.LastIndex(arn, "/")+1:]); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// The role's statement names an anchor that is no more and one that is enabled: the
// first apply makes the anchor anew, and from then on the statement is nobody's that
// is known. Whatever holds the applies after that, they say what is to be installed.
func TestWhatIsToBeInstalledIsShownEachTime(t *testing.T) {
	for _, test := range []struct {
		name     string
		rewrite  func(trust string) string // what the team has made of the statement
		replaces string
	}{
		{"under the Sid of the estate", func(trust string) string { return trust }, `the statement "AnchorctlProd"`},
		{"under a Sid of the team's", func(trust string) string { return strings.Replace(trust, "AnchorctlProd", "Ours", 1) }, `the statement "Ours"`},
		{"under none", func(trust string) string { return strings.Replace(trust, `"Sid": "AnchorctlProd",`, "", 1) }, "the statement 1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := verifiedTwice(t)
			l.setTrust(t, "prod-app", test.rewrite(l.trust(t, "prod-app")))
			l.deleteProdAnchor(t)
			first := heldRun(t, l)
			shown := shownIn(t, first, test.replaces)
			if arn := l.anchor(t, prodAnchor).ARN; !strings.Contains(shown.Text, arn) {
				t.Errorf("the document does not name %s: %s", arn, shown.Text)
			}
			for range 2 {
				if again := shownIn(t, heldRun(t, l), test.replaces); again != shown {
					t.Errorf("another document is shown: %+v", again)
				}
			}
			p := l.plan(t, estate.Options{})
			if len(p.Documents()) != 1 || p.Documents()[0] != shown {
				t.Errorf("the plan shows %+v, want %+v", p.Documents(), shown)
			}
			for _, f := range p.Findings {
				if f.Rule == "ANC603" && !strings.Contains(f.Remedy, test.replaces) {
					t.Errorf("what to do is said to be: %s", f.Remedy)
				}
			}
			if s := l.status(t); len(s.Documents) != 1 || s.Documents[0] != shown {
				t.Errorf("the status shows %+v, want %+v", s.Documents, shown)
			}
			l.setTrust(t, "prod-app", shown.Text)
			l.mustApply(t, estate.ApplyOptions{})
			if p := l.plan(t, estate.Options{}); len(p.Plan.Actions)+len(p.Findings)+len(p.Documents()) > 0 {
				t.Errorf("left are %v, %v and %v", ids(p.Plan.Actions), p.Findings, p.Documents())
			}
		})
	}
}

// shownIn is the one document of a held run, whose hints say what it takes the place
// of.
func shownIn(t *testing.T, run *engine.HeldRun, replaces string) engine.Document {
	t.Helper()
	var all []engine.Document
	for _, held := range run.Held {
		all = append(all, held.Documents...)
	}
	if len(all) != 1 || all[0].At != "role/111122223333/prod-app" {
		t.Fatalf("shown are %+v, by %v, want what prod-app needs", all, run)
	}
	hints := strings.Join(hint.Of(engine.Hold(run.Held...)), "\n")
	if !strings.Contains(hints, replaces) || strings.Contains(hints, "add the statement") {
		t.Errorf("the hints do not say to replace %s: %s", replaces, hints)
	}
	return all[0]
}

// What holds may have nothing to do with the role.
func TestWhatIsToBeInstalledIsShownWhateverElseHolds(t *testing.T) {
	l := newLab(t, twoEnvironments("verify"), "dev-app", "prod-app", "other")
	first := heldRun(t, l)
	l.setTrust(t, "dev-app", documentsAt(first)["role/111122223333/dev-app"])
	heldRun(t, l) // dev is opened, prod is not
	l.setTrust(t, "dev-app", withCareless(t, l.trust(t, "dev-app")))
	again := documentsAt(heldRun(t, l))
	if got, want := again["role/111122223333/prod-app"], documentsAt(first)["role/111122223333/prod-app"]; got != want || len(again) != 1 {
		t.Errorf("shown are %v, want %s alone", again, want)
	}
}

func documentsAt(run *engine.HeldRun) map[string]string {
	all := map[string]string{}
	for _, held := range run.Held {
		for _, d := range held.Documents {
			all[d.At] = d.Text
		}
	}
	return all
}

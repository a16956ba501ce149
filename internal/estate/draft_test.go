package estate_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/estate"
	"anchorctl/internal/iampolicy"
	"anchorctl/internal/plan"
)

func TestADraftIsWhatApplyingMakesAndAsksNothingOfAWS(t *testing.T) {
	l := newLab(t, twoEnvironments("manage"), "dev-app", "prod-app")
	planned, err := l.open(t, nil).Draft(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if n := len(l.requests(t)); n > 0 {
		t.Errorf("it sent %d requests", n)
	}
	for _, issuer := range planned.Issuers {
		if want := issuer.Environment != ""; (issuer.Status == estate.Planned) != want || (issuer.Certificate == nil) != want {
			t.Errorf("before anything is minted, %s is %s", issuer.Addr, issuer.Status)
		}
	}
	l.mustApply(t, estate.ApplyOptions{})
	draft, err := l.open(t, nil).Draft(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	live := l.look(t)
	if diff := cmp.Diff(outline(live), outline(draft)); diff != "" {
		t.Errorf("the draft is not what was made (-made +draft):\n%s", diff)
	}
	names := strings.NewReplacer(arnsOf(live, draft)...)
	for addr, role := range draft.Roles {
		sid := map[string]string{"dev-app": "AnchorctlDev", "prod-app": "AnchorctlProd"}[addr.Name]
		if got := names.Replace(live.Roles[addr].Trust); !iampolicy.Equal(statementOf(t, got, sid), statementOf(t, role.Trust, sid)) {
			t.Errorf("%s trusts %s, the draft has %s", addr, got, role.Trust)
		}
	}
	for i, p := range draft.Places[0].Profiles {
		made := live.Places[0].Profiles[i].Live
		if p.Addr != live.Places[0].Profiles[i].Addr || cmp.Diff(made.Mappings, p.Live.Mappings) != "" ||
			cmp.Diff(made.RoleARNs, p.Live.RoleARNs) != "" || made.DurationSeconds != p.Live.DurationSeconds {
			t.Errorf("profile %+v was made, the draft has %+v", made, p.Live)
		}
	}
}

// arnsOf are the ARNs of the live anchors, each with that of the draft.
func arnsOf(live, draft estate.Scene) []string {
	made := map[plan.Addr]string{}
	for _, a := range live.Places[0].Anchors {
		made[a.Addr] = a.Live.ARN
	}
	var pairs []string
	for _, a := range draft.Places[0].Anchors {
		pairs = append(pairs, made[a.Addr], a.Live.ARN)
	}
	return pairs
}

// statementOf is the document with the statement of that Sid alone.
func statementOf(t *testing.T, trust, sid string) *iampolicy.Document {
	t.Helper()
	doc, err := iampolicy.Parse([]byte(trust))
	if err != nil {
		t.Fatal(err)
	}
	one, found := doc.Statement(sid)
	if !found {
		t.Fatalf("no statement %s in %s", sid, trust)
	}
	doc.Statements = []iampolicy.Statement{one}
	return doc
}

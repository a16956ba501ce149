package awsapi

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"anchorctl/internal/admission"
	"anchorctl/internal/anchors"
	"anchorctl/internal/engine"
	"anchorctl/internal/pki/pkitest"
	"anchorctl/internal/plan"
	"anchorctl/internal/roles"
)

// A role whose team asks for the issuer by name lets in certificates of the
// next generation as soon as it is widened, and those of the former one until
// it is narrowed.
func TestARoleFollowsTheIssuersName(t *testing.T) {
	w := newWorld(t)
	s := w.sessions()
	byName := `"StringEquals":{"aws:PrincipalTag/x509Issuer/CN":"prod issuer 1"`
	trusted := `{"Version":"2012-10-17","Statement":[` +
		`{"Effect":"Allow","Principal":{"Service":"rolesanywhere.amazonaws.com"},"Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"],"Condition":{` + byName + `}}},` +
		`{"Effect":"Deny","Principal":{"Service":"rolesanywhere.amazonaws.com"},"Action":"sts:AssumeRole","Condition":{` + strings.Replace(byName, "Equals", "NotEquals", 1) + `}}}]}`
	api := w.target.Roles()
	if err := api.PutTrust(t.Context(), "prod-backup", trusted); err != nil {
		t.Fatal(err)
	}
	w.estate.Issuers["next"] = w.estate.Root.Issuer(t, "prod", pkitest.Name("prod issuer 2"))
	all := must[[]anchors.Live](t)(w.target.Anchors().List(t.Context(), true))
	if err := w.target.Anchors().Change(t.Context(), all[0].ID, anchors.Change{Certificates: []admission.Admitted{w.admitted("prod"), w.admitted("next")}}); err != nil {
		t.Fatal(err)
	}
	now := w.v.clock().Now()
	former := s.leaf("backup")
	next := w.estate.Issuers["next"].Leaf(t, "prod", "backup", pkitest.Dates(now.Add(-time.Hour), now.Add(24*time.Hour)))
	let := func(when string, wantFormer, wantNext int) {
		t.Helper()
		if a, b := s.ask(former), s.ask(next); a != wantFormer || b != wantNext {
			t.Errorf("%s: the former generation is answered %d, the next %d; want %d and %d", when, a, b, wantFormer, wantNext)
		}
	}
	rename := roles.Rename{Old: "prod issuer 1", New: "prod issuer 2"}
	let("before", http.StatusCreated, http.StatusForbidden)
	w.follow(roles.Widen, rename)
	let("widened", http.StatusCreated, http.StatusCreated)
	w.follow(roles.Narrow, rename)
	let("narrowed", http.StatusForbidden, http.StatusCreated)
}

// follow makes an action of the role as it is and does it.
func (w *world) follow(by func(plan.Addr, roles.Live, roles.Rename, []string) (plan.Action, bool, error), r roles.Rename) {
	w.t.Helper()
	api := w.target.Roles()
	live := must[roles.Live](w.t)(api.Get(w.t.Context(), "prod-backup"))
	a, needed, err := by(plan.Role(account, "prod-backup"), live, r, nil)
	if err != nil || !needed {
		w.t.Fatalf("needed %v, %v", needed, err)
	}
	doers := roles.Doers{API: func(context.Context, plan.Addr) (roles.API, error) { return api, nil }, Clock: w.v.clock()}
	if _, err := doers.ByKind()[a.Kind].Do(w.t.Context(), engine.Step{Action: a, Before: a.Before, After: a.After}); err != nil {
		w.t.Fatal(err)
	}
}

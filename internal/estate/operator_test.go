package estate_test

import (
	"strings"
	"testing"

	"anchorctl/internal/estate"
	"anchorctl/internal/iampolicy"
	"anchorctl/internal/operator"
	"anchorctl/internal/ownership"
	"anchorctl/internal/plan"
	"anchorctl/internal/roles"
	"anchorctl/internal/sandbox"
)

// writes are what each kind of action sends to AWS to change something.
func writes(k plan.Kind) []string {
	return map[plan.Kind][]string{
		plan.AnchorCreate:   {"rolesanywhere:CreateTrustAnchor"},
		plan.AnchorUpdate:   {"rolesanywhere:UpdateTrustAnchor", "rolesanywhere:PutNotificationSettings"},
		plan.AnchorTag:      {"rolesanywhere:TagResource"},
		plan.AnchorEnable:   {"rolesanywhere:EnableTrustAnchor"},
		plan.AnchorDisable:  {"rolesanywhere:DisableTrustAnchor"},
		plan.AnchorDelete:   {"rolesanywhere:DeleteTrustAnchor"},
		plan.ProfileCreate:  {"rolesanywhere:CreateProfile"},
		plan.ProfileNarrow:  {"rolesanywhere:UpdateProfile"},
		plan.ProfileUpdate:  {"rolesanywhere:UpdateProfile", "rolesanywhere:PutAttributeMapping"},
		plan.ProfileTag:     {"rolesanywhere:TagResource"},
		plan.ProfileEnable:  {"rolesanywhere:EnableProfile"},
		plan.ProfileDisable: {"rolesanywhere:DisableProfile"},
		plan.ProfileDelete:  {"rolesanywhere:DeleteProfile"},
		plan.RolePin:        {"iam:UpdateAssumeRolePolicy"},
		plan.RoleUnpin:      {"iam:UpdateAssumeRolePolicy"},
		plan.RoleWiden:      {"iam:UpdateAssumeRolePolicy"},
		plan.RoleNarrow:     {"iam:UpdateAssumeRolePolicy"},
	}[k]
}

// printedPolicy is what "policy operator" would print now.
func (l *lab) printedPolicy(t *testing.T) (text string, lineage string) {
	t.Helper()
	w, done, err := l.world(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	objects, err := w.Folder.Store.Objects(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all, err := operator.Policies(w.Folder.Config, w.Folder.Estate.Lineage, objects)
	if err != nil {
		t.Fatal(err)
	}
	policy, err := operator.Of(all, account)
	if err != nil {
		t.Fatal(err)
	}
	return string(policy.Document), w.Folder.Estate.Lineage
}

func TestTheOperatorsPolicyAllowsAllThatAPlanWrites(t *testing.T) {
	regions := func(text string) string {
		return strings.ReplaceAll(text, "region: eu-central-1}]", `region: eu-central-1}, {account: "`+account+`", region: eu-west-1}]`)
	}
	whole := twoEnvironments("manage")
	for _, c := range []struct {
		name    string
		before  string // applied first, when there is one
		now     string
		options estate.Options
		kind    plan.Kind // some action that the plan must have
	}{
		{"from empty", "", whole, estate.Options{}, plan.RolePin},
		{"a role left", whole, strings.Replace(whole, "prod-app: {workloads", "other: {workloads", 1), estate.Options{}, plan.RoleUnpin},
		{"a region left", regions(whole), whole, estate.Options{}, plan.AnchorDelete},
		{"an environment left", whole, small(), estate.Options{Delete: []string{"prod"}}, plan.RoleUnpin},
		{"an environment left with its region", regions(whole), small(), estate.Options{Delete: []string{"prod"}}, plan.ProfileDelete},
		{"all goes, a region that left too", regions(whole), whole, estate.Options{Destroy: true}, plan.AnchorDelete},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLab(t, c.now, "dev-app", "prod-app", "other")
			if c.before != "" {
				l.write(t, c.before)
				l.mustApply(t, estate.ApplyOptions{})
				l.write(t, c.now)
			}
			text, lineage := l.printedPolicy(t)
			p := l.plan(t, c.options)
			if !strings.Contains(strings.Join(ids(p.Plan.Actions), "\n"), string(c.kind)) {
				t.Errorf("the plan has no %s: %v", c.kind, ids(p.Plan.Actions))
			}
			for _, a := range p.Plan.Actions {
				mayWrite(t, text, lineage, a)
			}
			before := len(l.requests(t))
			l.mustApply(t, estate.ApplyOptions{Options: c.options})
			for _, r := range l.requests(t)[before:] {
				if action := r.Service + ":" + r.Op; (!isRead(r.Op) || r.Service == "iam") && !strings.Contains(text, `"`+action+`"`) {
					t.Errorf("%s was sent, and the policy does not have it", action)
				}
			}
		})
	}
}

func isRead(op string) bool { return strings.HasPrefix(op, "List") || strings.HasPrefix(op, "Get") }

func (l *lab) requests(t *testing.T) []sandbox.Request {
	t.Helper()
	var log []sandbox.Request
	if err := l.control("GET", "requests", nil, &log); err != nil {
		t.Fatal(err)
	}
	return log
}

// mayWrite asserts that the policy allows what the action sends, to an object
// that carries the estate's tag.
func mayWrite(t *testing.T, text, lineage string, a plan.Action) {
	t.Helper()
	doc, err := iampolicy.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if len(writes(a.Kind)) == 0 && a.Kind != plan.IssuerMint && a.Kind != plan.RoleVerify {
		t.Errorf("nobody wrote down what %s sends", a.Kind)
	}
	resource := roles.ARN("aws", a.Addr)
	switch {
	case a.Once:
		resource = "*"
	case a.Addr.Kind == plan.KindAnchor:
		resource = "arn:aws:rolesanywhere:" + a.Addr.Target.Region + ":" + a.Addr.Target.Account + ":trust-anchor/x"
	case a.Addr.Kind == plan.KindProfile:
		resource = "arn:aws:rolesanywhere:" + a.Addr.Target.Region + ":" + a.Addr.Target.Account + ":profile/x"
	}
	key := "aws:ResourceTag/" + ownership.TagEstate
	if a.Once {
		key = "aws:RequestTag/" + ownership.TagEstate
	}
	for _, action := range writes(a.Kind) {
		d := doc.Evaluate(iampolicy.Request{Actions: []string{action}, Resource: resource, Context: map[string][]string{key: {lineage}}})
		if !d.Allowed {
			t.Errorf("%s needs %s on %s: %s", a.ID, action, resource, d.Explain())
		}
	}
}

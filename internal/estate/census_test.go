package estate_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/config"
	"anchorctl/internal/estate"
	"anchorctl/internal/grants"
	"anchorctl/internal/hint"
	"anchorctl/internal/plan"
	"anchorctl/internal/roles"
)

func (l *lab) census(t *testing.T, w estate.World, account string) estate.Census {
	t.Helper()
	c, err := w.Census(t.Context(), account)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestACensusReadsEveryRoleAndChangesNothing(t *testing.T) {
	l := converged(t)
	l.attach(t, "prod-app", "arn:aws:iam::aws:policy/ReadOnlyAccess")
	w := l.open(t, nil)
	before := len(l.requests(t))
	// Somebody else is at work meanwhile: looking does not wait.
	release, err := w.Folder.Store.Lock(t.Context(), "apply", false)
	if err != nil {
		t.Fatal(err)
	}
	c := l.census(t, w, "")
	if err := release(); err != nil {
		t.Fatal(err)
	}
	policy, _ := l.printedPolicy(t)
	asked := map[string]int{}
	for _, r := range l.requests(t)[before:] {
		action := map[string]string{"tagging": "tag"}[r.Service]
		if action == "" {
			action = r.Service
		}
		if action += ":" + r.Op; !isRead(r.Op) || !strings.Contains(policy, `"`+action+`"`) {
			t.Errorf("it sent %s, which is no read or not in the operator's policy", action)
		}
		if r.Service == "iam" {
			asked[r.Op]++
		}
	}
	// Each mapped role once, and its two lists; all others come with the list.
	want := map[string]int{"ListRoles": 1, "GetRole": 2, "ListAttachedRolePolicies": 2, "ListRolePolicies": 2}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Errorf("calls of IAM (-want +got):\n%s", diff)
	}
	var names []string
	for _, r := range c.Accounts[0].Roles {
		names = append(names, r.Name)
	}
	if diff := cmp.Diff([]string{"dev-app", "other", "prod-app"}, names); diff != "" || c.Accounts[0].Account != account || c.Accounts[0].Unlisted != "" {
		t.Errorf("roles of %s: %s", c.Accounts[0].Account, diff)
	}
	m := c.Mapped[plan.Role(account, "prod-app")]
	if m.Environment != "prod" || len(m.Case.Attached) != 1 || m.Case.Trust.Anchors[0] != l.anchor(t, prodAnchor).ARN {
		t.Errorf("the mapped role is %+v", m)
	}
	if diff := cmp.Diff([]grants.RoleUse{{Profile: prodProfile.String(), Roles: 1, Session: 3600e9, MostSensitive: 1800e9}}, m.Case.Uses); diff != "" {
		t.Error(diff)
	}
	if findings := grants.JudgeRole(m.Case); len(findings) != 1 || findings[0].Rule != "ANC303" {
		t.Errorf("found is %v", findings)
	}
}

// unlisted is an account whose roles may not be listed.
type unlisted struct{ roles.API }

func (unlisted) List(context.Context) ([]roles.Live, error) {
	return nil, hint.With(errors.New("ListRoles: denied"), "the credentials lack iam:ListRoles")
}

func TestRolesThatMayNotBeListedAreSaid(t *testing.T) {
	l := converged(t)
	w := l.open(t, func(c *estate.Cloud, _ config.Target) error {
		c.Roles = unlisted{c.Roles}
		return nil
	})
	c := l.census(t, w, account)
	if got := c.Accounts[0].Unlisted; got != "ListRoles: denied; the credentials lack iam:ListRoles" || len(c.Mapped) != 2 {
		t.Errorf("unlisted %q, mapped %d", got, len(c.Mapped))
	}
}

func TestACensusOfOneAccountOpensNoOther(t *testing.T) {
	const other = "444455556666"
	l := converged(t)
	l.write(t, twoEnvironments("manage")+`  far:
    targets: [{account: "`+other+`", region: eu-central-1}]
    workloads: {app: {}}
    profiles:
      app: {roles: {far-app: {workloads: [app]}}}
`)
	w := l.open(t, nil)
	if _, err := w.Census(t.Context(), ""); err == nil || !strings.Contains(err.Error(), other) {
		t.Errorf("an account that cannot be opened is passed over: %v", err)
	}
	c := l.census(t, w, account)
	if len(c.Places) != 1 || len(c.Accounts) != 1 || len(c.Unread) > 0 || len(c.Notices) > 0 {
		t.Errorf("read are %d places, %d accounts; unread %v, notices %v", len(c.Places), len(c.Accounts), c.Unread, c.Notices)
	}
	_, err := w.Census(t.Context(), "999999999999")
	if err == nil || !strings.Contains(err.Error(), "the estate has no such account, it has 111122223333, 444455556666") {
		t.Errorf("an account of nobody's gives %v", err)
	}
}

package estate_test

import (
	"context"
	"fmt"
	"testing"

	"anchorctl/internal/clock"
	"anchorctl/internal/estate"
	"anchorctl/internal/estate/estatetest"
	"anchorctl/internal/plan"
	"anchorctl/internal/sandbox"
)

const (
	account     = estatetest.Account
	trustNobody = estatetest.TrustNobody
)

var start = estatetest.Start()

const trustEC2 = `{"Version":"2012-10-17","Statement":[{"Sid":"Team","Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

// lab is a laboratory with what the tests of this package say for short.
type lab struct{ *estatetest.Lab }

func newLab(t *testing.T, configuration string, roleNames ...string) *lab {
	t.Helper()
	return &lab{estatetest.New(t, configuration, roleNames...)}
}

func (l *lab) write(t *testing.T, configuration string) { l.Write(t, configuration) }

func (l *lab) clock() clock.Clock { return l.Clock() }

func (l *lab) control(method, what string, in, out any) error {
	return l.Control(method, what, in, out)
}

func (l *lab) order(t *testing.T, faults ...sandbox.Fault) { l.Order(t, faults...) }

func (l *lab) calm(t *testing.T) { l.Calm(t) }

func (l *lab) world(ctx context.Context, step func(string)) (estate.World, func(), error) {
	return l.World(ctx, step)
}

func (l *lab) apply(ctx context.Context, o estate.ApplyOptions, step func(string)) (estate.Report, error) {
	return l.Apply(ctx, o, step)
}

func (l *lab) cloud(t *testing.T) estate.Cloud { return l.Cloud(t, "eu-central-1") }

func (l *lab) plan(t *testing.T, o estate.Options) estate.Proposal {
	t.Helper()
	w, done, err := l.world(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	p, err := w.Plan(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func ids(actions []plan.Action) []string {
	list := []string{}
	for _, a := range actions {
		list = append(list, a.ID)
	}
	return list
}

// twoEnvironments is a small estate: two environments that share an account.
func twoEnvironments(roleHandling string) string {
	environment := func(name string) string {
		return fmt.Sprintf(`  %[1]s:
    targets: [{account: "%[2]s", region: eu-central-1}]
    workloads: {app: {}}
    profiles:
      app: {roles: {%[1]s-app: {workloads: [app]}}}
`, name, account)
	}
	return `version: 1
estate: {name: example, organization: Example Corp, trustDomain: example.internal}
roles: ` + roleHandling + `
environments:
` + environment("dev") + environment("prod")
}

func (l *lab) status(t *testing.T) estate.Status {
	t.Helper()
	w, done, err := l.world(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	s, err := w.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

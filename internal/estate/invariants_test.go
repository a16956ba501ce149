package estate_test

import (
	"testing"

	"anchorctl/internal/estate"
	"anchorctl/internal/ownership"
	"anchorctl/internal/plan"
)

// check is the invariant checker of a converged estate: nothing to do, twice;
// one live object per address, enabled, and known to the store under the
// intent in its tag; nothing else that carries our tags; no open intent and no
// open run; an audit log that holds.
func (l *lab) check(t *testing.T) {
	t.Helper()
	for range 2 {
		if p := l.plan(t, estate.Options{}); !p.Plan.Empty() || len(p.Findings) > 0 {
			t.Errorf("the estate has not converged: %v %v", ids(p.Plan.Actions), p.Findings)
		}
	}
	l.checkRecord(t, true)
}

// checkRecord holds the store against the sandbox. It is true at any time
// between two runs, converged or not, once what is open is settled.
func (l *lab) checkRecord(t *testing.T, enabled bool) {
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
	recorded := map[string]plan.Object{}
	for _, o := range objects {
		if o.Addr.Kind != plan.KindRole {
			recorded[o.ARN] = o
		}
	}
	seen := l.live(t)
	for arn, o := range recorded {
		if _, there := seen[arn]; !there {
			t.Errorf("%s is recorded as %s and is not there", o.Addr, arn)
		}
	}
	for arn, one := range seen {
		if recorded[arn].Intent != one.tags[ownership.TagIntent] || recorded[arn].Addr.String() != one.tags[ownership.TagResource] {
			t.Errorf("an orphan or a duplicate: %s with tags %v, recorded as %+v", arn, one.tags, recorded[arn])
		}
		if enabled && !one.enabled {
			t.Errorf("%s is not enabled", one.tags[ownership.TagResource])
		}
	}
	open, err := w.Folder.Store.OpenIntents(t.Context())
	if err != nil || len(open) > 0 {
		t.Errorf("open intents: %v %v", open, err)
	}
	if run, isOpen, err := w.Folder.Store.OpenRun(t.Context()); enabled && (err != nil || isOpen) {
		t.Errorf("an open run: %+v %v", run, err)
	}
	if err := w.Folder.Store.VerifyAudit(t.Context()); err != nil {
		t.Errorf("the audit log: %v", err)
	}
}

type sighting struct {
	enabled bool
	tags    map[string]string
}

// live is every anchor and profile of the account, and every revocation list
// with our tags, by ARN.
func (l *lab) live(t *testing.T) map[string]sighting {
	t.Helper()
	c := l.cloud(t)
	seen := map[string]sighting{}
	anchors, err := c.Anchors.List(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range anchors {
		seen[a.ARN] = sighting{a.Enabled, a.Tags}
	}
	profiles, err := c.Profiles.List(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range profiles {
		seen[p.ARN] = sighting{p.Enabled, p.Tags}
	}
	lists, err := c.CRLs.List(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lists {
		if l.Tags[ownership.TagEstate] != "" {
			seen[l.ARN] = sighting{l.Enabled, l.Tags}
		}
	}
	return seen
}

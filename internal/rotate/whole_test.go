package rotate_test

import (
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"anchorctl/internal/estate"
)

// retired asserts what stands at the end of a rotation from the first to the second
// generation, however often it was broken on its way: one old generation, one new
// one, one anchor with one certificate at each place, nothing open, and an apply that
// finds nothing to do.
func (l *lab) retired(t *testing.T) {
	t.Helper()
	l.settled(t, "done", []string{"retired", "active"}, 1)
}

// settled asserts how the newest rotation ended, and that nothing of it is left.
func (l *lab) settled(t *testing.T, outcome string, statuses []string, gone int) {
	t.Helper()
	if got := l.generations(t); !slices.Equal(got, statuses) {
		t.Errorf("the generations are %v, want %v", got, statuses)
	}
	w, done, err := l.World(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	all, err := w.Folder.Store.Rotations(t.Context(), "prod")
	if err != nil || len(all) != 1 || all[0].Outcome != outcome {
		t.Errorf("the rotations are %+v (%v), want one that is %s", all, err, outcome)
	}
	if gone > 0 {
		keys := filepath.Join(l.Dir, ".anchorctl", "keys", "issuer-prod-")
		found, err := filepath.Glob(keys + strconv.Itoa(gone) + "*")
		other, otherErr := filepath.Glob(keys + "*")
		if err != nil || otherErr != nil || len(found) > 0 || len(other) == 0 {
			t.Errorf("the keys are %v, want none of generation %d", other, gone)
		}
	}
	open, err := w.Folder.Store.OpenIntents(t.Context())
	if err != nil || len(open) > 0 {
		t.Errorf("open intents: %v %v", open, err)
	}
	if run, isOpen, err := w.Folder.Store.OpenRun(t.Context()); err != nil || isOpen {
		t.Errorf("an open run: %+v %v", run, err)
	}
	if err := w.Folder.Store.VerifyAudit(t.Context()); err != nil {
		t.Errorf("the audit log: %v", err)
	}
	l.single(t)
	p, err := w.Plan(t.Context(), estate.Options{})
	if err != nil || !p.Plan.Empty() || len(p.Findings) > 0 {
		t.Errorf("an apply would do %v, with %v and %v", p.Plan.Actions, p.Findings, err)
	}
}

// single asserts that each place has one anchor with one certificate, that of the
// generation that signs, one profile of each kind, and no list of another issuer.
func (l *lab) single(t *testing.T) {
	t.Helper()
	s, err := l.Stage()
	if err != nil {
		t.Fatal(err)
	}
	active := l.active(t)
	profiles := map[string]bool{}
	for _, a := range s.Anchors {
		if len(a.Certificates) != 1 || !a.Certificates[0].Equal(active) || !a.Enabled {
			t.Errorf("%s holds %d certificates, or another one, or is not enabled", a.Resource, len(a.Certificates))
		}
		for _, c := range a.CRLs {
			if c.List.CheckSignatureFrom(active) != nil {
				t.Errorf("%s has a list of another issuer", a.Resource)
			}
		}
	}
	for _, p := range s.Profiles {
		if profiles[p.Resource] || !p.Enabled {
			t.Errorf("%s is there twice, or not enabled", p.Resource)
		}
		profiles[p.Resource] = true
	}
}

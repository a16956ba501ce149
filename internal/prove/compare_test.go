package prove

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWhereTheModelAndTheServiceDiffer(t *testing.T) {
	model := foretell(Report{Rows: []Row{
		{Workload: "w", Anchor: "own", Profile: "p", Role: "r", Verdict: Denied, Gate: "trust policy"},
		{Workload: "w", Anchor: "own", Profile: "p", Role: Unlisted, Verdict: Denied, Gate: "role in profile"},
		{Workload: "w", Anchor: "own", Profile: "q", Role: "r", Verdict: Unclear, Gate: "trust policy"},
		{Workload: "w", Anchor: "other", Profile: Every, Role: Every, Verdict: Denied, Gate: "certificate path"},
	}})
	tuple := func(anchor, profile, role, verdict, gate string) Row {
		return Row{Workload: "w", Anchor: anchor, Profile: profile, Role: role, Tuples: 1, Verdict: verdict, Gate: gate}
	}
	same := []Row{
		tuple("own", "p", "r", Denied, "trust policy"), tuple("own", "p", "s", Denied, "role in profile"),
		tuple("other", "p", "r", Denied, "certificate path"), tuple("nowhere", "p", "r", Denied, "certificate path"),
		tuple("other", "p", "s", Granted, ""), tuple("other", "p", "s", Untested, "profile"),
	}
	if got := model.differences(same); len(got) > 0 {
		t.Errorf("it finds %v", got)
	}
	got := model.differences(append(same,
		tuple("other", "p", "s", Denied, "role in profile"), tuple("other", "q", "s", Denied, "role in profile"), tuple("own", "q", "r", Denied, "trust policy")))
	want := []string{
		`the model and the service differ: where the model says "certificate path", the service says "role in profile", for 2 sessions`,
		`the model and the service differ: where the model says "unclear", the service says "trust policy", for 1 sessions`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

package prove_test

import (
	"slices"
	"strings"
	"testing"

	"anchorctl/internal/prove"
)

// probing has a probe role in each of two environments.
func probing(t *testing.T) *lab {
	t.Helper()
	text := environments("dev", "prod")
	for _, env := range []string{"dev", "prod"} {
		at := strings.Index(text, "  "+env+":")
		text = text[:at] + strings.Replace(text[at:], "region: eu-central-1}", "region: eu-central-1, probeRole: "+env+"-probe}", 1)
	}
	return applied(t, text, "dev-app", "prod-app", "dev-probe", "prod-probe")
}

// The probe is one more workload with one profile and one role: its own session
// is granted, and no other.
func TestTheProbesSessionsAreTheConfigurations(t *testing.T) {
	l := probing(t)
	draft, err := l.world().Draft(t.Context())
	l.must(err)
	for form, judge := range map[string]func() (prove.Report, error){
		prove.Model: l.prove, prove.Offline: func() (prove.Report, error) { return prove.InModel(draft, prove.Offline) },
	} {
		r, err := judge()
		if err != nil || !r.Proven {
			t.Fatalf("%s: %v, proven %v: %+v", form, err, r.Proven, r.Blocked)
		}
		// 4 workloads, 2 anchors, 4 profiles, 4 roles, and each anchor with the
		// other environment's two roles for any certificate. The probe's role is
		// reached by no other profile, and its certificate takes no other role.
		if r.Workloads != 4 || r.Profiles != 4 || r.Roles != 4 || r.Totals.Tuples != 4*2*4*4+2*2 || r.Totals.Granted != 4 {
			t.Errorf("%s: %d workloads, %d profiles, %d roles, totals %+v", form, r.Workloads, r.Profiles, r.Roles, r.Totals)
		}
		var granted []string
		for _, row := range r.Rows {
			if row.Verdict == prove.Granted {
				granted = append(granted, row.Workload+" "+row.Role)
			}
		}
		slices.Sort(granted)
		want := []string{
			"workload/dev/anchorctl-probe role/111122223333/dev-probe", "workload/dev/app role/111122223333/dev-app",
			"workload/prod/anchorctl-probe role/111122223333/prod-probe", "workload/prod/app role/111122223333/prod-app",
		}
		if !slices.Equal(granted, want) {
			t.Errorf("%s: granted are %v, want %v", form, granted, want)
		}
	}
}

func TestAProbeRoleThatLetsWorkloadsInIsALeak(t *testing.T) {
	l := probing(t)
	l.setTrust("dev-probe", condition(`{"StringEquals":{"aws:PrincipalTag/x509Subject/OU":"dev"}}`))
	r, err := l.prove()
	if err == nil || r.Proven || !slices.ContainsFunc(r.Leaks, func(k prove.Leak) bool {
		return k.Workload == "workload/dev/app" && k.Role == "role/111122223333/dev-probe"
	}) {
		t.Errorf("error %v, leaks are %+v", err, r.Leaks)
	}
}

func TestALiveProofAsksWithTheProbesCertificateToo(t *testing.T) {
	l := probing(t)
	r, err := l.ask(nil)
	if err != nil || !r.Proven {
		t.Fatalf("%v, proven %v", err, r.Proven)
	}
	asked := map[string]int{}
	for _, row := range r.Rows {
		asked[row.Workload] += row.Tuples
	}
	// At either anchor, by each of its 4 profiles the role it lists but the
	// granted one, and at the own anchor one that the profile does not list.
	for _, workload := range []string{"workload/dev/app", "workload/dev/anchorctl-probe", "workload/prod/app", "workload/prod/anchorctl-probe"} {
		if asked[workload] != 2*4-1+4 {
			t.Errorf("%s asked %d times, want %d", workload, asked[workload], 2*4-1+4)
		}
	}
}

package prove_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"anchorctl/internal/gates"
	"anchorctl/internal/prove"
)

// Everything that a session uses lies in one account and region:
// https://docs.aws.amazon.com/rolesanywhere/latest/userguide/introduction.html
func TestPlacesAreApart(t *testing.T) {
	l := applied(t, strings.ReplaceAll(environments("dev", "prod"), "region: eu-central-1}]",
		`region: eu-central-1}, {account: "111122223333", region: eu-west-1}]`), "dev-app", "prod-app")
	r, err := l.prove()
	if err != nil {
		t.Fatal(err)
	}
	// 2 workloads, 4 anchors, 4 profiles, 2 roles, and each anchor with the other
	// environment's role for any certificate.
	if r.Totals.Tuples != 2*4*4*2+4 || r.Totals.Granted != 4 {
		t.Errorf("totals are %+v", r.Totals)
	}
	// At each of its two anchors, a workload has two profiles elsewhere, with two
	// roles each.
	if r.Totals.Gates[gates.GateProfile] != 2*2*2*2 {
		t.Errorf("gates are %v", r.Totals.Gates)
	}
}

// Grouping must not change a verdict: each tuple is asked for by itself.
func TestRowsSayWhatEachTupleSays(t *testing.T) {
	l := two(t)
	l.setTrust("prod-app", fmt.Sprintf(careless, ""))
	l.setTrust("other", condition(`{"StringEquals":{"aws:PrincipalTag/x509Subject/OU":"dev"}}`))
	l.makeProfile("somebodys", true, "other", "prod-app")
	r, _ := l.prove()
	n, granted := 0, 0
	for _, row := range r.Rows {
		n += row.Tuples
		if row.Verdict == prove.Granted && row.Workload != prove.AnyCertificate {
			granted += row.Tuples
		}
	}
	// 2 workloads × 2 anchors × 3 profiles × 3 roles, and for any certificate 2
	// anchors × 3 roles but for those of their own environment. Granted are, by
	// hand: dev at its anchor gets dev-app by its profile, prod-app by prod's and
	// by somebody's, other by somebody's; prod gets prod-app by its profile and by
	// somebody's.
	if n != 2*2*3*3+4 || r.Totals.Tuples != n || granted != 6 {
		t.Errorf("%d tuples, %d in the totals, %d granted", n, r.Totals.Tuples, granted)
	}
}

// many is an estate of 10 environments with 10 workloads and 10 profiles each.
func many() string {
	var b strings.Builder
	b.WriteString("version: 1\nestate: {name: example, organization: Example Corp, trustDomain: example.internal}\nenvironments:\n")
	for e := range 10 {
		fmt.Fprintf(&b, "  env%d:\n    targets: [{account: %q, region: eu-central-1}]\n    workloads: {", e, account)
		for w := range 10 {
			fmt.Fprintf(&b, "w%d: {}, ", w)
		}
		b.WriteString("}\n    profiles:\n")
		for p := range 10 {
			fmt.Fprintf(&b, "      p%d: {roles: {env%d-r%d: {workloads: [w%d]}}}\n", p, e, p, p)
		}
	}
	return b.String()
}

func TestTenMillionTuplesTakeSeconds(t *testing.T) {
	l := newLab(t, many())
	draft, err := l.world().Draft(t.Context())
	l.must(err)
	began := time.Now()
	r, err := prove.InModel(draft, prove.Offline)
	took := time.Since(began)
	if err != nil || r.Totals.Granted != 100 || r.Totals.Tuples != 100*10*100*100+10*90 {
		t.Fatalf("%v: %+v", err, r.Totals)
	}
	t.Logf("%d tuples in %d rows took %s", r.Totals.Tuples, len(r.Rows), took)
	if took > 20*time.Second {
		t.Errorf("it took %s", took)
	}
}

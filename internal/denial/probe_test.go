package denial

import (
	"slices"
	"strings"
	"testing"

	"anchorctl/internal/config"
	"anchorctl/internal/pki/pkitest"
	"anchorctl/internal/plan"
	"anchorctl/internal/profiles"
	"anchorctl/internal/roles"
)

const probeARN = "arn:aws:rolesanywhere:eu-central-1:111122223333:profile/00000000-0000-4000-8000-000000000006"

// probing is a lab whose prod has a probe role at one of two targets.
func probing(t *testing.T) *lab {
	t.Helper()
	l := newLab(t)
	cfg, err := config.Parse("anchorctl.yaml", []byte(strings.Replace(configuration, "region: eu-central-1}]",
		`region: eu-central-1, probeRole: probe}, {account: "111122223333", region: us-east-1}]`, 1)), nil)
	if err != nil {
		t.Fatal(err)
	}
	l.k.Config = cfg
	at := plan.Target{Account: account, Region: region}
	l.k.objects = append(l.k.objects, plan.Object{Addr: plan.Profile("prod", config.ProbeProfile, at), ARN: probeARN})
	l.place = l.live()
	const arn = "arn:aws:iam::111122223333:role/probe"
	l.place.profiles = append(l.place.profiles, profiles.Live{
		ARN: probeARN, Enabled: true, DurationSeconds: 900, RoleARNs: []string{arn}, Mappings: profiles.Mappings{"x509Subject": {"CN", "OU"}, "x509SAN": {"URI"}},
	})
	l.place.roles["probe"] = roles.Live{
		Name: "probe", Path: "/", ARN: arn, Exists: true, MaxSessionSeconds: 3600, Trust: string(trustDocument(l.k.pin("prod", plan.Role(account, "probe")))),
	}
	return l
}

func (l *lab) play(leaf pkitest.Cert) { l.c.Leaf, l.c.Key = leaf.Certificate, leaf.Key.Public() }

func TestTheProbeIsGivenItsRoleWhereThereIsOne(t *testing.T) {
	l := probing(t)
	l.play(l.made.Leaf(t, "prod", config.ProbeWorkload))
	if got := l.k.RolesOf("prod", config.ProbeWorkload); !slices.Equal(got, []string{"probe"}) {
		t.Errorf("it may take %v", got)
	}
	r := l.explain(t, Choice{Environment: "prod", Role: "probe"})
	s := r.Sessions[0]
	if !r.Granted || len(r.Sessions) != 1 || s.ProfileARN != probeARN || s.Seconds != 900 || s.Certificate.Workload != "prod/anchorctl-probe" {
		t.Errorf("got %+v", r)
	}
}

func TestThePlaceOfTheProbeIsExplained(t *testing.T) {
	for _, c := range []struct {
		name, workload string
		choice         Choice
		gate, first    string
	}{
		{"a workload that wants the probe role", "backup", Choice{Environment: "prod", Role: "probe"}, "trust policy", "the built-in probe alone takes a probe role"},
		{"a probe that wants a workload's role", config.ProbeWorkload, Choice{Environment: "prod", Profile: "backup", Role: "prod-backup"}, "trust policy", "the built-in probe takes no other"},
		{"a workload by the probe's profile", "backup", Choice{Environment: "prod", Profile: config.ProbeProfile, Role: "prod-backup"}, "role in profile", "--profile backup"},
		{"a role of nobody by the probe's profile", "backup", Choice{Environment: "prod", Profile: config.ProbeProfile, Role: "extra"}, "role in profile", "lists the probe role alone"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := probing(t)
			l.play(l.made.Leaf(t, "prod", c.workload))
			c.choice.Target = account + "/" + region
			s := l.explain(t, c.choice).Sessions[0]
			if s.Fails != c.gate {
				t.Fatalf("fails at %q, want %q", s.Fails, c.gate)
			}
			if first := failed(s)[0]; len(first.Remedies) == 0 || !strings.Contains(first.Remedies[0].Do, c.first) {
				t.Errorf("got %+v; want %q", first.Remedies, c.first)
			}
		})
	}
}

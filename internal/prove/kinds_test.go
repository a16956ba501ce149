package prove_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rolesanywhere"

	"anchorctl/internal/config"
	"anchorctl/internal/estate"
	"anchorctl/internal/gates"
	"anchorctl/internal/plan"
	"anchorctl/internal/prove"
	"anchorctl/internal/roles"
	"anchorctl/internal/rules"
	"anchorctl/internal/store"
)

// Where all that is denied is denied because it is disabled, nothing would be
// shown: it is judged as if somebody had enabled it.
func TestADisabledAnchorIsJudgedAsIfItWereEnabled(t *testing.T) {
	l := two(t)
	for _, addr := range []string{devAnchor, prodAnchor} {
		arn := l.arn(addr)
		_, err := l.sdk().DisableTrustAnchor(t.Context(), &rolesanywhere.DisableTrustAnchorInput{TrustAnchorId: aws.String(arn[strings.LastIndex(arn, "/")+1:])})
		l.must(err)
	}
	l.setTrust("prod-app", fmt.Sprintf(careless, ""))
	r, err := l.prove()
	var refusal *rules.Refusal
	if !errors.As(err, &refusal) {
		t.Errorf("it comes to %v", err)
	}
	want := []string{"ANC301 session granted workload/dev/app " + devAnchor + " " + prodProfile + " " + prodRole + " disabled"}
	if got := said(r); !slices.Equal(got, want) {
		t.Errorf("leaks are %v", got)
	}
	if r.Totals.Disabled != r.Totals.Tuples || r.Totals.Gates[gates.GateAnchorEnabled] > 0 || r.Totals.Gates[gates.GatePath] != 8 {
		t.Errorf("totals are %+v", r.Totals)
	}
}

func TestAWaiverOfTheRuleIsShownAndDoesNotRefuse(t *testing.T) {
	waiver := "waivers:\n  - {rule: ANC603, at: role/111122223333/other, reason: known, owner: platform, until: %s}\n"
	for until, refused := range map[string]bool{"2026-12-31": false, "2026-02-28": true} {
		t.Run(until, func(t *testing.T) {
			l := applied(t, environments("dev", "prod")+fmt.Sprintf(waiver, until), "dev-app", "prod-app", "other")
			l.setTrust("other", fmt.Sprintf(careless, ""))
			l.makeProfile("somebodys", true, "other")
			r, err := l.prove()
			if (err != nil) != refused || r.Proven == refused {
				t.Errorf("it comes to %v", err)
			}
			if len(r.Leaks) != 2 || r.Leaks[0].Waived == refused {
				t.Errorf("leaks are %v", said(r))
			}
		})
	}
}

// unreadable is an account where one role may not be read.
type unreadable struct {
	roles.API

	role string
}

func (u unreadable) Get(ctx context.Context, name string) (roles.Live, error) {
	if name == u.role {
		return roles.Live{}, errors.New("AccessDenied: iam:GetRole")
	}
	return u.API.Get(ctx, name)
}

func TestARoleThatCannotBeReadLeavesTheProofOpen(t *testing.T) {
	l := two(t)
	l.makeProfile("somebodys", true, "other")
	w := l.world()
	open := w.Open
	w.Open = func(ctx context.Context, target config.Target) (estate.Cloud, error) {
		c, err := open(ctx, target)
		c.Roles = unreadable{c.Roles, "other"}
		return c, err
	}
	s, err := w.Look(t.Context())
	l.must(err)
	r, err := prove.InModel(s, prove.Model)
	if !errors.Is(err, prove.ErrNotProven) || !strings.Contains(err.Error(), "role/111122223333/other was not tested") {
		t.Errorf("it comes to %v", err)
	}
	if len(r.Leaks)+len(r.Blocked) > 0 || len(r.NotTested) != 1 || !r.NotTested[0].Open || r.Totals.Untested != 4 {
		t.Errorf("not tested are %+v, totals %+v", r.NotTested, r.Totals)
	}
}

func TestAMappedRoleThatCannotBeReadIsNotTakenForGranted(t *testing.T) {
	waiver := "waivers:\n  - {rule: ANC603, at: role/111122223333/prod-app, reason: known, owner: platform, until: 2026-12-31}\n"
	l := applied(t, environments("dev", "prod")+waiver, "dev-app", "prod-app")
	s := l.look()
	delete(s.Roles, plan.Role(account, "prod-app"))
	s.Unread[plan.Role(account, "prod-app")] = "cannot be read"
	r, err := prove.InModel(s, prove.Model)
	if !errors.Is(err, prove.ErrNotProven) || len(r.Blocked) != 1 || r.Blocked[0].Role != prodRole {
		t.Errorf("%v: blocked are %+v", err, r.Blocked)
	}
}

// An environment that left the configuration has no workloads that could be
// tried, and its certificates live on.
func TestTheIssuerOfAnEnvironmentThatLeftIsHeldToItsAnchors(t *testing.T) {
	l := two(t)
	text := environments("dev", "prod")
	l.must(os.WriteFile(filepath.Join(l.dir, "anchorctl.yaml"), []byte(text[:strings.Index(text, "  prod:")]), 0o600))
	if r, err := l.prove(); err != nil || !r.Proven || r.Anchors != 2 {
		t.Errorf("before: %v, leaks %v", err, said(r))
	}
	l.fillAnchor(devAnchor, l.certificate("issuer/dev#1")+l.certificate("issuer/prod#1"))
	r, _ := l.prove()
	if want := []string{"ANC604 path granted every workload of prod " + devAnchor + "  "}; !slices.Equal(said(r), want) {
		t.Errorf("leaks are %v", said(r))
	}
}

// What keeps a session out for another reason than isolation would be mended
// some day. https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html:
// DurationSeconds may be as low as 900, and a session policy must be one.
func TestALengthOrASessionPolicyDoesNotHideALeak(t *testing.T) {
	l := two(t)
	l.setTrust("prod-app", fmt.Sprintf(careless, ""))
	s := l.look()
	for i := range s.Places[0].Profiles {
		if s.Places[0].Profiles[i].Environment == "prod" {
			s.Places[0].Profiles[i].Live.DurationSeconds = 43200 // the role allows 3600
			s.Places[0].Profiles[i].Live.SessionPolicy = "{"
		}
	}
	r, _ := prove.InModel(s, prove.Model)
	if want := []string{"ANC301 session granted workload/dev/app " + devAnchor + " " + prodProfile + " " + prodRole}; !slices.Equal(said(r), want) {
		t.Errorf("leaks are %v", said(r))
	}
	// It blocks who should be let in.
	if len(r.Blocked) != 1 || r.Blocked[0].Gate != gates.GateDuration {
		t.Errorf("blocked are %+v", r.Blocked)
	}
}

// An anchor of ACM Private CA does not show its certificate, so that anybody
// could be under it. https://docs.aws.amazon.com/rolesanywhere/latest/APIReference/API_SourceData.html
func TestAnAnchorThatDoesNotShowItsCertificatesIsHeldAgainstItsRoles(t *testing.T) {
	l := two(t)
	foreign := l.makeAnchor("somebodys", strangerPEM(t))
	for _, c := range []struct {
		anchor string
		leaks  []string
		gate   string // at which prod's own session is denied; empty when it is granted
	}{
		{foreign, []string{}, ""},
		{prodAnchor, []string{"ANC604 certificate granted any certificate " + prodAnchor + " * " + prodRole}, gates.GatePath},
	} {
		t.Run(c.anchor, func(t *testing.T) {
			s := l.look()
			for i := range s.Places[0].Anchors {
				if a := &s.Places[0].Anchors[i]; a.Live.ARN == c.anchor || a.Addr.String() == c.anchor {
					a.Certificates, a.Known, a.Unreadable = nil, nil, "it is of the source AWS_ACM_PCA"
				}
			}
			r, _ := prove.InModel(s, prove.Model)
			if got := said(r); !slices.Equal(got, c.leaks) {
				t.Errorf("leaks are %v", got)
			}
			if len(r.Blocked) > 0 != (c.gate != "") || c.gate != "" && r.Blocked[0].Gate != c.gate {
				t.Errorf("blocked are %+v", r.Blocked)
			}
			if len(r.NotTested) != 1 || !strings.Contains(r.NotTested[0].What, c.anchor) {
				t.Errorf("not tested are %+v", r.NotTested)
			}
		})
	}
}

// Before anything is minted there are stand-ins of what would be.
func TestOfflineNeedsNothingMinted(t *testing.T) {
	l := newLab(t, environments("dev", "prod", "staging"), "dev-app")
	draft, err := l.world().Draft(t.Context())
	l.must(err)
	r, err := prove.InModel(draft, prove.Offline)
	if err != nil || !r.Proven || r.Totals.Granted != 3 {
		t.Errorf("%v: %+v", err, r.Totals)
	}
}

func TestWhatGrantsNothingProvesNothing(t *testing.T) {
	text := environments("dev")
	l := newLab(t, text[:strings.Index(text, "    profiles:")], "dev-app")
	draft, err := l.world().Draft(t.Context())
	l.must(err)
	if r, err := prove.InModel(draft, prove.Offline); !errors.Is(err, prove.ErrNotProven) || r.Proven {
		t.Errorf("it comes to %v", err)
	}
}

func TestAnIssuerThatExpiredLeavesItsSessionsBlocked(t *testing.T) {
	l := two(t)
	s := l.look()
	s.Now = s.Now.AddDate(2, 0, 0)
	r, err := prove.InModel(s, prove.Model)
	if !errors.Is(err, prove.ErrNotProven) || len(r.Blocked) != 2 || len(r.Leaks) > 0 {
		t.Errorf("%v: blocked are %+v", err, r.Blocked)
	}
}

// A retired issuer's certificates live on: they may or may not be let in where
// the configuration grants it, and nowhere else.
func TestCertificatesOfARetiredIssuerAreHeldToTheSameBorders(t *testing.T) {
	l := two(t)
	s := l.look()
	for i, g := range s.Issuers {
		if g.Addr.String() == "issuer/dev#1" {
			s.Issuers[i].Status = store.Retired
			planned := g
			planned.Addr.Generation, planned.Certificate, planned.Status = 2, nil, estate.Planned
			s.Issuers = append(s.Issuers, planned)
		}
	}
	r, err := prove.InModel(s, prove.Model)
	// dev's anchor does not hold the new issuer yet.
	if !errors.Is(err, prove.ErrNotProven) || len(r.Blocked) != 1 || r.Blocked[0].Gate != gates.GatePath || len(r.Leaks) > 0 {
		t.Errorf("%v: blocked are %+v, leaks %v", err, r.Blocked, said(r))
	}
	either := 0
	for _, row := range r.Rows {
		if row.Expected == "either" && row.Issuer == "issuer/dev#1" && row.Verdict == prove.Granted {
			either++
		}
	}
	if either != 1 {
		t.Errorf("%d rows are either", either)
	}
	l.setTrust("prod-app", fmt.Sprintf(careless, ""))
	loose := l.look()
	s.Roles, s.Places = loose.Roles, loose.Places
	if r, _ := prove.InModel(s, prove.Model); len(r.Leaks) != 1 || r.Leaks[0].Workload != devApp {
		t.Errorf("leaks of a retired issuer's certificates are %v", said(r))
	}
}

// What to do about a leak is what let it in: the trust policy, or a profile
// that is nobody's.
func TestTheRemedyIsForWhatLetItIn(t *testing.T) {
	for name, c := range map[string]struct {
		change func(l *lab)
		remedy string
	}{
		"a careless trust policy": {func(l *lab) { l.setTrust("prod-app", fmt.Sprintf(careless, "")) }, "have the role's trust policy name its own environment's anchors"},
		"a profile of somebody's": {func(l *lab) { l.makeProfile("somebodys", true, "prod-app") }, "find out whose the profile is"},
	} {
		t.Run(name, func(t *testing.T) {
			l := two(t)
			c.change(l)
			_, err := l.prove()
			var refusal *rules.Refusal
			if !errors.As(err, &refusal) || !strings.HasPrefix(refusal.Findings[0].Remedy, c.remedy) {
				t.Errorf("it comes to %+v", err)
			}
		})
	}
}

package rotate_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/rolesanywhere"
	"github.com/aws/aws-sdk-go-v2/service/rolesanywhere/types"

	"anchorctl/internal/anchors"
	"anchorctl/internal/config"
	"anchorctl/internal/estate"
	"anchorctl/internal/estate/estatetest"
	"anchorctl/internal/hint"
	"anchorctl/internal/issuance"
	"anchorctl/internal/ownership"
	"anchorctl/internal/pki"
	"anchorctl/internal/pki/pkitest"
	"anchorctl/internal/rotate"
	"anchorctl/internal/sandbox"
	"anchorctl/internal/store"
)

// cutOff is an emergency that waits for nobody.
func cutOff(kind store.RotationKind) rotate.Options {
	o := start(store.Emergency)
	o.Kind, o.CutOff = kind, true
	return o
}

// stolen asserts that a certificate opens no session in a region any more.
func (l *lab) stolen(t *testing.T, region string, with issuance.Unfiled) {
	t.Helper()
	s, err := l.Stage()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range s.Anchors {
		if a.Region == region && s.Ask(with.Certificate, "prod", region, "app", "prod-app").Granted {
			t.Errorf("the stolen key opens sessions in %s still", region)
		}
	}
}

// TestAnEmergencyIsNotStoppedByAConditionThatNobodyUnderstands: the role's team has to
// see to it, and the thief must not be in for as long.
func TestAnEmergencyIsNotStoppedByAConditionThatNobodyUnderstands(t *testing.T) {
	const odd = `{"Version":"2012-10-17","Statement":[{"Sid":"Odd","Effect":"Deny","Principal":{"Service":"rolesanywhere.amazonaws.com"},` +
		`"Action":"sts:TagSession","Condition":{"ForAllValues:StringNotEquals":{"aws:PrincipalTag/x509Issuer/CN":["prod issuer 1"]}}}]}`
	l := newLab(t, twoRegions(), map[string]string{"prod-app": odd})
	l.off = func(store.Issued) bool { return true }
	slow := l.issue(t, "slow", "attic")
	report, err := l.run(t.Context(), cutOff(store.Emergency), nil)
	l.stolen(t, "eu-central-1", slow)
	l.stolen(t, "eu-west-1", slow)
	if err != nil {
		t.Fatal(err)
	}
	if said := strings.Join(report.Proposal.Notices, "\n"); !strings.Contains(said, "prod-app") {
		t.Errorf("it is not said: %s", said)
	}
}

// TestAnEmergencyDoesNotWaitForTeams: with roles: verify their conditions are theirs to
// write, and what has to be written is said; the anchors change over all the same.
func TestAnEmergencyDoesNotWaitForTeams(t *testing.T) {
	l := verified(t, "prod issuer 1")
	l.off = func(store.Issued) bool { return true }
	slow := l.issue(t, "slow", "attic")
	_, err := l.run(t.Context(), cutOff(store.Emergency), nil)
	if len(holds(err)) == 0 {
		t.Fatalf("error is %v, want a hold at the role", err)
	}
	l.stolen(t, "eu-central-1", slow)
	if got := l.generations(t); got[0] != "draining" {
		t.Errorf("the old issuer is %s: the rotation must stay open until the team has seen to it", got[0])
	}
}

// verified is an estate whose roles' trust policies are their team's, and name the
// issuer.
func verified(t *testing.T, name string) *lab {
	t.Helper()
	l := newLab(t, configuration("manage", "eu-central-1"), map[string]string{"prod-app": teamsOwn(name)})
	l.Write(t, configuration("verify", "eu-central-1"))
	return l
}

// TestAnEmergencyIsNotStoppedByAnotherEnvironment, whose objects somebody tampered with.
func TestAnEmergencyIsNotStoppedByAnotherEnvironment(t *testing.T) {
	both := configuration("manage", "eu-central-1") + `  test:
    targets: [{account: "` + account + `", region: eu-central-1}]
    workloads: {job: {}}
    profiles: {job: {roles: {test-job: {workloads: [job]}}}}
`
	l := newLab(t, both, map[string]string{"test-job": estatetest.TrustNobody})
	l.off = func(store.Issued) bool { return true }
	slow := l.issue(t, "slow", "attic")
	live := l.Cloud(t, "eu-central-1")
	all, err := live.Anchors.List(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		if strings.Contains(a.Tags[ownership.TagResource], "anchor/test") {
			if err := live.Anchors.Change(t.Context(), a.ID, anchors.Change{SetTags: map[string]string{ownership.TagEstate: "somebody-else"}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := l.run(t.Context(), cutOff(store.Emergency), nil); err != nil {
		t.Errorf("the emergency is stopped: %v", err)
	}
	l.stolen(t, "eu-central-1", slow)
}

// TestAnEmergencyReachesAnchorsThatLeftTheConfiguration and that no apply has removed
// yet.
func TestAnEmergencyReachesAnchorsThatLeftTheConfiguration(t *testing.T) {
	l := newLab(t, twoRegions(), map[string]string{})
	l.off = func(store.Issued) bool { return true }
	slow := l.issue(t, "slow", "attic")
	l.Write(t, configuration("manage", "eu-central-1"))
	if _, err := l.run(t.Context(), cutOff(store.Emergency), nil); err != nil {
		t.Fatal(err)
	}
	l.stolen(t, "eu-central-1", slow)
	l.stolen(t, "eu-west-1", slow)
}

// TestAnEmergencyDoesNotWaitForATargetThatIsNew: no anchor of it is there, so none
// holds the old issuer.
func TestAnEmergencyDoesNotWaitForATargetThatIsNew(t *testing.T) {
	l := newLab(t, configuration("manage", "eu-central-1"), map[string]string{})
	l.off = func(store.Issued) bool { return true }
	slow := l.issue(t, "slow", "attic")
	l.Write(t, twoRegions())
	if _, err := l.run(t.Context(), cutOff(store.Emergency), nil); err != nil {
		t.Fatal(err)
	}
	l.stolen(t, "eu-central-1", slow)
}

// TestAnEmergencyClosesWhatItReaches while a region is out.
func TestAnEmergencyClosesWhatItReaches(t *testing.T) {
	l := newLab(t, twoRegions(), map[string]string{})
	l.off = func(store.Issued) bool { return true }
	slow := l.issue(t, "slow", "attic")
	w, done, err := l.World(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	out, open := true, w.Open
	w.Open = func(ctx context.Context, target config.Target) (estate.Cloud, error) {
		if out && target.Region == "eu-central-1" {
			return estate.Cloud{}, errors.New("no route to host")
		}
		return open(ctx, target)
	}
	world := rotate.World{World: w, Endpoint: l.URL}
	if _, err = world.Run(t.Context(), cutOff(store.Emergency)); err == nil || !strings.Contains(err.Error(), "no route to host") {
		t.Errorf("error is %v, want the region that is out", err)
	}
	l.stolen(t, "eu-west-1", slow)
	if got := fmt.Sprint(l.generations(t)); got != "[draining active]" {
		t.Errorf("generations are %s: it cannot be over before the region is back", got)
	}
	out = false
	if _, err = world.Run(t.Context(), cutOff("")); err != nil {
		t.Error(err)
	}
	done()
	l.stolen(t, "eu-central-1", slow)
	l.settled(t, "done", []string{"retired", "active"}, 1)
}

// TestAnEmergencyIsNotStoppedByWhatAGateCannotFindOut: the way past a gate is there when
// the gate itself is broken.
func TestAnEmergencyIsNotStoppedByWhatAGateCannotFindOut(t *testing.T) {
	l := newLab(t, twoRegions(), map[string]string{})
	l.off = func(store.Issued) bool { return true }
	_, err := l.run(t.Context(), start(store.Rekey), nil)
	heldBy(t, err, "ANC504")
	l.Write(t, strings.ReplaceAll(twoRegions(), ", probeRole: probe", ""))
	o := resume()
	o.Emergency, o.Reason = true, "the probe's role is gone, and the key as well"
	if _, err := l.run(t.Context(), o, nil); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(l.generations(t)); got != "[retired active]" {
		t.Errorf("generations are %s", got)
	}
}

// TestAnApplyBringsNoCompromisedIssuerAnywhere, not even to a target that is new.
func TestAnApplyBringsNoCompromisedIssuerAnywhere(t *testing.T) {
	l := newLab(t, configuration("manage", "eu-central-1"), map[string]string{})
	l.off = func(store.Issued) bool { return true }
	slow := l.issue(t, "slow", "attic")
	l.revoke(t, l.issue(t, "app", "lost")) // whose list no new anchor takes
	_, err := l.run(t.Context(), start(store.Emergency), nil)
	heldBy(t, err, "ANC505")
	l.Write(t, twoRegions())
	if _, err := l.Apply(t.Context(), estate.ApplyOptions{}, nil); err != nil {
		t.Fatal(err)
	}
	l.stolen(t, "eu-west-1", slow)
	if err := l.ask(t.Context(), "eu-central-1", slow); err != nil {
		t.Errorf("nobody has said that it may be cut off: %v", err)
	}
	if _, err := l.run(t.Context(), cutOff(""), nil); err != nil {
		t.Fatal(err)
	}
}

// TestAnAnchorThatFailsKeepsNoOtherOpen in an emergency.
func TestAnAnchorThatFailsKeepsNoOtherOpen(t *testing.T) {
	l := newLab(t, twoRegions(), map[string]string{})
	l.off = func(store.Issued) bool { return true }
	slow := l.issue(t, "slow", "attic")
	l.Order(t, sandbox.Fault{Op: "UpdateTrustAnchor", Mode: sandbox.ModeDeny})
	_, err := l.run(t.Context(), cutOff(store.Emergency), nil)
	if len(holds(err)) == 0 || !strings.Contains(err.Error(), "eu-central-1") {
		t.Errorf("error is %v, want a hold in eu-central-1", err)
	}
	l.stolen(t, "eu-west-1", slow)
	l.Calm(t)
	if _, err := l.run(t.Context(), cutOff(""), nil); err != nil {
		t.Fatal(err)
	}
	l.stolen(t, "eu-central-1", slow)
	l.settled(t, "done", []string{"retired", "active"}, 1)
}

// TestAnEmergencyEndsSessionsOnce: a role that cannot be written must not have the new
// sessions at the others ended again and again.
func TestAnEmergencyEndsSessionsOnce(t *testing.T) {
	two := strings.Replace(twoRegions(), "roles: {prod-app:", "roles: {prod-slow: {workloads: [slow]}, prod-app:", 1)
	l := newLab(t, two, map[string]string{"prod-slow": estatetest.TrustNobody})
	l.off = func(store.Issued) bool { return true }
	l.Order(t, sandbox.Fault{Op: "PutRolePolicy", Nth: 2, Count: -1, Mode: sandbox.ModeDeny})
	for i, o := range []rotate.Options{cutOff(store.Emergency), cutOff(""), cutOff("")} {
		before := len(l.Requests(t))
		_, err := l.run(t.Context(), o, nil)
		if len(holds(err)) != 1 {
			t.Fatalf("error is %v, want one hold", err)
		}
		writes := 0
		for _, r := range l.Requests(t)[before:] {
			if r.Op == "PutRolePolicy" {
				writes++
			}
		}
		if want := 2 - min(i, 1); writes != want {
			t.Errorf("run %d wrote %d policies, want %d", i+1, writes, want)
		}
	}
	l.Calm(t)
	if _, err := l.run(t.Context(), cutOff(""), nil); err != nil {
		t.Fatal(err)
	}
}

// TestARotationIsAbortedAlthoughATargetIsNew.
func TestARotationIsAbortedAlthoughATargetIsNew(t *testing.T) {
	l := newLab(t, configuration("manage", "eu-central-1"), map[string]string{})
	_, err := l.run(t.Context(), start(store.Rekey), nil)
	heldBy(t, err, "ANC504")
	l.Write(t, twoRegions())
	if _, err := l.run(t.Context(), abort(), nil); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(l.generations(t)); got != "[active retired]" {
		t.Errorf("generations are %s", got)
	}
}

// TestARestoredAnchorDoesNotGetTheCompromisedIssuerBack.
func TestARestoredAnchorDoesNotGetTheCompromisedIssuerBack(t *testing.T) {
	l := newLab(t, configuration("manage", "eu-central-1"), map[string]string{})
	l.off = func(store.Issued) bool { return true }
	slow := l.issue(t, "slow", "attic")
	l.Order(t, sandbox.Fault{Op: "PutRolePolicy", Count: -1, Mode: sandbox.ModeDeny})
	if _, err := l.run(t.Context(), cutOff(store.Emergency), nil); len(holds(err)) == 0 {
		t.Fatalf("error is %v, want a hold", err)
	}
	l.intrude(t)
	o := estate.ApplyOptions{Options: estate.Options{Restore: []string{"prod"}}}
	if _, err := l.Apply(t.Context(), o, nil); err != nil {
		t.Fatal(err)
	}
	l.stolen(t, "eu-central-1", slow)
}

// intrude puts somebody else's CA beside what the anchor holds.
func (l *lab) intrude(t *testing.T) {
	t.Helper()
	s, err := l.Stage()
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := awsconfig.LoadDefaultConfig(t.Context(), awsconfig.WithRegion("eu-central-1"))
	if err != nil {
		t.Fatal(err)
	}
	a := s.Anchor("anchor/prod@" + account + "/eu-central-1")
	bundle := a.Bundle + string(pki.EncodePEM(pkitest.Root(t).Issuer(t, "prod").Certificate))
	_, err = rolesanywhere.NewFromConfig(cfg).UpdateTrustAnchor(t.Context(), &rolesanywhere.UpdateTrustAnchorInput{
		TrustAnchorId: aws.String(a.ARN[strings.LastIndex(a.ARN, "/")+1:]),
		Source: &types.Source{
			SourceType: types.TrustAnchorTypeCertificateBundle,
			SourceData: &types.SourceDataMemberX509CertificateData{Value: bundle},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestAnEmergencyEndsTheSessionsOfRolesThatLeftTheConfiguration and that no apply has
// unpinned yet.
func TestAnEmergencyEndsTheSessionsOfRolesThatLeftTheConfiguration(t *testing.T) {
	two := strings.Replace(twoRegions(), "roles: {prod-app:", "roles: {prod-slow: {workloads: [slow]}, prod-app:", 1)
	l := newLab(t, two, map[string]string{"prod-slow": estatetest.TrustNobody})
	l.off = func(store.Issued) bool { return true }
	l.Write(t, twoRegions())
	report, err := l.run(t.Context(), cutOff(store.Emergency), nil)
	if err != nil {
		t.Fatal(err)
	}
	if done := strings.Join(report.Result.Done, "\n"); !strings.Contains(done, "role.deny role/"+account+"/prod-slow") {
		t.Errorf("the sessions of prod-slow go on: %s", done)
	}
}

// TestAStolenKeyInTheMiddleOfARotation whose other region is out: an abort cannot reach
// it, and going on in an emergency closes what it can.
func TestAStolenKeyInTheMiddleOfARotation(t *testing.T) {
	l := newLab(t, twoRegions(), map[string]string{})
	l.off = func(store.Issued) bool { return true }
	slow := l.issue(t, "slow", "attic")
	_, err := l.run(t.Context(), start(store.Rekey), nil)
	heldBy(t, err, "ANC504")
	w, done, err := l.World(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	open := w.Open
	w.Open = func(ctx context.Context, target config.Target) (estate.Cloud, error) {
		if target.Region == "eu-central-1" {
			return estate.Cloud{}, errors.New("no route to host")
		}
		return open(ctx, target)
	}
	o := resume()
	o.Emergency, o.Reason = true, "stolen"
	_, err = (rotate.World{World: w, Endpoint: l.URL}).Run(t.Context(), o)
	heldBy(t, err, "ANC505") // whoever has no new certificate is cut off by a second word
	o.CutOff = true
	if _, err = (rotate.World{World: w, Endpoint: l.URL}).Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "no route to host") {
		t.Errorf("error is %v, want the region that is out", err)
	}
	l.stolen(t, "eu-west-1", slow)
	if got := fmt.Sprint(l.generations(t)); got != "[draining active]" {
		t.Errorf("generations are %s", got)
	}
}

// TestARotationDoesNotEndWithoutAnAnchorThatLeftTheConfiguration: nothing would take
// the old issuer out of it.
func TestARotationDoesNotEndWithoutAnAnchorThatLeftTheConfiguration(t *testing.T) {
	l := newLab(t, twoRegions(), map[string]string{})
	if _, err := l.run(t.Context(), start(store.Rekey), nil); len(holds(err)) == 0 {
		t.Fatalf("error is %v, want a hold", err)
	}
	l.Write(t, configuration("manage", "eu-central-1"))
	_, err := l.run(t.Context(), resume(), nil)
	if all := holds(err); len(all) != 1 || !strings.Contains(all[0].Reason, "left anchorctl.yaml") || !strings.Contains(all[0].Action, "eu-west-1") {
		t.Fatalf("error is %v, want a hold at the anchor that is left behind", err)
	}
	if _, err := l.Apply(t.Context(), estate.ApplyOptions{}, nil); err != nil {
		t.Fatal(err)
	}
	l.through(t, resume())
	l.settled(t, "done", []string{"retired", "active"}, 1)
}

// twoAccounts is twoRegions with the second one in another account.
func twoAccounts() string {
	return strings.Replace(twoRegions(), account+`", region: eu-west-1`, estatetest.Other+`", region: eu-west-1`, 1)
}

// TestARotationEndsWithoutAnAccountThatIsGone once somebody has had its target
// forgotten: before that, an emergency stays open, and a planned one is held.
func TestARotationEndsWithoutAnAccountThatIsGone(t *testing.T) {
	for name, kind := range map[string]store.RotationKind{"an emergency": store.Emergency, "a planned one": store.Rekey} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, twoAccounts(), map[string]string{})
			l.off = func(store.Issued) bool { return true }
			l.Write(t, configuration("manage", "eu-central-1"))
			w := l.Lab.Open(t)
			open := w.Open
			w.Open = func(ctx context.Context, target config.Target) (estate.Cloud, error) {
				if target.Account == estatetest.Other {
					return estate.Cloud{}, errors.New("the security token is invalid")
				}
				return open(ctx, target)
			}
			world, o := rotate.World{World: w, Endpoint: l.URL}, start(kind)
			if kind == store.Emergency {
				o = cutOff(kind)
			}
			for range 2 {
				_, err := world.Run(t.Context(), o)
				if err == nil || !strings.Contains(strings.Join(hint.Of(err), "\n"), "--approve-forget "+estatetest.Other+"/eu-west-1") {
					t.Fatalf("it says %v, with %v", err, hint.Of(err))
				}
				if kind == store.Emergency {
					o = cutOff("") // the planned one has not begun
				}
			}
			if _, err := w.Apply(t.Context(), estate.ApplyOptions{Options: estate.Options{Forget: []string{estatetest.Other + "/eu-west-1"}}}); err != nil {
				t.Fatal(err)
			}
			if _, err := world.Run(t.Context(), o); kind == store.Emergency && err != nil {
				t.Fatal(err)
			} else if kind == store.Rekey {
				heldBy(t, err, "ANC504")
				l.come(t, err)
				if _, err := world.Run(t.Context(), resume()); err != nil {
					t.Fatal(err)
				}
			}
			if got := fmt.Sprint(l.generations(t)); got != "[retired active]" {
				t.Errorf("generations are %s", got)
			}
		})
	}
}

package awsapi

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/rolesanywhere"
	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/admission"
	"anchorctl/internal/anchors"
	"anchorctl/internal/crls"
	"anchorctl/internal/engine"
	"anchorctl/internal/profiles"
	"anchorctl/internal/roles"
	"anchorctl/internal/sandbox"
)

// What anchors and profiles ask of their APIs, asked of this package against
// the sandbox. The sandbox enforces the service's rates on the same virtual
// clock: whoever is not paced is throttled.

func TestContractAnchors(t *testing.T) {
	w := newWorld(t)
	api := w.target.Anchors()
	created := must[anchors.Live](t)(api.Create(t.Context(), w.newAnchor("i-1")))
	if created.Enabled || created.Name != "example-prod" || created.SourceType != anchors.SourceBundle || created.Bundle != bundleOf(w.estate.Issuers["prod"].Certificate) {
		t.Fatalf("created %+v", created)
	}
	only := func(fresh bool) anchors.Live {
		t.Helper()
		all := must[[]anchors.Live](t)(api.List(t.Context(), fresh))
		if len(all) != 1 || all[0].ID != created.ID || all[0].ARN != created.ARN {
			t.Fatalf("listed %+v", all)
		}
		return all[0]
	}
	for _, fresh := range []bool{false, true} {
		if diff := cmp.Diff(created.Tags, only(fresh).Tags); diff != "" {
			t.Errorf("fresh %v: %s", fresh, diff)
		}
	}
	for _, n := range only(false).Notifications {
		if n.Custom || !n.Enabled || n.Threshold != 45 {
			t.Errorf("notification by default is %+v", n)
		}
	}
	name := "example-prod-renamed"
	setting := anchors.Notification{Event: "CA_CERTIFICATE_EXPIRY", Threshold: 30, Enabled: true}
	err := api.Change(t.Context(), created.ID, anchors.Change{
		Name: &name, Certificates: []admission.Admitted{w.admitted("prod"), w.admitted("dev")}, Notifications: []anchors.Notification{setting},
		SetTags: map[string]string{"team": "platform"}, DropTags: []string{"anchorctl:intent"}, Enable: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	got := only(true)
	setting.Custom = true
	if got.Name != name || !got.Enabled || got.Bundle != bundleOf(w.estate.Issuers["prod"].Certificate, w.estate.Issuers["dev"].Certificate) ||
		!slices.Contains(got.Notifications, setting) || got.Updated.IsZero() {
		t.Errorf("changed to %+v", got)
	}
	if diff := cmp.Diff(map[string]string{"anchorctl:estate": "lineage", "team": "platform"}, got.Tags); diff != "" {
		t.Error(diff)
	}
	if err := api.Change(t.Context(), created.ID, anchors.Change{Disable: true}); err != nil {
		t.Fatal(err)
	}
	if only(false).Enabled {
		t.Error("not disabled")
	}
	for range 2 {
		if err := api.Delete(t.Context(), created.ID); err != nil {
			t.Fatal(err)
		}
	}
	if all := must[[]anchors.Live](t)(api.List(t.Context(), false)); len(all) != 0 {
		t.Errorf("left %+v", all)
	}
	if err := api.Change(t.Context(), created.ID, anchors.Change{Enable: true}); code(err) != "ResourceNotFoundException" {
		t.Errorf("enabling what is gone: %v", err)
	}
	w.neverThrottled()
}

func TestContractProfiles(t *testing.T) {
	w := newWorld(t)
	api := w.target.Profiles()
	created := must[profiles.Live](t)(api.Create(t.Context(), newProfile("i-1")))
	want := profiles.Live{
		ID: created.ID, ARN: created.ARN, Name: "example-prod-backup", RoleARNs: []string{role},
		ManagedPolicyARNs: []string{"arn:aws:iam::aws:policy/ReadOnlyAccess"}, SessionPolicy: `{"Version":"2012-10-17","Statement":[]}`,
		DurationSeconds: 1800, Tags: newProfile("i-1").Tags,
		// https://docs.aws.amazon.com/rolesanywhere/latest/userguide/attribute-mapping.html, default mappings
		Mappings: profiles.Mappings{"x509Subject": {"*"}, "x509Issuer": {"*"}, "x509SAN": {"DNS", "Name/*", "URI"}},
	}
	if diff := cmp.Diff(want, created); diff != "" {
		t.Error(diff)
	}
	only := func(fresh bool) profiles.Live {
		t.Helper()
		all := must[[]profiles.Live](t)(api.List(t.Context(), fresh))
		if len(all) != 1 {
			t.Fatalf("listed %+v", all)
		}
		return all[0]
	}
	for _, fresh := range []bool{false, true} {
		if diff := cmp.Diff(want, only(fresh)); diff != "" {
			t.Errorf("fresh %v: %s", fresh, diff)
		}
	}
	other := "arn:aws:iam::111122223333:role/team/prod-reports"
	err := api.Change(t.Context(), created.ID, profiles.Change{
		Spec:         &profiles.Spec{Name: "example-prod-all", RoleARNs: []string{other, role}, SessionPolicy: `{}`, DurationSeconds: 900},
		PutMappings:  profiles.Mappings{"x509Subject": {"CN", "OU"}, "x509SAN": {"URI"}},
		DropMappings: map[string][]string{"x509Issuer": {"*"}},
		SetTags:      map[string]string{"team": "platform"}, DropTags: []string{"anchorctl:intent"},
		Enable: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	want = profiles.Live{
		ID: created.ID, ARN: created.ARN, Name: "example-prod-all", Enabled: true, RoleARNs: []string{role, other},
		SessionPolicy: `{}`, DurationSeconds: 900, Mappings: profiles.Mappings{"x509Subject": {"CN", "OU"}, "x509SAN": {"URI"}},
		Tags: map[string]string{"anchorctl:estate": "lineage", "team": "platform"},
	}
	if diff := cmp.Diff(want, only(true)); diff != "" {
		t.Error(diff)
	}
	if err := api.Change(t.Context(), created.ID, profiles.Change{Disable: true}); err != nil {
		t.Fatal(err)
	}
	if only(false).Enabled {
		t.Error("not disabled")
	}
	for range 2 {
		if err := api.Delete(t.Context(), created.ID); err != nil {
			t.Fatal(err)
		}
	}
	w.neverThrottled()
}

func TestContractUnclearCreates(t *testing.T) {
	for _, tt := range []struct {
		mode    string
		unclear bool
		exists  bool
	}{
		{sandbox.ModeFailBefore, true, false},
		{sandbox.ModeFailAfter, true, true},
		{sandbox.ModeCut, true, true},
		{sandbox.ModeCutBefore, true, false},
	} {
		t.Run(tt.mode, func(t *testing.T) {
			w := newWorld(t)
			w.fault(sandbox.Fault{Op: "CreateTrustAnchor", Mode: tt.mode}, sandbox.Fault{Op: "CreateProfile", Mode: tt.mode})
			_, errAnchor := w.target.Anchors().Create(t.Context(), w.newAnchor("i-1"))
			_, errProfile := w.target.Profiles().Create(t.Context(), newProfile("i-2"))
			if !errors.Is(errAnchor, engine.ErrUnclear) || !errors.Is(errProfile, engine.ErrUnclear) {
				t.Errorf("got %v and %v", errAnchor, errProfile)
			}
			if n := strings.Count(strings.Join(w.operations(), " "), "Create"); n != 2 {
				t.Errorf("%d creates were sent for two", n)
			}
			intents := map[string]int{}
			for _, l := range must[[]anchors.Live](t)(w.target.Anchors().List(t.Context(), true)) {
				intents[l.Tags["anchorctl:intent"]]++
			}
			for _, l := range must[[]profiles.Live](t)(w.target.Profiles().List(t.Context(), true)) {
				intents[l.Tags["anchorctl:intent"]]++
			}
			want := map[string]int{}
			if tt.exists {
				want = map[string]int{"i-1": 1, "i-2": 1}
			}
			if diff := cmp.Diff(want, intents); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestContractWritesAreRepeatedUntilTheyAreDone(t *testing.T) {
	for _, mode := range []string{sandbox.ModeThrottle, sandbox.ModeFailBefore, sandbox.ModeFailAfter, sandbox.ModeCut, sandbox.ModeCutBefore} {
		t.Run(mode, func(t *testing.T) {
			w := newWorld(t)
			anchor := must[anchors.Live](t)(w.target.Anchors().Create(t.Context(), w.newAnchor("i-1")))
			profile := must[profiles.Live](t)(w.target.Profiles().Create(t.Context(), newProfile("i-2")))
			var faults []sandbox.Fault
			for _, op := range []string{
				"UpdateTrustAnchor", "PutNotificationSettings", "EnableTrustAnchor", "DisableTrustAnchor", "DeleteTrustAnchor",
				"UpdateProfile", "PutAttributeMapping", "DeleteAttributeMapping", "EnableProfile", "DisableProfile", "DeleteProfile",
				"TagResource", "UntagResource", "ListTrustAnchors", "ListProfiles", "ListTagsForResource", "UpdateAssumeRolePolicy", "GetRole",
			} {
				faults = append(faults, sandbox.Fault{Op: op, Mode: mode})
			}
			w.fault(faults...)
			name := "example-other"
			steps := []error{
				w.target.Anchors().Change(t.Context(), anchor.ID, anchors.Change{
					Name: &name, Notifications: []anchors.Notification{{Event: "CA_CERTIFICATE_EXPIRY", Threshold: 9, Enabled: true}},
					SetTags: map[string]string{"a": "b"}, DropTags: []string{"a"}, Enable: true,
				}),
				w.target.Anchors().Change(t.Context(), anchor.ID, anchors.Change{Disable: true}),
				w.target.Profiles().Change(t.Context(), profile.ID, profiles.Change{
					Spec:        &profiles.Spec{Name: name, RoleARNs: []string{role}, DurationSeconds: 900, SessionPolicy: "{}"},
					PutMappings: profiles.Mappings{"x509Subject": {"CN"}}, DropMappings: map[string][]string{"x509SAN": {"DNS"}}, Enable: true,
				}),
				w.target.Profiles().Change(t.Context(), profile.ID, profiles.Change{Disable: true}),
				w.target.Roles().PutTrust(t.Context(), "prod-backup", strings.Replace(trust, "a+b c", "other", 1)),
			}
			if err := errors.Join(steps...); err != nil {
				t.Fatal(err)
			}
			if live := must[roles.Live](t)(w.target.Roles().Get(t.Context(), "prod-backup")); !strings.Contains(live.Trust, "other") {
				t.Error("the trust policy was not written")
			}
			if live := must[[]anchors.Live](t)(w.target.Anchors().List(t.Context(), true)); len(live) != 1 || live[0].Name != name || live[0].Enabled {
				t.Errorf("listed %+v", live)
			}
			if live := must[[]profiles.Live](t)(w.target.Profiles().List(t.Context(), true)); len(live) != 1 || live[0].Name != name || live[0].Enabled {
				t.Errorf("listed %+v", live)
			}
			if err := errors.Join(w.target.Anchors().Delete(t.Context(), anchor.ID), w.target.Profiles().Delete(t.Context(), profile.ID)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestContractSmallPagesGiveTheWholeList(t *testing.T) {
	w := newWorld(t)
	for i := range 3 {
		n := newProfile(fmt.Sprintf("i-%d", i))
		n.Name += fmt.Sprintf("-%d", i)
		must[profiles.Live](t)(w.target.Profiles().Create(t.Context(), n))
	}
	w.fault(sandbox.Fault{Mode: sandbox.ModeSmallPages, Count: -1})
	w.operations()
	for _, fresh := range []bool{false, true} {
		all := must[[]profiles.Live](t)(w.target.Profiles().List(t.Context(), fresh))
		intents := map[string]bool{}
		for _, l := range all {
			intents[l.Tags["anchorctl:intent"]] = true
		}
		if len(all) != 3 || len(intents) != 3 {
			t.Errorf("fresh %v: %d profiles with %d intents", fresh, len(all), len(intents))
		}
	}
	got := w.operations()
	want := []string{
		"ListProfiles", "ListProfiles", "ListProfiles", "GetResources", "GetResources", "GetResources",
		"ListProfiles", "ListProfiles", "ListProfiles", "ListTagsForResource", "ListTagsForResource", "ListTagsForResource",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	w.neverThrottled()
}

func TestContractStaleAnswers(t *testing.T) {
	w := newWorld(t)
	w.fault(sandbox.Fault{Op: "GetResources", Mode: sandbox.ModeStale, Seconds: 30, Count: -1})
	w.v.advance(time.Minute)
	foreign := w.foreign("somebody-elses")
	created := must[anchors.Live](t)(w.target.Anchors().Create(t.Context(), w.newAnchor("i-1")))
	w.operations()
	all := must[[]anchors.Live](t)(w.target.Anchors().List(t.Context(), false))
	tags := map[string]map[string]string{}
	for _, l := range all {
		tags[l.ARN] = l.Tags
	}
	want := map[string]map[string]string{created.ARN: created.Tags, foreign: {}}
	if diff := cmp.Diff(want, tags); diff != "" {
		t.Errorf("the tagging API lags, ours are asked for themselves, others not:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"ListTrustAnchors", "GetResources", "ListTagsForResource"}, w.operations()); diff != "" {
		t.Error(diff)
	}
}

func TestContractForeignObjectsAreShownWithTheirTags(t *testing.T) {
	w := newWorld(t)
	arn := w.foreign("somebody-elses")
	must[Identity](t)(w.target.Identity(t.Context()))
	w.operations()
	all := must[[]anchors.Live](t)(w.target.Anchors().List(t.Context(), false))
	if len(all) != 1 || all[0].ARN != arn || !all[0].Enabled || all[0].Tags["owner"] != "x" {
		t.Errorf("listed %+v", all)
	}
	if diff := cmp.Diff([]string{"ListTrustAnchors", "GetResources"}, w.operations()); diff != "" {
		t.Error(diff)
	}
}

func TestContractRoles(t *testing.T) {
	w := newWorld(t)
	api := w.target.Roles()
	want := roles.Live{Name: "prod-reports", Path: "/team/", ARN: "arn:aws:iam::111122223333:role/team/prod-reports", Exists: true, Trust: trust, MaxSessionSeconds: 3600, Tags: map[string]string{"anchorctl:sensitive": "true"}}
	if diff := cmp.Diff(want, must[roles.Live](t)(api.Get(t.Context(), "prod-reports"))); diff != "" {
		t.Error(diff)
	}
	if got := must[roles.Live](t)(api.Get(t.Context(), "prod-backup")); got.MaxSessionSeconds != 7200 || got.Path != "/" {
		t.Errorf("got %+v", got)
	}
	if diff := cmp.Diff(roles.Live{Name: "absent"}, must[roles.Live](t)(api.Get(t.Context(), "absent"))); diff != "" {
		t.Error(diff)
	}
	changed := strings.Replace(trust, "a+b c", "x%20y+z ü", 1)
	if err := api.PutTrust(t.Context(), "prod-backup", changed); err != nil {
		t.Fatal(err)
	}
	if got := must[roles.Live](t)(api.Get(t.Context(), "prod-backup")); got.Trust != changed {
		t.Errorf("trust is %s", got.Trust)
	}
	if err := api.PutTrust(t.Context(), "prod-backup", "{"); code(err) != "MalformedPolicyDocument" {
		t.Errorf("got %v", err)
	}
	if err := api.PutTrust(t.Context(), "absent", trust); code(err) != "NoSuchEntity" {
		t.Errorf("got %v", err)
	}
}

func TestContractPermissions(t *testing.T) {
	w := newWorld(t)
	api := w.target.Roles()
	own := roles.Policy{Name: "reports", ARN: ownPolicy, Document: document("reports/a+b c")}
	want := roles.Permissions{
		Attached: []string{ownPolicy, adminPolicy},
		Policies: []roles.Policy{{Name: "more", Document: document("two")}, {Name: "s3", Document: document("one")}, own},
	}
	for _, c := range []struct {
		name, role string
		want       roles.Permissions
		calls      []string
	}{
		{
			"AWS's own policies are named, the others read", "prod-reports", want,
			[]string{"GetCallerIdentity", "ListAttachedRolePolicies", "GetPolicy", "GetPolicyVersion", "ListRolePolicies", "GetRolePolicy", "GetRolePolicy"},
		},
		{
			"what was read once is not asked for again", "prod-backup", roles.Permissions{Attached: []string{ownPolicy}, Policies: []roles.Policy{own}},
			[]string{"ListAttachedRolePolicies", "ListRolePolicies"},
		},
		{"a role that is gone has none", "absent", roles.Permissions{}, []string{"ListAttachedRolePolicies", "ListRolePolicies"}},
	} {
		got := must[roles.Permissions](t)(api.Permissions(t.Context(), c.role))
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
		if diff := cmp.Diff(c.calls, w.operations()); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
	w.fault(sandbox.Fault{Op: "*", Mode: sandbox.ModeSmallPages, Count: -1})
	if diff := cmp.Diff(want, must[roles.Permissions](t)(api.Permissions(t.Context(), "prod-reports"))); diff != "" {
		t.Errorf("in small pages: %s", diff)
	}
}

func TestContractEveryRoleIsListed(t *testing.T) {
	w := newWorld(t)
	w.fault(sandbox.Fault{Op: "ListRoles", Mode: sandbox.ModeSmallPages, Count: -1})
	want := []roles.Live{
		{Name: "prod-backup", Path: "/", ARN: "arn:aws:iam::111122223333:role/prod-backup", Exists: true, Trust: trust, MaxSessionSeconds: 7200},
		{Name: "prod-reports", Path: "/team/", ARN: "arn:aws:iam::111122223333:role/team/prod-reports", Exists: true, Trust: trust, MaxSessionSeconds: 3600},
	}
	if diff := cmp.Diff(want, must[[]roles.Live](t)(w.target.Roles().List(t.Context()))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"GetCallerIdentity", "ListRoles", "ListRoles"}, w.operations()); diff != "" {
		t.Error(diff)
	}
}

func TestContractCRLs(t *testing.T) {
	w := newWorld(t)
	anchor := must[anchors.Live](t)(w.target.Anchors().Create(t.Context(), w.newAnchor("i-1")))
	issuer := w.estate.Issuers["prod"]
	der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		Number: big.NewInt(1), ThisUpdate: w.v.clock().Now(), NextUpdate: w.v.clock().Now().Add(time.Hour),
		RevokedCertificateEntries: []x509.RevocationListEntry{{SerialNumber: big.NewInt(7), RevocationTime: w.v.clock().Now()}},
	}, issuer.Certificate, issuer.Key)
	if err != nil {
		t.Fatal(err)
	}
	data := pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der})
	api := w.target.CRLs()
	created := must[crls.Live](t)(api.Create(t.Context(), crls.New{
		Name: "prod", AnchorARN: anchor.ARN, Data: data, Tags: map[string]string{"anchorctl:intent": "i-2"},
	}))
	if !created.Enabled || created.Name != "prod" || created.AnchorARN != anchor.ARN || !bytes.Equal(created.Data, data) {
		t.Fatalf("imported %+v", created)
	}
	only := func(fresh bool) crls.Live {
		t.Helper()
		w.v.advance(time.Minute)
		all := must[[]crls.Live](t)(api.List(t.Context(), fresh))
		if len(all) != 1 || all[0].ARN != created.ARN {
			t.Fatalf("listed %+v", all)
		}
		return all[0]
	}
	for _, fresh := range []bool{false, true} {
		if diff := cmp.Diff(created.Tags, only(fresh).Tags); diff != "" {
			t.Errorf("fresh %v: %s", fresh, diff)
		}
	}
	w.v.advance(time.Minute)
	if _, err := w.target.anywhere.DisableCrl(t.Context(), &rolesanywhere.DisableCrlInput{CrlId: &created.ID}); err != nil {
		t.Fatal(err)
	}
	if only(false).Enabled {
		t.Error("a disabled list is said to be enabled")
	}
	name := "renamed"
	err = api.Change(t.Context(), created.ID, crls.Change{Name: &name, Data: der, SetTags: map[string]string{"team": "platform"}, Enable: true})
	if err != nil {
		t.Fatal(err)
	}
	if got := only(true); got.Name != name || !bytes.Equal(got.Data, der) || !got.Enabled || got.Tags["team"] != "platform" || got.List() == nil {
		t.Errorf("changed to %+v", got)
	}
	for range 2 {
		if err := api.Delete(t.Context(), created.ID); err != nil {
			t.Fatal(err)
		}
	}
	if all := must[[]crls.Live](t)(api.List(t.Context(), false)); len(all) != 0 {
		t.Errorf("listed %+v", all)
	}
}

func TestContractRolePolicies(t *testing.T) {
	w := newWorld(t)
	for _, text := range []string{document("one"), document("another")} {
		if err := w.target.PutRolePolicy(t.Context(), "prod-backup", "AnchorctlEndSessions-4aff", text); err != nil {
			t.Fatal(err)
		}
	}
	got := must[roles.Permissions](t)(w.target.Roles().Permissions(t.Context(), "prod-backup"))
	want := roles.Policy{Name: "AnchorctlEndSessions-4aff", Document: document("another")}
	if !slices.Contains(got.Policies, want) {
		t.Errorf("the role has %+v", got.Policies)
	}
	if err := w.target.PutRolePolicy(t.Context(), "nobody", "p", document("one")); err == nil {
		t.Error("a role that is not there is no error")
	}
}

func TestContractIdentity(t *testing.T) {
	w := newWorld(t)
	got := must[Identity](t)(w.target.Identity(t.Context()))
	if got.Bound != "sandbox:"+w.running.ID() || got.Account != account || got.Partition != "aws" {
		t.Errorf("got %+v", got)
	}
	if w.target.Endpoint() != w.running.URL {
		t.Errorf("endpoint is %q", w.target.Endpoint())
	}
	elsewhere := must[*Target](t)(Open(t.Context(), Options{Account: "444455556666", Region: region, Clock: w.v.clock()}))
	if _, err := elsewhere.Identity(t.Context()); err == nil {
		t.Error("another account's credentials are taken")
	}
}

// Ten environments with ten profiles each: what a plan reads of one account
// must not grow with the number of objects.
func TestContractAPlanIsFewCalls(t *testing.T) {
	w := newWorld(t)
	for i := range 60 {
		n := newProfile(fmt.Sprintf("i-%d", i))
		n.Name += fmt.Sprintf("-%d", i)
		must[profiles.Live](t)(w.target.Profiles().Create(t.Context(), n))
	}
	w.operations()
	before := w.v.clock().Now()
	if all := must[[]profiles.Live](t)(w.target.Profiles().List(t.Context(), false)); len(all) != 60 {
		t.Errorf("listed %d", len(all))
	}
	must[[]anchors.Live](t)(w.target.Anchors().List(t.Context(), false))
	if got := w.operations(); len(got) > 6 {
		t.Errorf("%d calls: %v", len(got), got)
	}
	if took := w.v.clock().Now().Sub(before); took > 6*time.Second {
		t.Errorf("took %s", took)
	}
}

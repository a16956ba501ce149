package estate_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/rolesanywhere"
	"github.com/aws/aws-sdk-go-v2/service/rolesanywhere/types"
	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/config"
	"anchorctl/internal/estate"
	"anchorctl/internal/ownership"
	"anchorctl/internal/pki"
	"anchorctl/internal/plan"
	"anchorctl/internal/profiles"
)

func (l *lab) look(t *testing.T) estate.Scene {
	t.Helper()
	s, err := l.open(t, nil).Look(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// outline is a scene in few words.
func outline(s estate.Scene) []string {
	list := []string{}
	for _, p := range s.Places {
		for _, a := range p.Anchors {
			held := []string{}
			for i := range a.Certificates {
				held = append(held, a.Certificates[i].Subject.CommonName+" is "+a.Known[i].String())
			}
			list = append(list, p.Target.String()+" "+a.Addr.String()+" of "+a.Environment+": "+strings.Join(held, ", ")+a.Unreadable)
		}
		for _, profile := range p.Profiles {
			list = append(list, p.Target.String()+" "+profile.Addr.String()+" of "+profile.Environment+" named "+profile.Live.Name)
		}
	}
	for addr, live := range s.Roles {
		list = append(list, map[bool]string{true: "there: ", false: "absent: "}[live.Exists]+addr.String())
	}
	for _, issuer := range s.Issuers {
		list = append(list, issuer.Addr.String()+" "+issuer.Status+" "+issuer.Certificate.Subject.CommonName)
	}
	slices.Sort(list)
	return list
}

// foreignAnchor is an anchor that somebody made by hand.
func (l *lab) foreignAnchor(t *testing.T, name, bundle string) string {
	t.Helper()
	out, err := l.sdk(t).CreateTrustAnchor(t.Context(), &rolesanywhere.CreateTrustAnchorInput{
		Name: aws.String(name), Enabled: aws.Bool(true), Source: &types.Source{
			SourceType: types.TrustAnchorTypeCertificateBundle, SourceData: &types.SourceDataMemberX509CertificateData{Value: bundle},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return aws.ToString(out.TrustAnchor.TrustAnchorArn)
}

func (l *lab) sdk(t *testing.T) *rolesanywhere.Client {
	t.Helper()
	cfg, err := awsconfig.LoadDefaultConfig(t.Context(), awsconfig.WithRegion(place.Region))
	if err != nil {
		t.Fatal(err)
	}
	return rolesanywhere.NewFromConfig(cfg)
}

func TestLookShowsWhatIsOursAndWhatIsNot(t *testing.T) {
	l := converged(t)
	l.somebodysProfile(t, "other")
	l.foreignAnchor(t, "somebodys", l.anchor(t, devAnchor).Bundle)
	before := len(l.requests(t))
	got := l.look(t)
	want := []string{
		"111122223333/eu-central-1  of  named somebody-elses",
		"111122223333/eu-central-1  of : dev issuer 1 is issuer/dev#1",
		"111122223333/eu-central-1 anchor/dev@111122223333/eu-central-1 of dev: dev issuer 1 is issuer/dev#1",
		"111122223333/eu-central-1 anchor/prod@111122223333/eu-central-1 of prod: prod issuer 1 is issuer/prod#1",
		"111122223333/eu-central-1 profile/dev/app@111122223333/eu-central-1 of dev named example-dev-app",
		"111122223333/eu-central-1 profile/prod/app@111122223333/eu-central-1 of prod named example-prod-app",
		"issuer/dev#1 active dev issuer 1", "issuer/prod#1 active prod issuer 1", "root#1 active example root 1",
		"there: role/111122223333/dev-app", "there: role/111122223333/other", "there: role/111122223333/prod-app",
	}
	if diff := cmp.Diff(want, outline(got)); diff != "" {
		t.Error(diff)
	}
	if len(got.Notices)+len(got.Findings)+len(got.Unread)+len(got.Closed) > 0 || got.TrustDomain != "example.internal" || got.Lineage == "" || !got.Now.After(start) {
		t.Errorf("it says %v %v %v of %q", got.Notices, got.Findings, got.Unread, got.TrustDomain)
	}
	asked := map[string]int{}
	for _, r := range l.requests(t)[before:] {
		asked[r.Op]++
	}
	asked["GetResources"] = 0 // pages of tags
	if diff := cmp.Diff(map[string]int{
		"GetCallerIdentity": 1, "ListTrustAnchors": 1, "ListProfiles": 1, "ListCrls": 1, "GetRole": 3, "GetResources": 0,
	}, asked); diff != "" {
		t.Error(diff)
	}
}

func TestLookTakesNoLock(t *testing.T) {
	l := converged(t)
	w := l.open(t, nil)
	release, err := l.open(t, nil).Folder.Store.Lock(t.Context(), "apply", false)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = release() }() // ends with the test
	if _, err := w.Look(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestLookSaysWhatItCouldNotRead(t *testing.T) {
	l := converged(t)
	l.somebodysProfile(t, "other")
	cloud := l.cloud(t)
	if _, err := cloud.Profiles.Create(t.Context(), profiles.New{Spec: profiles.Spec{
		Name: "far", RoleARNs: []string{"arn:aws:iam::111122223333:role/absent"}, DurationSeconds: 3600,
	}}); err != nil {
		t.Fatal(err)
	}
	s, err := l.open(t, func(c *estate.Cloud, _ config.Target) error {
		c.Roles = unreadable{c.Roles, "other"}
		return nil
	}).Look(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	other := plan.Role(account, "other")
	if _, there := s.Roles[other]; there || !strings.Contains(s.Unread[other], "cannot be read") ||
		!strings.Contains(strings.Join(s.Notices, "\n"), other.String()+" cannot be read") {
		t.Errorf("of %s it says %q; notices are %v", other, s.Unread[other], s.Notices)
	}
	if live, there := s.Roles[plan.Role(account, "absent")]; !there || live.Exists || len(s.Unread) != 1 {
		t.Errorf("of the absent role it says %+v; unread are %v", live, s.Unread)
	}
}

func TestLookReadsRevocationLists(t *testing.T) {
	l := converged(t)
	if err := l.importCRL(t); err != nil {
		t.Fatal(err)
	}
	crls := l.look(t).Places[0].CRLs
	if len(crls) != 1 || crls[0].AnchorARN != l.anchor(t, prodAnchor).ARN || !crls[0].Enabled || crls[0].Name == "" ||
		crls[0].List == nil || crls[0].List.RevokedCertificateEntries[0].SerialNumber.Int64() != 7 {
		t.Errorf("read is %+v", crls)
	}
}

func TestLookDoesNotTakeForOursWhatOnlyTheTagsOrOnlyTheStoreSay(t *testing.T) {
	l := converged(t)
	anchor := l.anchor(t, prodAnchor).ARN
	if _, err := l.sdk(t).TagResource(t.Context(), &rolesanywhere.TagResourceInput{
		ResourceArn: &anchor, Tags: []types.Tag{{Key: aws.String(ownership.TagEstate), Value: aws.String("another")}},
	}); err != nil {
		t.Fatal(err)
	}
	copied := l.foreignAnchor(t, "example-copied", string(pki.EncodePEM(l.look(t).Issuers[0].Certificate)))
	tags := []types.Tag{}
	for name, value := range l.anchor(t, devAnchor).Tags {
		if name != ownership.TagIntent {
			tags = append(tags, types.Tag{Key: aws.String(name), Value: aws.String(value)})
		}
	}
	if _, err := l.sdk(t).TagResource(t.Context(), &rolesanywhere.TagResourceInput{ResourceArn: &copied, Tags: tags}); err != nil {
		t.Fatal(err)
	}
	l.advance(t, "1h") // until the tagging API shows it
	s := l.look(t)
	for _, a := range s.Places[0].Anchors {
		if ours := a.Live.ARN != anchor && a.Live.ARN != copied; ours == a.Addr.IsZero() {
			t.Errorf("%s is %q", a.Live.ARN, a.Addr)
		}
	}
	if len(s.Findings) != 2 || s.Findings[0].Rule != "ANC403" || s.Findings[1].Rule != "ANC403" {
		t.Errorf("findings are %v", s.Findings)
	}
}

func TestLookGoesOnWithoutWhatLeftAndCannotBeReached(t *testing.T) {
	l := newLab(t, apart(), "dev-app", "prod-app")
	if _, err := l.open(t, reach).Apply(t.Context(), estate.ApplyOptions{}); err != nil {
		t.Fatal(err)
	}
	l.write(t, withoutProd(apart()))
	s, err := l.open(t, reach).Look(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]plan.Target{{Account: account, Region: "eu-west-1"}}, s.Closed); diff != "" || len(s.Notices) != 1 {
		t.Errorf("notices are %v; %s", s.Notices, diff)
	}
}

func TestLookSaysWhatIsRecordedAndNotThere(t *testing.T) {
	l := converged(t)
	if err := l.cloud(t).Profiles.Delete(t.Context(), l.profile(t, prodProfile).ID); err != nil {
		t.Fatal(err)
	}
	if s := l.look(t); len(s.Notices) != 1 || !strings.Contains(s.Notices[0], prodProfile.String()+" is recorded as ") {
		t.Errorf("notices are %v", s.Notices)
	}
}

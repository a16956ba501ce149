package sandbox_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rolesanywhere"
	"github.com/aws/aws-sdk-go-v2/service/rolesanywhere/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/sandbox"
)

func bundleOf(text string) *types.Source {
	return &types.Source{SourceType: types.TrustAnchorTypeCertificateBundle, SourceData: &types.SourceDataMemberX509CertificateData{Value: text}}
}

// wantCode holds that an error is the service's, with that code.
func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code {
		t.Errorf("error is %v, want %s", err, code)
	}
}

// must is for calls that have to succeed in what a test is about.
func must[T any](out T, err error) T {
	if err != nil {
		panic(err)
	}
	return out
}

func TestAnchorsThroughTheSDK(t *testing.T) {
	b := start(t)
	ctx, c := t.Context(), b.anywhere(prod)
	issuer := newRoot(t, "root", b.clock.tell()).child(t, "prod issuer 1", b.clock.tell())
	second := newRoot(t, "root", b.clock.tell()).child(t, "prod issuer 2", b.clock.tell())

	made := must(c.CreateTrustAnchor(ctx, &rolesanywhere.CreateTrustAnchorInput{
		Name: aws.String("example-prod"), Source: bundleOf(pemOf(issuer.cert)), Enabled: aws.Bool(false),
		Tags: []types.Tag{{Key: aws.String("anchorctl:environment"), Value: aws.String("prod")}},
		NotificationSettings: []types.NotificationSetting{
			{Event: types.NotificationEventCaCertificateExpiry, Enabled: aws.Bool(true), Threshold: aws.Int32(30)},
		},
	})).TrustAnchor
	id := made.TrustAnchorId
	if want := "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/" + *id; *made.TrustAnchorArn != want {
		t.Errorf("the ARN is %s, want %s", *made.TrustAnchorArn, want)
	}
	if *made.Enabled || !made.CreatedAt.Equal(b.clock.tell()) {
		t.Errorf("it is enabled %v and created %v", *made.Enabled, made.CreatedAt)
	}
	settings := func(all []types.NotificationSettingDetail) (out []string) {
		for _, n := range all {
			out = append(out, fmt.Sprintf("%s %d %v %s %s", n.Event, *n.Threshold, *n.Enabled, n.Channel, *n.ConfiguredBy))
		}
		return out
	}
	if diff := cmp.Diff(settings(made.NotificationSettings), []string{
		"CA_CERTIFICATE_EXPIRY 30 true ALL 111122223333", "END_ENTITY_CERTIFICATE_EXPIRY 45 true ALL rolesanywhere.amazonaws.com",
	}); diff != "" {
		t.Errorf("notification settings (-got +want):\n%s", diff)
	}

	b.clock.jump(1)
	if !*must(c.EnableTrustAnchor(ctx, &rolesanywhere.EnableTrustAnchorInput{TrustAnchorId: id})).TrustAnchor.Enabled {
		t.Error("enabling it did not")
	}
	if *must(c.DisableTrustAnchor(ctx, &rolesanywhere.DisableTrustAnchorInput{TrustAnchorId: id})).TrustAnchor.Enabled {
		t.Error("disabling it did not")
	}
	must(c.UpdateTrustAnchor(ctx, &rolesanywhere.UpdateTrustAnchorInput{
		TrustAnchorId: id, Name: aws.String("renamed"), Source: bundleOf(pemOf(issuer.cert, second.cert)), CrlDpRevocationEnabled: aws.Bool(true),
	}))
	must(c.PutNotificationSettings(ctx, &rolesanywhere.PutNotificationSettingsInput{
		TrustAnchorId: id, NotificationSettings: []types.NotificationSetting{{Event: types.NotificationEventEndEntityCertificateExpiry, Enabled: aws.Bool(false), Threshold: aws.Int32(7)}},
	}))
	must(c.ResetNotificationSettings(ctx, &rolesanywhere.ResetNotificationSettingsInput{
		TrustAnchorId: id, NotificationSettingKeys: []types.NotificationSettingKey{{Event: types.NotificationEventCaCertificateExpiry}},
	}))
	got := must(c.GetTrustAnchor(ctx, &rolesanywhere.GetTrustAnchorInput{TrustAnchorId: id})).TrustAnchor
	if diff := cmp.Diff(settings(got.NotificationSettings), []string{
		"CA_CERTIFICATE_EXPIRY 45 true ALL rolesanywhere.amazonaws.com", "END_ENTITY_CERTIFICATE_EXPIRY 7 false ALL 111122223333",
	}); diff != "" {
		t.Errorf("notification settings (-got +want):\n%s", diff)
	}
	data, ok := got.Source.SourceData.(*types.SourceDataMemberX509CertificateData)
	if !ok || *got.Name != "renamed" || data.Value != pemOf(issuer.cert, second.cert) || !*got.CrlDpRevocationEnabled {
		t.Errorf("after the update it is %+v", got)
	}

	deleted := must(c.DeleteTrustAnchor(ctx, &rolesanywhere.DeleteTrustAnchorInput{TrustAnchorId: id}))
	if *deleted.TrustAnchor.Name != "renamed" {
		t.Errorf("deleting answered with %v", deleted.TrustAnchor)
	}
	_, err := c.GetTrustAnchor(ctx, &rolesanywhere.GetTrustAnchorInput{TrustAnchorId: id})
	wantCode(t, err, "ResourceNotFoundException")
}

func TestProfilesThroughTheSDK(t *testing.T) {
	b := start(t)
	ctx, c := t.Context(), b.anywhere(prod)
	role := "arn:aws:iam::111122223333:role/prod-backup"
	made := must(c.CreateProfile(ctx, &rolesanywhere.CreateProfileInput{
		Name: aws.String("example-prod-backup"), RoleArns: []string{role}, Enabled: aws.Bool(true), DurationSeconds: aws.Int32(900),
		SessionPolicy: aws.String(`{"Version":"2012-10-17","Statement":[]}`), AcceptRoleSessionName: aws.Bool(true),
	})).Profile
	if !*made.Enabled || *made.DurationSeconds != 900 || *made.CreatedBy != "arn:aws:iam::111122223333:user/sandbox" || !*made.AcceptRoleSessionName {
		t.Errorf("the profile made is %+v", made)
	}
	mappings := func(p *types.ProfileDetail) map[string][]string {
		all := map[string][]string{}
		for _, m := range p.AttributeMappings {
			for _, r := range m.MappingRules {
				all[string(m.CertificateField)] = append(all[string(m.CertificateField)], *r.Specifier)
			}
		}
		return all
	}
	if diff := cmp.Diff(mappings(made), map[string][]string{"x509Subject": {"*"}, "x509Issuer": {"*"}, "x509SAN": {"DNS", "URI", "Name/*"}}); diff != "" {
		t.Errorf("default mappings (-got +want):\n%s", diff)
	}
	id := made.ProfileId
	must(c.DisableProfile(ctx, &rolesanywhere.DisableProfileInput{ProfileId: id}))
	must(c.EnableProfile(ctx, &rolesanywhere.EnableProfileInput{ProfileId: id}))
	must(c.UpdateProfile(ctx, &rolesanywhere.UpdateProfileInput{
		ProfileId: id, RoleArns: []string{}, ManagedPolicyArns: []string{"arn:aws:iam::aws:policy/ReadOnlyAccess"}, AcceptRoleSessionName: aws.Bool(false),
	}))
	must(c.PutAttributeMapping(ctx, &rolesanywhere.PutAttributeMappingInput{
		ProfileId: id, CertificateField: types.CertificateFieldX509SAN,
		MappingRules: []types.MappingRule{{Specifier: aws.String("URI")}, {Specifier: aws.String("Name")}, {Specifier: aws.String("DNS")}},
	}))
	must(c.DeleteAttributeMapping(ctx, &rolesanywhere.DeleteAttributeMappingInput{
		ProfileId: id, CertificateField: types.CertificateFieldX509SAN, Specifiers: []string{"Name/*", "DNS"},
	}))
	must(c.DeleteAttributeMapping(ctx, &rolesanywhere.DeleteAttributeMappingInput{
		ProfileId: id, CertificateField: types.CertificateFieldX509Issuer,
	}))
	got := must(c.GetProfile(ctx, &rolesanywhere.GetProfileInput{ProfileId: id})).Profile
	if diff := cmp.Diff(mappings(got), map[string][]string{"x509Subject": {"*"}, "x509SAN": {"URI"}}); diff != "" {
		t.Errorf("mappings (-got +want):\n%s", diff)
	}
	if len(got.RoleArns) != 0 || len(got.ManagedPolicyArns) != 1 || *got.AcceptRoleSessionName || *got.DurationSeconds != 900 {
		t.Errorf("after the update it is %+v", got)
	}
	_, err := c.PutAttributeMapping(ctx, &rolesanywhere.PutAttributeMappingInput{
		ProfileId: id, CertificateField: types.CertificateFieldX509SAN, MappingRules: []types.MappingRule{{Specifier: aws.String("CN")}},
	})
	wantCode(t, err, "ValidationException")
	_, err = c.UpdateProfile(ctx, &rolesanywhere.UpdateProfileInput{ProfileId: id, RoleArns: []string{"arn:aws:iam::444455556666:role/deploy"}})
	wantCode(t, err, "AccessDeniedException")
	must(c.DeleteProfile(ctx, &rolesanywhere.DeleteProfileInput{ProfileId: id}))
	_, err = c.DeleteProfile(ctx, &rolesanywhere.DeleteProfileInput{ProfileId: id})
	wantCode(t, err, "ResourceNotFoundException")
}

func TestCRLsThroughTheSDK(t *testing.T) {
	b := start(t)
	ctx, c, now := t.Context(), b.anywhere(prod), b.clock.tell()
	issuer, other := newRoot(t, "issuer", now), newRoot(t, "other", now)
	leaf := issuer.leaf(t, leafTemplate(t, "prod", "backup", now), ecKey(t))
	anchor := must(c.CreateTrustAnchor(ctx, &rolesanywhere.CreateTrustAnchorInput{
		Name: aws.String("a"), Source: bundleOf(pemOf(issuer.cert)), Enabled: aws.Bool(true),
	})).TrustAnchor
	in := func(data []byte) *rolesanywhere.ImportCrlInput {
		return &rolesanywhere.ImportCrlInput{Name: aws.String("crl"), CrlData: data, TrustAnchorArn: anchor.TrustAnchorArn, Enabled: aws.Bool(true)}
	}
	for name, data := range map[string][]byte{
		"an empty list": issuer.crl(t, now), "somebody else's list": other.crl(t, now, leaf), "no list at all": []byte("x"),
	} {
		if _, err := c.ImportCrl(ctx, in(data)); err == nil {
			t.Errorf("%s was taken", name)
		} else {
			wantCode(t, err, "ValidationException")
		}
	}
	good := issuer.crl(t, now, leaf)
	made := must(c.ImportCrl(ctx, in(good))).Crl
	must(c.ImportCrl(ctx, in(good)))
	_, err := c.ImportCrl(ctx, in(good))
	wantCode(t, err, "ValidationException")
	id := made.CrlId
	must(c.DisableCrl(ctx, &rolesanywhere.DisableCrlInput{CrlId: id}))
	must(c.EnableCrl(ctx, &rolesanywhere.EnableCrlInput{CrlId: id}))
	must(c.UpdateCrl(ctx, &rolesanywhere.UpdateCrlInput{CrlId: id, Name: aws.String("renamed"), CrlData: issuer.crl(t, now, leaf, issuer.cert)}))
	_, err = c.UpdateCrl(ctx, &rolesanywhere.UpdateCrlInput{CrlId: id, CrlData: issuer.crl(t, now)})
	wantCode(t, err, "ValidationException")
	got := must(c.GetCrl(ctx, &rolesanywhere.GetCrlInput{CrlId: id})).Crl
	if *got.Name != "renamed" || string(got.CrlData) == string(good) || !*got.Enabled {
		t.Errorf("after the update it is %+v", got)
	}
	if all := must(c.ListCrls(ctx, &rolesanywhere.ListCrlsInput{})).Crls; len(all) != 2 {
		t.Errorf("listed %d CRLs, want 2", len(all))
	}
	must(c.DeleteCrl(ctx, &rolesanywhere.DeleteCrlInput{CrlId: id}))
	if all := must(c.ListCrls(ctx, &rolesanywhere.ListCrlsInput{})).Crls; len(all) != 1 {
		t.Errorf("listed %d CRLs, want 1", len(all))
	}
}

func TestTagsThroughTheSDK(t *testing.T) {
	b := start(t)
	ctx, c := t.Context(), b.anywhere(prod)
	p := must(c.CreateProfile(ctx, &rolesanywhere.CreateProfileInput{
		Name: aws.String("p"), RoleArns: []string{}, Tags: []types.Tag{{Key: aws.String("b"), Value: aws.String("1")}, {Key: aws.String("a"), Value: aws.String("2")}},
	})).Profile
	must(c.TagResource(ctx, &rolesanywhere.TagResourceInput{
		ResourceArn: p.ProfileArn, Tags: []types.Tag{{Key: aws.String("b"), Value: aws.String("3")}, {Key: aws.String("c"), Value: aws.String("")}},
	}))
	must(c.UntagResource(ctx, &rolesanywhere.UntagResourceInput{ResourceArn: p.ProfileArn, TagKeys: []string{"a", "gone"}}))
	var got []string
	for _, tag := range must(c.ListTagsForResource(ctx, &rolesanywhere.ListTagsForResourceInput{ResourceArn: p.ProfileArn})).Tags {
		got = append(got, *tag.Key+"="+*tag.Value)
	}
	if diff := cmp.Diff(got, []string{"b=3", "c="}); diff != "" {
		t.Errorf("tags (-got +want):\n%s", diff)
	}
	many := make([]types.Tag, 199)
	for i := range many {
		many[i] = types.Tag{Key: aws.String(fmt.Sprint("k", i)), Value: aws.String("v")}
	}
	_, err := c.TagResource(ctx, &rolesanywhere.TagResourceInput{ResourceArn: p.ProfileArn, Tags: many})
	wantCode(t, err, "TooManyTagsException")
	_, err = c.TagResource(ctx, &rolesanywhere.TagResourceInput{ResourceArn: p.ProfileArn, Tags: []types.Tag{{Key: aws.String("aws:x"), Value: aws.String("v")}}})
	wantCode(t, err, "ValidationException")
	_, err = c.ListTagsForResource(ctx, &rolesanywhere.ListTagsForResourceInput{ResourceArn: aws.String("arn:aws:rolesanywhere:eu-central-1:111122223333:profile/none")})
	wantCode(t, err, "ResourceNotFoundException")
}

func TestListsArePaged(t *testing.T) {
	b := start(t)
	ctx, c := t.Context(), b.anywhere(prod)
	var ids []string
	for i := range 7 {
		p := must(c.CreateProfile(ctx, &rolesanywhere.CreateProfileInput{Name: aws.String(fmt.Sprint("p", i)), RoleArns: []string{}}))
		ids = append(ids, *p.Profile.ProfileId)
	}
	var got []string
	pages := rolesanywhere.NewListProfilesPaginator(c, &rolesanywhere.ListProfilesInput{PageSize: aws.Int32(3)})
	for pages.HasMorePages() {
		page := must(pages.NextPage(ctx))
		for _, p := range page.Profiles {
			got = append(got, *p.ProfileId)
		}
		if len(got) == 3 { // what goes meanwhile moves nothing
			must(c.DeleteProfile(ctx, &rolesanywhere.DeleteProfileInput{ProfileId: aws.String(ids[1])}))
		}
	}
	if diff := cmp.Diff(got, ids); diff != "" {
		t.Errorf("listed (-got +want):\n%s", diff)
	}
	_, err := c.ListProfiles(ctx, &rolesanywhere.ListProfilesInput{NextToken: aws.String("made up")})
	wantCode(t, err, "ValidationException")
	_, err = c.ListProfiles(ctx, &rolesanywhere.ListProfilesInput{PageSize: aws.Int32(0)})
	wantCode(t, err, "ValidationException")
	anchors := must(c.ListTrustAnchors(ctx, &rolesanywhere.ListTrustAnchorsInput{}))
	subjects := must(c.ListSubjects(ctx, &rolesanywhere.ListSubjectsInput{}))
	if len(anchors.TrustAnchors)+len(subjects.Subjects) != 0 || anchors.NextToken != nil {
		t.Errorf("lists of nothing have %+v, %+v", anchors, subjects)
	}
	_, err = c.GetSubject(ctx, &rolesanywhere.GetSubjectInput{SubjectId: aws.String(ids[0])})
	wantCode(t, err, "ResourceNotFoundException")
}

func TestAnObjectBelongsToOneAccountAndRegion(t *testing.T) {
	b := start(t)
	ctx := t.Context()
	p := must(b.anywhere(prod).CreateProfile(ctx, &rolesanywhere.CreateProfileInput{Name: aws.String("p"), RoleArns: []string{}}))
	elsewhere := func(o *rolesanywhere.Options) { o.Region = "us-east-1" }
	_, err := b.anywhere(prod).GetProfile(ctx, &rolesanywhere.GetProfileInput{ProfileId: p.Profile.ProfileId}, elsewhere)
	wantCode(t, err, "ResourceNotFoundException")
	_, err = b.anywhere(dev).GetProfile(ctx, &rolesanywhere.GetProfileInput{ProfileId: p.Profile.ProfileId})
	wantCode(t, err, "ResourceNotFoundException")
	_, err = b.anywhere(dev).ListTagsForResource(ctx, &rolesanywhere.ListTagsForResourceInput{ResourceArn: p.Profile.ProfileArn})
	wantCode(t, err, "ResourceNotFoundException")
}

func TestEveryAnswerCarriesTheID(t *testing.T) {
	b := start(t)
	var ids []string
	note := func(o *rolesanywhere.Options) {
		o.HTTPClient = doer(func(r *http.Request) (*http.Response, error) {
			res, err := http.DefaultClient.Do(r)
			if err == nil {
				ids = append(ids, res.Header.Get(sandbox.HeaderID))
			}
			return res, err
		})
	}
	c := b.anywhere(prod)
	must(c.ListProfiles(t.Context(), &rolesanywhere.ListProfilesInput{}, note))
	_, err := c.GetProfile(t.Context(), &rolesanywhere.GetProfileInput{ProfileId: aws.String("x")}, note)
	var res *smithyhttp.ResponseError
	if !errors.As(err, &res) || res.HTTPStatusCode() != http.StatusBadRequest {
		t.Errorf("a malformed id gave %v", err)
	}
	if want := []string{b.ID(), b.ID()}; !slices.Equal(ids, want) {
		t.Errorf("ids are %v, want %v", ids, want)
	}
}

type doer func(*http.Request) (*http.Response, error)

func (d doer) Do(r *http.Request) (*http.Response, error) { return d(r) }

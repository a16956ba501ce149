package sandbox_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	tagtypes "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi/types"
	"github.com/aws/aws-sdk-go-v2/service/rolesanywhere"
	"github.com/aws/aws-sdk-go-v2/service/rolesanywhere/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/sandbox/seed"
)

const ec2Trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

func TestRolesThroughTheSDK(t *testing.T) {
	b := start(t)
	ctx, c := t.Context(), b.iam(prod)
	made := must(c.CreateRole(ctx, &iam.CreateRoleInput{
		RoleName: aws.String("prod-web"), Path: aws.String("/team/"), AssumeRolePolicyDocument: aws.String(ec2Trust),
		Description: aws.String("the web"), MaxSessionDuration: aws.Int32(7200), Tags: []iamtypes.Tag{{Key: aws.String("team"), Value: aws.String("web")}},
	})).Role
	if *made.Arn != "arn:aws:iam::111122223333:role/team/prod-web" || !strings.HasPrefix(*made.RoleId, "AROA") {
		t.Errorf("the role made is %s %s", *made.Arn, *made.RoleId)
	}
	trust := func() string {
		r := must(c.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("prod-web")})).Role
		return must(url.QueryUnescape(*r.AssumeRolePolicyDocument))
	}
	if got := trust(); got != ec2Trust {
		t.Errorf("the trust policy is %s", got)
	}
	_, err := c.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("PROD-WEB"), AssumeRolePolicyDocument: aws.String(ec2Trust)})
	wantCode(t, err, "EntityAlreadyExists")

	spaced := strings.ReplaceAll(ec2Trust, ",", ", ") + "\n"
	must(c.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: aws.String("prod-web"), PolicyDocument: &spaced}))
	if got := trust(); got != spaced {
		t.Errorf("the trust policy is %q", got)
	}
	must(c.UpdateRole(ctx, &iam.UpdateRoleInput{RoleName: aws.String("prod-web"), MaxSessionDuration: aws.Int32(3600)}))
	must(c.TagRole(ctx, &iam.TagRoleInput{RoleName: aws.String("prod-web"), Tags: []iamtypes.Tag{{Key: aws.String("TEAM"), Value: aws.String("ops")}}}))
	got := must(c.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("prod-web")})).Role
	if *got.MaxSessionDuration != 3600 || *got.Description != "the web" || len(got.Tags) != 1 || *got.Tags[0].Value != "ops" {
		t.Errorf("after the update it is %+v", got)
	}
	if tags := must(c.ListRoleTags(ctx, &iam.ListRoleTagsInput{RoleName: aws.String("prod-web")})).Tags; len(tags) != 1 || *tags[0].Key != "TEAM" {
		t.Errorf("tags are %+v", tags)
	}
	must(c.UntagRole(ctx, &iam.UntagRoleInput{RoleName: aws.String("prod-web"), TagKeys: []string{"TEAM"}}))
	if tags := must(c.ListRoleTags(ctx, &iam.ListRoleTagsInput{RoleName: aws.String("prod-web")})).Tags; len(tags) != 0 {
		t.Errorf("tags are %+v", tags)
	}

	var names []string
	for pages := iam.NewListRolesPaginator(c, &iam.ListRolesInput{MaxItems: aws.Int32(1)}); pages.HasMorePages(); {
		for _, r := range must(pages.NextPage(ctx)).Roles {
			names = append(names, *r.RoleName)
		}
	}
	if diff := cmp.Diff(names, []string{"plain", "prod-backup", "prod-reports", "prod-web"}); diff != "" {
		t.Errorf("roles (-got +want):\n%s", diff)
	}
	if under := must(c.ListRoles(ctx, &iam.ListRolesInput{PathPrefix: aws.String("/team/")})).Roles; len(under) != 2 {
		t.Errorf("under /team/ there are %d roles", len(under))
	}
	must(c.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: aws.String("prod-web")}))
	_, err = c.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("prod-web")})
	wantCode(t, err, "NoSuchEntity")
}

func TestRolePoliciesThroughTheSDK(t *testing.T) {
	b := start(t)
	ctx, c, role := t.Context(), b.iam(prod), aws.String("prod-reports")
	readOnly, own := "arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::111122223333:policy/team/reports"
	_, err := c.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: role, PolicyArn: &own})
	wantCode(t, err, "NoSuchEntity")
	must(c.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("reports"), Path: aws.String("/team/"), PolicyDocument: aws.String(readS3)}))
	must(c.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: role, PolicyArn: &own}))
	must(c.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: role, PolicyArn: &own}))
	_, err = c.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: role, PolicyArn: aws.String("arn:aws:iam::444455556666:policy/theirs")})
	wantCode(t, err, "NoSuchEntity")
	var got []string
	for _, p := range must(c.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: role})).AttachedPolicies {
		got = append(got, *p.PolicyName+" "+*p.PolicyArn)
	}
	if diff := cmp.Diff(got, []string{"reports " + own, "ReadOnlyAccess " + readOnly}); diff != "" {
		t.Errorf("attached (-got +want):\n%s", diff)
	}
	_, err = c.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: role})
	wantCode(t, err, "DeleteConflict")
	must(c.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: role, PolicyArn: &own}))
	must(c.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: role, PolicyArn: &readOnly}))
	_, err = c.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: role, PolicyArn: &readOnly})
	wantCode(t, err, "NoSuchEntity")

	s3 := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}`
	must(c.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: role, PolicyName: aws.String("s3"), PolicyDocument: &s3}))
	inline := must(c.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: role, PolicyName: aws.String("s3")}))
	if must(url.QueryUnescape(*inline.PolicyDocument)) != s3 {
		t.Errorf("the inline policy is %s", *inline.PolicyDocument)
	}
	if names := must(c.ListRolePolicies(ctx, &iam.ListRolePoliciesInput{RoleName: role})).PolicyNames; len(names) != 1 || names[0] != "s3" {
		t.Errorf("inline policies are %v", names)
	}
	_, err = c.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: role})
	wantCode(t, err, "DeleteConflict")
	must(c.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: role, PolicyName: aws.String("s3")}))
	_, err = c.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: role, PolicyName: aws.String("s3")})
	wantCode(t, err, "NoSuchEntity")
	must(c.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: role}))
}

const readS3 = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::reports/a+b c"}]}`

func TestManagedPoliciesThroughTheSDK(t *testing.T) {
	b := start(t)
	ctx, c := t.Context(), b.iam(prod)
	made := must(c.CreatePolicy(ctx, &iam.CreatePolicyInput{
		PolicyName: aws.String("reports"), Path: aws.String("/team/"), PolicyDocument: aws.String(readS3), Description: aws.String("what reports read"),
	})).Policy
	arn := made.Arn
	if *arn != "arn:aws:iam::111122223333:policy/team/reports" || !strings.HasPrefix(*made.PolicyId, "ANPA") || *made.DefaultVersionId != "v1" || made.Description != nil {
		t.Errorf("made is %+v", made)
	}
	must(c.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: aws.String("plain"), PolicyArn: arn}))
	got := must(c.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: arn})).Policy
	if *got.AttachmentCount != 1 || *got.Description != "what reports read" || *got.PolicyName != "reports" || *got.Path != "/team/" {
		t.Errorf("got is %+v", got)
	}
	version := must(c.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: arn, VersionId: got.DefaultVersionId})).PolicyVersion
	if text := must(url.QueryUnescape(*version.Document)); text != readS3 || !version.IsDefaultVersion {
		t.Errorf("the document is %s", text)
	}

	_, err := c.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("REPORTS"), PolicyDocument: aws.String(readS3)})
	wantCode(t, err, "EntityAlreadyExists")
	_, err = c.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("trust"), PolicyDocument: aws.String(ec2Trust)})
	wantCode(t, err, "MalformedPolicyDocument")
	_, err = c.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: arn, VersionId: aws.String("v2")})
	wantCode(t, err, "NoSuchEntity")
	_, err = c.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: aws.String(*arn + "s")})
	wantCode(t, err, "NoSuchEntity")
	_, err = b.iam(dev).GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: arn})
	wantCode(t, err, "NoSuchEntity")
	_, err = c.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: aws.String("arn:aws:iam::aws:policy/AdministratorAccess")})
	wantCode(t, err, "NotImplementedInSandbox")
}

func TestTrustPoliciesThatIAMRefuses(t *testing.T) {
	b := start(t)
	tests := map[string]string{
		"no JSON":                       `{`,
		"a key twice":                   `{"Version":"2012-10-17","Version":"2012-10-17","Statement":[]}`,
		"no principal":                  `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole"}]}`,
		"a resource":                    `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole","Resource":"*"}]}`,
		"an action of another service":  `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"s3:GetObject"}]}`,
		"an element that nobody knows":  `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole","X":1}]}`,
		"a version that nobody defined": `{"Version":"2026-01-01","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}`,
	}
	for name, document := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := b.iam(prod).UpdateAssumeRolePolicy(t.Context(), &iam.UpdateAssumeRolePolicyInput{RoleName: aws.String("plain"), PolicyDocument: &document})
			wantCode(t, err, "MalformedPolicyDocument")
		})
	}
	r := must(b.iam(prod).GetRole(t.Context(), &iam.GetRoleInput{RoleName: aws.String("plain")})).Role
	if got := must(url.QueryUnescape(*r.AssumeRolePolicyDocument)); got != seed.NoTrustYet {
		t.Errorf("after all refusals the policy is %s", got)
	}
}

func TestAssumeRole(t *testing.T) {
	b := start(t)
	ctx := t.Context()
	in := func() *sts.AssumeRoleInput {
		return &sts.AssumeRoleInput{
			RoleArn: aws.String("arn:aws:iam::444455556666:role/deploy"), RoleSessionName: aws.String("apply"), ExternalId: aws.String("anchorctl"),
		}
	}
	me := b.sts(b.credentials(prod))
	out := must(me.AssumeRole(ctx, in()))
	who := credentials.NewStaticCredentialsProvider(*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken)
	id := must(b.sts(who).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}))
	if want := "arn:aws:sts::444455556666:assumed-role/deploy/apply"; *id.Arn != want || *out.AssumedRoleUser.Arn != want {
		t.Errorf("the session is %s and %s, want %s", *id.Arn, *out.AssumedRoleUser.Arn, want)
	}
	// The session acts in its role's account.
	c := rolesanywhere.New(rolesanywhere.Options{Region: region, BaseEndpoint: &b.URL, Credentials: who, Retryer: once()})
	p := must(c.CreateProfile(ctx, &rolesanywhere.CreateProfileInput{Name: aws.String("p"), RoleArns: []string{}}))
	if !strings.HasPrefix(*p.Profile.ProfileArn, "arn:aws:rolesanywhere:eu-central-1:444455556666:") {
		t.Errorf("the profile is %s", *p.Profile.ProfileArn)
	}

	refused := map[string]struct {
		client *sts.Client
		change func(*sts.AssumeRoleInput)
		code   string
	}{
		"without the external id":    {me, func(i *sts.AssumeRoleInput) { i.ExternalId = nil }, "AccessDenied"},
		"by somebody not named":      {b.sts(b.credentials(dev)), func(*sts.AssumeRoleInput) {}, "AccessDenied"},
		"a role that is not there":   {me, func(i *sts.AssumeRoleInput) { i.RoleArn = aws.String("arn:aws:iam::444455556666:role/none") }, "AccessDenied"},
		"an account nobody knows":    {me, func(i *sts.AssumeRoleInput) { i.RoleArn = aws.String("arn:aws:iam::999999999999:role/deploy") }, "AccessDenied"},
		"tags that nobody allowed":   {me, func(i *sts.AssumeRoleInput) { i.SourceIdentity = aws.String("me") }, "AccessDenied"},
		"longer than the role takes": {me, func(i *sts.AssumeRoleInput) { i.DurationSeconds = aws.Int32(3601) }, "ValidationError"},
		"shorter than anything":      {me, func(i *sts.AssumeRoleInput) { i.DurationSeconds = aws.Int32(899) }, "ValidationError"},
		"a name with a space":        {me, func(i *sts.AssumeRoleInput) { i.RoleSessionName = aws.String("a b") }, "ValidationError"},
	}
	for name, tt := range refused {
		t.Run(name, func(t *testing.T) {
			i := in()
			tt.change(i)
			_, err := tt.client.AssumeRole(ctx, i)
			wantCode(t, err, tt.code)
		})
	}
}

func TestGetResources(t *testing.T) {
	b := start(t)
	ctx, c := t.Context(), b.anywhere(prod)
	tag := func(env string) []types.Tag { return []types.Tag{{Key: aws.String("env"), Value: aws.String(env)}} }
	issuer := newRoot(t, "issuer", b.clock.tell())
	a := must(c.CreateTrustAnchor(ctx, &rolesanywhere.CreateTrustAnchorInput{Name: aws.String("a"), Source: bundleOf(pemOf(issuer.cert)), Tags: tag("prod")})).TrustAnchor
	p := must(c.CreateProfile(ctx, &rolesanywhere.CreateProfileInput{Name: aws.String("p"), RoleArns: []string{}, Tags: tag("prod")})).Profile
	d := must(c.CreateProfile(ctx, &rolesanywhere.CreateProfileInput{Name: aws.String("d"), RoleArns: []string{}, Tags: tag("dev")})).Profile
	must(c.CreateProfile(ctx, &rolesanywhere.CreateProfileInput{Name: aws.String("untagged"), RoleArns: []string{}}))

	arns := func(in *resourcegroupstaggingapi.GetResourcesInput) map[string]bool {
		all := map[string]bool{}
		for pages := resourcegroupstaggingapi.NewGetResourcesPaginator(b.tagging(prod), in); pages.HasMorePages(); {
			for _, m := range must(pages.NextPage(ctx)).ResourceTagMappingList {
				all[*m.ResourceARN] = true
			}
		}
		return all
	}
	tests := map[string]struct {
		in   resourcegroupstaggingapi.GetResourcesInput
		want []*string
	}{
		"all":              {resourcegroupstaggingapi.GetResourcesInput{}, []*string{a.TrustAnchorArn, p.ProfileArn, d.ProfileArn}},
		"one by one":       {resourcegroupstaggingapi.GetResourcesInput{ResourcesPerPage: aws.Int32(1)}, []*string{a.TrustAnchorArn, p.ProfileArn, d.ProfileArn}},
		"a service":        {resourcegroupstaggingapi.GetResourcesInput{ResourceTypeFilters: []string{"rolesanywhere"}}, []*string{a.TrustAnchorArn, p.ProfileArn, d.ProfileArn}},
		"a type":           {resourcegroupstaggingapi.GetResourcesInput{ResourceTypeFilters: []string{"rolesanywhere:trust-anchor"}}, []*string{a.TrustAnchorArn}},
		"CRLs":             {resourcegroupstaggingapi.GetResourcesInput{ResourceTypeFilters: []string{"rolesanywhere:crl"}}, nil},
		"a tag's value":    {resourcegroupstaggingapi.GetResourcesInput{TagFilters: []tagtypes.TagFilter{{Key: aws.String("env"), Values: []string{"prod", "x"}}}}, []*string{a.TrustAnchorArn, p.ProfileArn}},
		"a tag":            {resourcegroupstaggingapi.GetResourcesInput{TagFilters: []tagtypes.TagFilter{{Key: aws.String("env")}}}, []*string{a.TrustAnchorArn, p.ProfileArn, d.ProfileArn}},
		"two filters":      {resourcegroupstaggingapi.GetResourcesInput{TagFilters: []tagtypes.TagFilter{{Key: aws.String("env")}, {Key: aws.String("none")}}}, nil},
		"a list of ARNs":   {resourcegroupstaggingapi.GetResourcesInput{ResourceARNList: []string{*p.ProfileArn}}, []*string{p.ProfileArn}},
		"another service":  {resourcegroupstaggingapi.GetResourcesInput{ResourceTypeFilters: []string{"s3"}}, nil},
		"a type and a tag": {resourcegroupstaggingapi.GetResourcesInput{ResourceTypeFilters: []string{"rolesanywhere:profile"}, TagFilters: []tagtypes.TagFilter{{Key: aws.String("env"), Values: []string{"dev"}}}}, []*string{d.ProfileArn}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			want := map[string]bool{}
			for _, arn := range tt.want {
				want[*arn] = true
			}
			if diff := cmp.Diff(arns(&tt.in), want); diff != "" {
				t.Errorf("resources (-got +want):\n%s", diff)
			}
		})
	}
}

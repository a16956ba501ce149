package sandbox_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	tagtypes "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi/types"
	"github.com/aws/aws-sdk-go-v2/service/rolesanywhere"
	"github.com/aws/aws-sdk-go-v2/service/rolesanywhere/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"anchorctl/internal/sandbox/limits"
)

// atLimit asks for n of something.
type atLimit struct {
	ask func(e *estate, n int) error
	// noLeast: the least cannot be told from other faults, or there is none.
	noLeast bool
}

func a(n int) string { return strings.Repeat("a", max(n, 0)) }

func last(_ any, err error) error { return err }

func repeat[T any](n int, v func(i int) T) []T {
	all := make([]T, n)
	for i := range all {
		all[i] = v(i)
	}
	return all
}

func tagsFor(n int) []types.Tag {
	return repeat(n, func(i int) types.Tag {
		return types.Tag{Key: aws.String(fmt.Sprint("k", i)), Value: aws.String("v")}
	})
}

func anywhereLimits() map[limits.ID]atLimit {
	profile := func(change func(*rolesanywhere.CreateProfileInput, int)) func(*estate, int) error {
		return func(e *estate, n int) error {
			in := &rolesanywhere.CreateProfileInput{Name: aws.String("p"), RoleArns: []string{}}
			change(in, n)
			return last(e.anywhere(prod).CreateProfile(e.t.Context(), in))
		}
	}
	anchor := func(e *estate, text string) error {
		return last(e.anywhere(prod).CreateTrustAnchor(e.t.Context(), &rolesanywhere.CreateTrustAnchorInput{Name: aws.String("a"), Source: bundleOf(text)}))
	}
	tag := func(e *estate, key, value string) error {
		return last(e.anywhere(prod).TagResource(e.t.Context(), &rolesanywhere.TagResourceInput{ResourceArn: &e.profile, Tags: []types.Tag{{Key: &key, Value: &value}}}))
	}
	notify := func(e *estate, n, days int) error {
		return last(e.anywhere(prod).PutNotificationSettings(e.t.Context(), &rolesanywhere.PutNotificationSettingsInput{
			TrustAnchorId: &e.anchorID, NotificationSettings: repeat(n, func(int) types.NotificationSetting {
				return types.NotificationSetting{Enabled: aws.Bool(true), Event: types.NotificationEventCaCertificateExpiry, Threshold: aws.Int32(int32(days))}
			}),
		}))
	}
	crl := func(e *estate, data []byte, anchor string) error {
		return last(e.anywhere(prod).ImportCrl(e.t.Context(), &rolesanywhere.ImportCrlInput{Name: aws.String("c"), CrlData: data, TrustAnchorArn: &anchor}))
	}
	return map[limits.ID]atLimit{
		limits.Name: {ask: profile(func(in *rolesanywhere.CreateProfileInput, n int) { in.Name = aws.String(a(n)) })},
		limits.UUID: {ask: func(e *estate, n int) error {
			id := (e.profileID + a(n))[:n]
			return last(e.anywhere(prod).GetProfile(e.t.Context(), &rolesanywhere.GetProfileInput{ProfileId: &id}))
		}},
		limits.TagKey:   {ask: func(e *estate, n int) error { return tag(e, a(n), "v") }},
		limits.TagValue: {ask: func(e *estate, n int) error { return tag(e, "k", a(n)) }},
		limits.Tags:     {ask: profile(func(in *rolesanywhere.CreateProfileInput, n int) { in.Tags = tagsFor(n) })},
		limits.TagKeys: {ask: func(e *estate, n int) error {
			return last(e.anywhere(prod).UntagResource(e.t.Context(), &rolesanywhere.UntagResourceInput{ResourceArn: &e.profile, TagKeys: repeat(n, func(i int) string { return fmt.Sprint("k", i) })}))
		}},
		limits.ResourceARN: {ask: func(e *estate, n int) error {
			return last(e.anywhere(prod).ListTagsForResource(e.t.Context(), &rolesanywhere.ListTagsForResourceInput{ResourceArn: aws.String(a(n))}))
		}},
		limits.NextToken: {ask: func(e *estate, n int) error {
			return last(e.anywhere(prod).ListProfiles(e.t.Context(), &rolesanywhere.ListProfilesInput{NextToken: aws.String(a(n))}))
		}},
		limits.CertificateData: {ask: func(e *estate, n int) error {
			text := pemOf(e.issuer.cert)
			return anchor(e, (text + strings.Repeat("\n", max(0, n-len(text))))[:n])
		}},
		limits.CertificatesPerAnchor: {noLeast: true, ask: func(e *estate, n int) error {
			return anchor(e, strings.Repeat(pemOf(e.issuer.cert), n))
		}},
		limits.NotificationSettings: {ask: func(e *estate, n int) error { return notify(e, n, 45) }},
		limits.NotificationKeys: {ask: func(e *estate, n int) error {
			return last(e.anywhere(prod).ResetNotificationSettings(e.t.Context(), &rolesanywhere.ResetNotificationSettingsInput{
				TrustAnchorId: &e.anchorID, NotificationSettingKeys: repeat(n, func(int) types.NotificationSettingKey {
					return types.NotificationSettingKey{Event: types.NotificationEventCaCertificateExpiry}
				}),
			}))
		}},
		limits.Threshold: {ask: func(e *estate, n int) error { return notify(e, 1, n) }},
		limits.RoleARNs: {ask: profile(func(in *rolesanywhere.CreateProfileInput, n int) {
			in.RoleArns = repeat(n, func(i int) string { return fmt.Sprint("arn:aws:iam::111122223333:role/r", i) })
		})},
		limits.RoleARN: {noLeast: true, ask: profile(func(in *rolesanywhere.CreateProfileInput, n int) {
			in.RoleArns = []string{"arn:aws:iam::111122223333:role/" + a(n-31)}
		})},
		limits.ManagedPolicies: {ask: profile(func(in *rolesanywhere.CreateProfileInput, n int) {
			in.ManagedPolicyArns = repeat(n, func(i int) string { return fmt.Sprint("arn:aws:iam::aws:policy/p", i) })
		})},
		limits.ManagedPolicyARN: {ask: profile(func(in *rolesanywhere.CreateProfileInput, n int) { in.ManagedPolicyArns = []string{a(n)} })},
		limits.SessionPolicy: {ask: func(e *estate, n int) error {
			return last(e.anywhere(prod).UpdateProfile(e.t.Context(), &rolesanywhere.UpdateProfileInput{ProfileId: &e.profileID, SessionPolicy: aws.String(a(n))}))
		}},
		limits.DurationSeconds: {ask: profile(func(in *rolesanywhere.CreateProfileInput, n int) { in.DurationSeconds = aws.Int32(int32(n)) })},
		limits.Specifier: {ask: func(e *estate, n int) error {
			return last(e.anywhere(prod).PutAttributeMapping(e.t.Context(), &rolesanywhere.PutAttributeMappingInput{
				ProfileId: &e.profileID, CertificateField: types.CertificateFieldX509Subject, MappingRules: []types.MappingRule{{Specifier: aws.String(a(n))}},
			}))
		}},
		limits.CRLData:        {ask: func(e *estate, n int) error { return crl(e, []byte(a(n)), e.anchor) }},
		limits.TrustAnchorARN: {noLeast: true, ask: func(e *estate, n int) error { return crl(e, []byte("x"), e.anchor+a(n-len(e.anchor))) }},
		limits.CRLsPerAnchor: {ask: func(e *estate, n int) (err error) {
			for range n {
				err = errors.Join(err, crl(e, e.issuer.crl(e.t, e.clock.tell(), e.issuer.cert), e.anchor))
			}
			return err
		}},
		// The estate has one of each already.
		limits.Anchors: {ask: func(e *estate, n int) (err error) {
			for range n - 1 {
				err = errors.Join(err, anchor(e, pemOf(e.issuer.cert)))
			}
			return err
		}},
		limits.Profiles: {ask: func(e *estate, n int) (err error) {
			for range n - 1 {
				err = errors.Join(err, e.createProfile(e.t.Context(), "p"))
			}
			return err
		}},
	}
}

func sessionLimits() map[limits.ID]atLimit {
	ask := func(change func(q *question, n int)) func(*estate, int) error {
		return func(e *estate, n int) error {
			must(e.anywhere(prod).UpdateProfile(e.t.Context(), &rolesanywhere.UpdateProfileInput{ProfileId: &e.profileID, AcceptRoleSessionName: aws.Bool(true)}))
			q := e.question()
			change(q, n)
			if status, got := e.ask(q); status != 201 {
				return errors.New(got.Message)
			}
			return nil
		}
	}
	return map[limits.ID]atLimit{
		limits.SessionSeconds: {ask: ask(func(q *question, n int) { q.body["durationSeconds"] = n })},
		limits.SessionName:    {ask: ask(func(q *question, n int) { q.body["roleSessionName"] = a(n) })},
		limits.InstanceProperties: {ask: ask(func(q *question, n int) {
			all := map[string]string{}
			for i := range n {
				all[fmt.Sprint("k", i)] = "v"
			}
			q.body["instanceProperties"] = all
		})},
		limits.InstanceProperty: {ask: ask(func(q *question, n int) { q.body["instanceProperties"] = map[string]string{"k": a(n)} })},
	}
}

func iamLimits() map[limits.ID]atLimit {
	plain := aws.String("plain")
	role := func(change func(*iam.CreateRoleInput, int)) func(*estate, int) error {
		return func(e *estate, n int) error {
			in := &iam.CreateRoleInput{RoleName: aws.String("r"), AssumeRolePolicyDocument: aws.String(ec2Trust)}
			change(in, n)
			return last(e.iam(prod).CreateRole(e.t.Context(), in))
		}
	}
	put := func(e *estate, name, document string) error {
		return last(e.iam(prod).PutRolePolicy(e.t.Context(), &iam.PutRolePolicyInput{RoleName: plain, PolicyName: &name, PolicyDocument: &document}))
	}
	s3 := func(resource string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"` + resource + `"}]}`
	}
	policy := func(change func(*iam.CreatePolicyInput, int)) func(*estate, int) error {
		return func(e *estate, n int) error {
			in := &iam.CreatePolicyInput{PolicyName: aws.String("p"), PolicyDocument: aws.String(s3("*"))}
			change(in, n)
			return last(e.iam(prod).CreatePolicy(e.t.Context(), in))
		}
	}
	return map[limits.ID]atLimit{
		limits.RoleName:        {ask: role(func(in *iam.CreateRoleInput, n int) { in.RoleName = aws.String(a(n)) })},
		limits.RolePath:        {ask: role(func(in *iam.CreateRoleInput, n int) { in.Path = aws.String(("/" + a(n-2) + "/")[:min(n, max(n, 2))]) })},
		limits.RoleDescription: {ask: role(func(in *iam.CreateRoleInput, n int) { in.Description = aws.String(a(n)) })},
		limits.MaxSession:      {ask: role(func(in *iam.CreateRoleInput, n int) { in.MaxSessionDuration = aws.Int32(int32(n)) })},
		limits.RoleTags: {ask: role(func(in *iam.CreateRoleInput, n int) {
			in.Tags = repeat(n, func(i int) iamtypes.Tag {
				return iamtypes.Tag{Key: aws.String(fmt.Sprint("k", i)), Value: aws.String("v")}
			})
		})},
		limits.TrustPolicy: {ask: role(func(in *iam.CreateRoleInput, n int) {
			// White space outside strings does not count.
			const frame = `{"Version":"2012-10-17","Statement":[{"Sid":"","Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
			sid := `"Sid":"` + a(n-len(frame)) + `"`
			in.AssumeRolePolicyDocument = aws.String("  " + strings.Replace(frame, `"Sid":""`, sid, 1) + "\n")
		})},
		limits.AttachedPolicies: {ask: func(e *estate, n int) (err error) {
			for i := range n {
				err = errors.Join(err, last(e.iam(prod).AttachRolePolicy(e.t.Context(), &iam.AttachRolePolicyInput{
					RoleName: plain, PolicyArn: aws.String(fmt.Sprint("arn:aws:iam::aws:policy/p", i)),
				})))
			}
			return err
		}},
		limits.InlinePolicies: {ask: func(e *estate, n int) error {
			first := s3("x")
			return errors.Join(put(e, "one", first), put(e, "two", s3(a(n-len(first)-len(s3(""))))))
		}},
		limits.PolicyName: {ask: func(e *estate, n int) error { return put(e, a(n), s3("*")) }},
		limits.PolicyPath: {ask: policy(func(in *iam.CreatePolicyInput, n int) {
			in.Path = aws.String(("/" + a(n-2) + "/")[:min(n, max(n, 2))])
		})},
		limits.PolicyDescription: {ask: policy(func(in *iam.CreatePolicyInput, n int) { in.Description = aws.String(a(n)) })},
		limits.ManagedPolicy: {noLeast: true, ask: policy(func(in *iam.CreatePolicyInput, n int) {
			in.PolicyDocument = aws.String("  " + s3(a(n-len(s3("")))) + "\n")
		})},
		limits.PolicyARN: {ask: func(e *estate, n int) error {
			return last(e.iam(prod).GetPolicy(e.t.Context(), &iam.GetPolicyInput{PolicyArn: aws.String(a(n))}))
		}},
		limits.PolicyVersion: {ask: func(e *estate, n int) error {
			return last(e.iam(prod).GetPolicyVersion(e.t.Context(), &iam.GetPolicyVersionInput{
				PolicyArn: aws.String("arn:aws:iam::" + prod + ":policy/p"), VersionId: aws.String("v" + strings.Repeat("1", max(n-1, 0))),
			}))
		}},
		limits.MaxItems: {ask: func(e *estate, n int) error {
			return last(e.iam(prod).ListRoles(e.t.Context(), &iam.ListRolesInput{MaxItems: aws.Int32(int32(n))}))
		}},
	}
}

func stsAndTaggingLimits() map[limits.ID]atLimit {
	assume := func(change func(*sts.AssumeRoleInput, int)) func(*estate, int) error {
		return func(e *estate, n int) error {
			in := &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::444455556666:role/deploy"), RoleSessionName: aws.String("s")}
			in.RoleSessionName = aws.String("session")
			change(in, n)
			return last(e.bench.sts(e.credentials(prod)).AssumeRole(e.t.Context(), in))
		}
	}
	find := func(change func(*resourcegroupstaggingapi.GetResourcesInput, int)) func(*estate, int) error {
		return func(e *estate, n int) error {
			in := &resourcegroupstaggingapi.GetResourcesInput{}
			change(in, n)
			return last(e.tagging(prod).GetResources(e.t.Context(), in))
		}
	}
	some := func(n int) []string { return repeat(n, func(i int) string { return fmt.Sprint("s", i) }) }
	return map[limits.ID]atLimit{
		limits.AssumeRoleName:    {ask: assume(func(in *sts.AssumeRoleInput, n int) { in.RoleSessionName = aws.String(a(n)) })},
		limits.AssumeRoleSeconds: {ask: assume(func(in *sts.AssumeRoleInput, n int) { in.DurationSeconds = aws.Int32(int32(n)) })},
		limits.ExternalID:        {ask: assume(func(in *sts.AssumeRoleInput, n int) { in.ExternalId = aws.String(a(n)) })},
		limits.STSPolicy:         {ask: assume(func(in *sts.AssumeRoleInput, n int) { in.Policy = aws.String(a(n)) })},
		limits.ResourcesPerPage:  {ask: find(func(in *resourcegroupstaggingapi.GetResourcesInput, n int) { in.ResourcesPerPage = aws.Int32(int32(n)) })},
		limits.TagFilters: {ask: find(func(in *resourcegroupstaggingapi.GetResourcesInput, n int) {
			in.TagFilters = repeat(n, func(int) tagtypes.TagFilter { return tagtypes.TagFilter{Key: aws.String("k")} })
		})},
		limits.TagFilterValues: {ask: find(func(in *resourcegroupstaggingapi.GetResourcesInput, n int) {
			in.TagFilters = []tagtypes.TagFilter{{Key: aws.String("k"), Values: some(n)}}
		})},
		limits.ResourceTypeFilters: {ask: find(func(in *resourcegroupstaggingapi.GetResourcesInput, n int) { in.ResourceTypeFilters = some(n) })},
	}
}

// overLimit says whether an error is about a limit; a request at its limit
// may still fail of something else, such as an object that is not there.
func overLimit(err error) bool {
	if err == nil {
		return false
	}
	for _, text := range []string{"failed to satisfy constraint", "exceeds the quota", "at most", "Cannot exceed quota", "Maximum policy size"} {
		if strings.Contains(err.Error(), text) {
			return true
		}
	}
	return false
}

func TestEveryLimit(t *testing.T) {
	cases := map[limits.ID]atLimit{}
	for _, some := range []map[limits.ID]atLimit{anywhereLimits(), sessionLimits(), iamLimits(), stsAndTaggingLimits()} {
		for id, c := range some {
			cases[id] = c
		}
	}
	if len(limits.Table()) != limits.Count() {
		t.Fatalf("the table has %d limits, there are %d", len(limits.Table()), limits.Count())
	}
	for i, l := range limits.Table() {
		t.Run(l.Of, func(t *testing.T) {
			c, ok := cases[limits.ID(i)]
			if !ok || l.Of == "" || l.Source == "" {
				t.Fatalf("limit %d has no case, name or source", i)
			}
			hold := func(n int, refused bool) {
				t.Helper()
				if err := c.ask(newEstate(t), n); overLimit(err) != refused {
					t.Errorf("%d %s: %v, want refused: %v", n, l.Of, err, refused)
				}
			}
			hold(l.Max, false)
			hold(l.Max+1, true)
			if !c.noLeast {
				hold(l.Min, false)
				if l.Min > 0 {
					hold(l.Min-1, true)
				}
			}
		})
	}
}

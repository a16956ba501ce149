package awsapi

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"anchorctl/internal/hint"
	"anchorctl/internal/roles"
)

// IAM's code for what is not there.
const noSuchEntity = "NoSuchEntity"

type roleAPI struct{ t *Target }

var _ roles.API = roleAPI{}

// Roles are the roles of the target's account.
func (t *Target) Roles() roles.API { return roleAPI{t} }

func (r roleAPI) Get(ctx context.Context, name string) (roles.Live, error) {
	var out *iam.GetRoleOutput
	err := r.t.do(ctx, request{
		family: iamFamily, operation: "GetRole", action: "iam:GetRole",
		send: func(ctx context.Context) (err error) {
			out, err = r.t.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
			return err
		},
	})
	if missing(err) {
		return roles.Live{Name: name}, nil
	}
	if err != nil {
		return roles.Live{}, fmt.Errorf("reading role %q in %s: %w", name, r.t.account, err)
	}
	if out.Role == nil {
		return roles.Live{}, fmt.Errorf("reading role %q in %s: IAM answers without a role", name, r.t.account)
	}
	live, err := r.live(*out.Role)
	if err != nil {
		return roles.Live{}, fmt.Errorf("reading role %q in %s: %w", name, r.t.account, err)
	}
	return live, nil
}

// mostRoles is the largest page that IAM gives
// (https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRoles.html).
const mostRoles = 1000

func (r roleAPI) List(ctx context.Context) ([]roles.Live, error) {
	var all []roles.Live
	err := pages("ListRoles", func(marker *string) (next *string, err error) {
		var out *iam.ListRolesOutput
		err = r.t.do(ctx, request{
			family: iamFamily, operation: "ListRoles", action: "iam:ListRoles",
			send: func(ctx context.Context) (err error) {
				out, err = r.t.iam.ListRoles(ctx, &iam.ListRolesInput{Marker: marker, MaxItems: aws.Int32(mostRoles)})
				return err
			},
		})
		if err != nil {
			return nil, err
		}
		for _, role := range out.Roles {
			live, err := r.live(role)
			if err != nil {
				return nil, err
			}
			all = append(all, live)
		}
		return out.Marker, nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the roles of %s: %w", r.t.account, err)
	}
	return distinct(all, func(l roles.Live) string { return l.ARN }), nil
}

// live reads a role as IAM shows it.
func (r roleAPI) live(role types.Role) (roles.Live, error) {
	trust, err := decoded(role.AssumeRolePolicyDocument)
	if err != nil {
		return roles.Live{}, err
	}
	live := roles.Live{
		Name: aws.ToString(role.RoleName), Path: aws.ToString(role.Path), ARN: aws.ToString(role.Arn), Exists: true,
		Trust: trust, MaxSessionSeconds: int(aws.ToInt32(role.MaxSessionDuration)),
	}
	for _, tag := range role.Tags {
		if live.Tags == nil {
			live.Tags = map[string]string{}
		}
		live.Tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	return live, r.t.checkRoleARN(live.Path, live.Name, live.ARN)
}

func (r roleAPI) PutTrust(ctx context.Context, name, document string) error {
	err := r.t.do(ctx, request{
		family: iamFamily, operation: "UpdateAssumeRolePolicy", action: "iam:UpdateAssumeRolePolicy",
		send: func(ctx context.Context) error {
			_, err := r.t.iam.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: &name, PolicyDocument: &document})
			return err
		},
	})
	if err == nil {
		return nil
	}
	err = fmt.Errorf("writing the trust policy of role %q in %s: %w", name, r.t.account, err)
	if c := code(err); c == "LimitExceeded" || c == "LimitExceededException" {
		return hint.With(err, `split the role: a trust policy has at most 2048 characters by default; run "anchorctl explain ANC310"`)
	}
	return err
}

// PutRolePolicy writes an inline policy of a role, in place of one of that name.
func (t *Target) PutRolePolicy(ctx context.Context, name, policy, document string) error {
	err := t.do(ctx, request{
		family: iamFamily, operation: "PutRolePolicy", action: "iam:PutRolePolicy",
		send: func(ctx context.Context) error {
			_, err := t.iam.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: &name, PolicyName: &policy, PolicyDocument: &document})
			return err
		},
	})
	if err == nil {
		return nil
	}
	err = fmt.Errorf("writing the policy %q of role %q in %s: %w", policy, name, t.account, err)
	if c := code(err); c == "LimitExceeded" || c == "LimitExceededException" {
		return hint.With(err, "the inline policies of a role have at most 10240 characters together: delete those of anchorctl whose sessions have ended, or end all sessions of the role with \"anchorctl revoke --end-all-sessions\"")
	}
	return err
}

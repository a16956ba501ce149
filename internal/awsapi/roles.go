package awsapi

import (
	"context"
	"fmt"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

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
	if code(err) == noSuchEntity || code(err) == noSuchEntity+"Exception" {
		return roles.Live{Name: name}, nil
	}
	if err != nil {
		return roles.Live{}, fmt.Errorf("reading role %q in %s: %w", name, r.t.account, err)
	}
	live, err := r.live(out)
	if err != nil {
		return roles.Live{}, fmt.Errorf("reading role %q in %s: %w", name, r.t.account, err)
	}
	return live, nil
}

// live reads a role as IAM shows it. The trust policy comes percent-encoded
// (https://docs.aws.amazon.com/IAM/latest/APIReference/API_Role.html); a plus
// sign in it is one.
func (r roleAPI) live(out *iam.GetRoleOutput) (roles.Live, error) {
	if out.Role == nil {
		return roles.Live{}, fmt.Errorf("IAM answers without a role")
	}
	trust, err := url.PathUnescape(aws.ToString(out.Role.AssumeRolePolicyDocument))
	if err != nil {
		return roles.Live{}, fmt.Errorf("decoding the trust policy: %w", err)
	}
	live := roles.Live{
		Name: aws.ToString(out.Role.RoleName), Path: aws.ToString(out.Role.Path), ARN: aws.ToString(out.Role.Arn), Exists: true,
		Trust: trust, MaxSessionSeconds: int(aws.ToInt32(out.Role.MaxSessionDuration)),
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

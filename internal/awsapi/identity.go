package awsapi

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"anchorctl/internal/hint"
	"anchorctl/internal/plan"
)

// Identity is whose credentials these are, and what kind of AWS answers.
type Identity struct {
	Account   string
	Partition string
	ARN       string
	Bound     string // "aws", or "sandbox:ID"
}

// Identity asks STS once. Credentials of another account or partition than the
// target's are an error: nothing is sent with them.
func (t *Target) Identity(ctx context.Context) (Identity, error) {
	t.mu.Lock()
	known := t.identity
	t.mu.Unlock()
	if known != nil {
		return *known, nil
	}
	var out *sts.GetCallerIdentityOutput
	var seen *observed
	err := t.do(ctx, request{
		family: identityFamily, operation: "GetCallerIdentity", action: "sts:GetCallerIdentity",
		send: func(ctx context.Context) (err error) {
			seen, _ = ctx.Value(observedKey{}).(*observed)
			out, err = t.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
			return err
		},
	})
	if err != nil {
		return Identity{}, fmt.Errorf("asking whose credentials these are: %w", err)
	}
	id := Identity{Account: aws.ToString(out.Account), ARN: aws.ToString(out.Arn), Bound: seen.bound}
	if m := regexp.MustCompile(`^arn:(aws[a-z-]*):(?:iam|sts)::` + regexp.QuoteMeta(id.Account) + `:`).FindStringSubmatch(id.ARN); m != nil {
		id.Partition = m[1]
	}
	if err := t.checkIdentity(id); err != nil {
		return Identity{}, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.identity = &id
	return id, nil
}

func (t *Target) checkIdentity(id Identity) error {
	advice := "give the target the credentials of its account: credentials: {profile: NAME} in anchorctl.yaml"
	if id.Partition == "" {
		return fmt.Errorf("asking whose credentials these are: the answer names account %q and %q, which do not fit", id.Account, id.ARN)
	}
	if id.Account != t.account {
		return hint.With(fmt.Errorf("the credentials for %s/%s belong to account %s (%s)", t.account, t.region, id.Account, id.ARN), advice)
	}
	if want := (plan.Target{Account: t.account, Region: t.region}).Partition(); id.Partition != want {
		return hint.With(fmt.Errorf("the credentials for %s/%s belong to partition %s, the region lies in %s", t.account, t.region, id.Partition, want), advice)
	}
	return nil
}

// bound is what kind of AWS the identity came from.
func (t *Target) bound() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.identity == nil {
		return ""
	}
	return t.identity.Bound
}

// prefix is how the ARNs of the target's own Roles Anywhere objects begin.
func (t *Target) prefix() string {
	return "arn:" + t.partition() + ":rolesanywhere:" + t.region + ":" + t.account + ":"
}

func (t *Target) partition() string {
	return plan.Target{Account: t.account, Region: t.region}.Partition()
}

// The kinds of objects, as ARNs name them.
const (
	anchorKind  = "trust-anchor"
	profileKind = "profile"
	crlKind     = "crl"
	subjectKind = "subject"
)

// arn is the ARN of the object of a kind with that id.
func (t *Target) arn(kind, id string) (string, error) {
	if !regexp.MustCompile(`^[0-9A-Za-z-]{1,64}$`).MatchString(id) {
		return "", fmt.Errorf("the id %q is not of the form that the service gives", id)
	}
	return t.prefix() + kind + "/" + id, nil
}

// checkARN holds an ARN that came back against the target: what is recorded
// and pinned must lie where we think it does.
func (t *Target) checkARN(kind, id, arn string) error {
	want, err := t.arn(kind, id)
	if err != nil {
		return err
	}
	if arn != want {
		return fmt.Errorf("the service answers with the ARN %q, want %q", arn, want)
	}
	return nil
}

// checkRoleARN is checkARN for a role, whose path and name make its ARN.
func (t *Target) checkRoleARN(path, name, arn string) error {
	want := "arn:" + t.partition() + ":iam::" + t.account + ":role" + path + name
	if !strings.HasPrefix(path, "/") || !strings.HasSuffix(path, "/") || arn != want {
		return fmt.Errorf("IAM answers with the ARN %q, want %q", arn, want)
	}
	return nil
}

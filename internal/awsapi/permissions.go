package awsapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"anchorctl/internal/roles"
)

// Permissions reads the policies of a role: two lists, one call for each
// inline policy, and two for each customer-managed one, once a target.
func (r roleAPI) Permissions(ctx context.Context, name string) (roles.Permissions, error) {
	reading := permissionReader{api: r, name: name}
	for _, read := range []func(context.Context) error{reading.attached, reading.managed, reading.inline} {
		if err := read(ctx); err != nil {
			return roles.Permissions{}, fmt.Errorf("reading the permissions of role %q in %s: %w", name, r.t.account, err)
		}
	}
	p := reading.found
	slices.Sort(p.Attached)
	slices.SortFunc(p.Policies, func(a, b roles.Policy) int { return cmp.Or(cmp.Compare(a.ARN, b.ARN), cmp.Compare(a.Name, b.Name)) })
	return p, nil
}

type permissionReader struct {
	api   roleAPI
	name  string
	found roles.Permissions
}

// ask sends a read of IAM. What is denied is written down, and what is gone
// was taken away meanwhile: there is nothing to read then, and no error.
func (p *permissionReader) ask(ctx context.Context, what, operation string, send func(context.Context) error) (there bool, err error) {
	err = p.api.t.do(ctx, request{family: iamFamily, operation: operation, action: "iam:" + operation, send: send})
	switch {
	case err == nil:
		return true, nil
	case denied(err):
		p.found.Unread = append(p.found.Unread, fmt.Sprintf("%s: the credentials lack iam:%s", what, operation))
		return false, nil
	case missing(err):
		return false, nil
	default:
		return false, err
	}
}

// missing reports whether IAM says that something is not there.
func missing(err error) bool {
	return code(err) == noSuchEntity || code(err) == noSuchEntity+"Exception"
}

func (p *permissionReader) attached(ctx context.Context) error {
	return pages("ListAttachedRolePolicies", func(marker *string) (next *string, err error) {
		var out *iam.ListAttachedRolePoliciesOutput
		there, err := p.ask(ctx, "its attached policies", "ListAttachedRolePolicies", func(ctx context.Context) (err error) {
			out, err = p.api.t.iam.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: &p.name, Marker: marker})
			return err
		})
		if !there || err != nil {
			return nil, err
		}
		for _, a := range out.AttachedPolicies {
			p.found.Attached = append(p.found.Attached, aws.ToString(a.PolicyArn))
		}
		return out.Marker, nil
	})
}

// managed reads the documents of the customer-managed policies among the
// attached. What AWS's own say is AWS's to change: that one is attached says
// enough.
func (p *permissionReader) managed(ctx context.Context) error {
	t := p.api.t
	for _, arn := range p.found.Attached {
		switch {
		case strings.HasPrefix(arn, "arn:"+t.partition()+":iam::aws:policy/"):
			continue
		case !strings.HasPrefix(arn, "arn:"+t.partition()+":iam::"+t.account+":policy/"):
			return fmt.Errorf("IAM answers with the policy %q, which is not of account %s", arn, t.account)
		}
		document, known := t.knownPolicy(arn)
		if !known {
			var err error
			if document, known, err = p.document(ctx, arn); err != nil {
				return err
			}
		}
		if known {
			t.keepPolicy(arn, document)
			p.found.Policies = append(p.found.Policies, roles.Policy{Name: arn[strings.LastIndex(arn, "/")+1:], ARN: arn, Document: document})
		}
	}
	return nil
}

// document reads the version of a managed policy that is in force.
func (p *permissionReader) document(ctx context.Context, arn string) (text string, there bool, err error) {
	t := p.api.t
	var policy *iam.GetPolicyOutput
	there, err = p.ask(ctx, "the policy "+arn, "GetPolicy", func(ctx context.Context) (err error) {
		policy, err = t.iam.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: &arn})
		return err
	})
	if !there || err != nil {
		return "", false, err
	}
	if policy.Policy == nil || aws.ToString(policy.Policy.Arn) != arn {
		return "", false, fmt.Errorf("IAM answers with another policy than %q", arn)
	}
	var version *iam.GetPolicyVersionOutput
	there, err = p.ask(ctx, "the policy "+arn, "GetPolicyVersion", func(ctx context.Context) (err error) {
		version, err = t.iam.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: &arn, VersionId: policy.Policy.DefaultVersionId})
		return err
	})
	if !there || err != nil {
		return "", false, err
	}
	if version.PolicyVersion == nil {
		return "", false, errors.New("IAM answers without a version of a policy")
	}
	text, err = decoded(version.PolicyVersion.Document)
	return text, true, err
}

func (p *permissionReader) inline(ctx context.Context) error {
	var names []string
	err := pages("ListRolePolicies", func(marker *string) (next *string, err error) {
		var out *iam.ListRolePoliciesOutput
		there, err := p.ask(ctx, "its inline policies", "ListRolePolicies", func(ctx context.Context) (err error) {
			out, err = p.api.t.iam.ListRolePolicies(ctx, &iam.ListRolePoliciesInput{RoleName: &p.name, Marker: marker})
			return err
		})
		if !there || err != nil {
			return nil, err
		}
		names = append(names, out.PolicyNames...)
		return out.Marker, nil
	})
	if err != nil {
		return err
	}
	for _, name := range names {
		var out *iam.GetRolePolicyOutput
		there, err := p.ask(ctx, fmt.Sprintf("the inline policy %q", name), "GetRolePolicy", func(ctx context.Context) (err error) {
			out, err = p.api.t.iam.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &p.name, PolicyName: &name})
			return err
		})
		if err != nil {
			return err
		}
		if !there {
			continue
		}
		text, err := decoded(out.PolicyDocument)
		if err != nil {
			return err
		}
		p.found.Policies = append(p.found.Policies, roles.Policy{Name: name, Document: text})
	}
	return nil
}

// decoded is a document of IAM, which comes percent-encoded
// (https://docs.aws.amazon.com/IAM/latest/APIReference/API_Role.html); a plus
// sign in it is one.
func decoded(document *string) (string, error) {
	text, err := url.PathUnescape(aws.ToString(document))
	if err != nil {
		return "", fmt.Errorf("decoding a policy: %w", err)
	}
	return text, nil
}

// knownPolicy is the document of a managed policy that was read before: one is
// often attached to many roles.
func (t *Target) knownPolicy(arn string) (string, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	document, known := t.policies[arn]
	return document, known
}

func (t *Target) keepPolicy(arn, document string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.policies == nil {
		t.policies = map[string]string{}
	}
	t.policies[arn] = document
}

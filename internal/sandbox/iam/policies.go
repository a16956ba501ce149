package iam

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"anchorctl/internal/iampolicy"
	"anchorctl/internal/sandbox/limits"
	"anchorctl/internal/sandbox/wire"
	"anchorctl/internal/sandbox/world"
)

// CheckTrust holds that a document may be a role's trust policy.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
func CheckTrust(document string) error {
	d, err := iampolicy.Parse([]byte(document))
	if err != nil {
		return malformed("This policy contains invalid Json: %v", err)
	}
	for _, s := range d.Statements {
		if s.Principal == nil && s.NotPrincipal == nil {
			return malformed("Missing required field Principal")
		}
		if len(s.Resources)+len(s.NotResources) > 0 {
			return malformed("Has prohibited field Resource")
		}
		for _, a := range slices.Concat(s.Actions, s.NotActions) {
			if a != "*" && !strings.HasPrefix(strings.ToLower(a), "sts:") {
				return malformed("AssumeRole policy may only specify STS AssumeRole actions.")
			}
		}
	}
	if most := limits.Of(limits.TrustPolicy).Max; iampolicy.SessionSize([]byte(document)) > most {
		return wire.Errorf(http.StatusConflict, "LimitExceeded", "Cannot exceed quota for ACLSizePerRole: %d", most)
	}
	return nil
}

// checkPermissions holds that a document may be an identity's policy.
func checkPermissions(document string) error {
	d, err := iampolicy.Parse([]byte(document))
	if err != nil {
		return malformed("Syntax errors in policy: %v", err)
	}
	for _, s := range d.Statements {
		if s.Principal != nil || s.NotPrincipal != nil {
			return malformed("Policy document should not specify a principal.")
		}
		if len(s.Resources)+len(s.NotResources) == 0 {
			return malformed("Policy statement must contain resources.")
		}
	}
	return nil
}

func malformed(format string, args ...any) error {
	return wire.Errorf(http.StatusBadRequest, "MalformedPolicyDocument", format, args...)
}

type attached struct {
	PolicyName string
	PolicyARN  string `xml:"PolicyArn"`
}

type attachedOut struct {
	AttachedPolicies struct {
		Member []attached `xml:"member"`
	}
	paging
}

// attachPolicy takes any policy of AWS's, and those of the account's own that
// there are.
func attachPolicy(c *world.Call, form url.Values) (any, error) {
	r, arn, err := roleAndPolicy(c, form)
	if err != nil {
		return nil, err
	}
	if !attachable(c, arn) {
		return nil, noPolicy(arn)
	}
	if slices.Contains(r.Attached, arn) {
		return nil, nil //nolint:nilnil // attaching twice is no error, and there is no result
	}
	if most := limits.Of(limits.AttachedPolicies).Max; len(r.Attached) >= most {
		return nil, wire.Errorf(http.StatusConflict, "LimitExceeded", "Cannot exceed quota for PoliciesPerRole: %d", most)
	}
	r.Attached = append(slices.Clone(r.Attached), arn)
	slices.Sort(r.Attached)
	return nil, nil //nolint:nilnil // an action without a result
}

func detachPolicy(c *world.Call, form url.Values) (any, error) {
	r, arn, err := roleAndPolicy(c, form)
	if err != nil {
		return nil, err
	}
	i := slices.Index(r.Attached, arn)
	if i < 0 {
		return nil, wire.Errorf(http.StatusNotFound, "NoSuchEntity", "Policy %s was not found.", arn)
	}
	r.Attached = slices.Delete(slices.Clone(r.Attached), i, i+1)
	return nil, nil //nolint:nilnil // an action without a result
}

func listAttached(c *world.Call, form url.Values) (any, error) {
	r, err := roleOf(c, form)
	if err != nil {
		return nil, err
	}
	var all []attached
	for _, arn := range r.Attached {
		_, path, _ := strings.Cut(arn, ":policy")
		slash := strings.LastIndexByte(path, '/')
		if strings.HasPrefix(path[:slash+1], form.Get("PathPrefix")) {
			all = append(all, attached{PolicyName: path[slash+1:], PolicyARN: arn})
		}
	}
	var out attachedOut
	out.AttachedPolicies.Member, out.paging, err = page(c, form, "attached"+r.Name, all, func(a attached) string { return a.PolicyARN })
	if err != nil {
		return nil, err
	}
	return out, nil
}

type inlineOut struct {
	RoleName       string
	PolicyName     string
	PolicyDocument string
}

type inlineNamesOut struct {
	PolicyNames struct {
		Member []string `xml:"member"`
	}
	paging
}

func putPolicy(c *world.Call, form url.Values) (any, error) {
	r, name, err := roleAndInline(c, form)
	if err != nil {
		return nil, err
	}
	document := wire.Member(form, "PolicyDocument")
	var check wire.Checks
	check.Required("policyDocument", document != nil)
	if err := check.Err(validation); err != nil {
		return nil, err
	}
	if err := checkPermissions(*document); err != nil {
		return nil, err
	}
	total := iampolicy.SessionSize([]byte(*document))
	for other, text := range r.Inline {
		if other != name {
			total += iampolicy.SessionSize([]byte(text))
		}
	}
	if most := limits.Of(limits.InlinePolicies).Max; total > most {
		return nil, wire.Errorf(http.StatusConflict, "LimitExceeded", "Maximum policy size of %d bytes exceeded for role %s", most, r.Name)
	}
	if r.Inline == nil {
		r.Inline = map[string]string{}
	}
	r.Inline[name] = *document
	return nil, nil //nolint:nilnil // an action without a result
}

func getPolicy(c *world.Call, form url.Values) (any, error) {
	r, name, err := roleAndInline(c, form)
	if err != nil {
		return nil, err
	}
	document, ok := r.Inline[name]
	if !ok {
		return nil, noInline(name)
	}
	return inlineOut{RoleName: r.Name, PolicyName: name, PolicyDocument: encoded(document)}, nil
}

func deletePolicy(c *world.Call, form url.Values) (any, error) {
	r, name, err := roleAndInline(c, form)
	if err != nil {
		return nil, err
	}
	if _, ok := r.Inline[name]; !ok {
		return nil, noInline(name)
	}
	delete(r.Inline, name)
	return nil, nil //nolint:nilnil // an action without a result
}

func listPolicies(c *world.Call, form url.Values) (any, error) {
	r, err := roleOf(c, form)
	if err != nil {
		return nil, err
	}
	var out inlineNamesOut
	names := slices.Sorted(maps.Keys(r.Inline))
	out.PolicyNames.Member, out.paging, err = page(c, form, "inline"+r.Name, names, func(n string) string { return n })
	if err != nil {
		return nil, err
	}
	return out, nil
}

func roleAndPolicy(c *world.Call, form url.Values) (*world.Role, string, error) {
	arn := wire.Member(form, "PolicyArn")
	var check wire.Checks
	check.Required("policyArn", arn != nil)
	if err := check.Err(validation); err != nil {
		return nil, "", err
	}
	r, err := roleOf(c, form)
	return r, *arn, err
}

func roleAndInline(c *world.Call, form url.Values) (*world.Role, string, error) {
	name := wire.Member(form, "PolicyName")
	var check wire.Checks
	check.Required("policyName", name != nil)
	check.Text("policyName", name, limits.PolicyName)
	if err := check.Err(validation); err != nil {
		return nil, "", err
	}
	r, err := roleOf(c, form)
	return r, *name, err
}

func noPolicy(arn string) error {
	return wire.Errorf(http.StatusNotFound, "NoSuchEntity", "Policy %s does not exist or is not attachable.", arn)
}

func noInline(name string) error {
	return wire.Errorf(http.StatusNotFound, "NoSuchEntity", "The role policy with name %s cannot be found.", name)
}

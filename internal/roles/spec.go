package roles

import (
	"fmt"
	"strings"

	"anchorctl/internal/iampolicy"
	"anchorctl/internal/plan"
)

// Pin is the trust one role should give: to these workloads of one
// environment, through exactly these anchors.
type Pin struct {
	Addr         plan.Addr
	Environment  string
	AnchorARNs   []string // or references to them
	WorkloadURIs []string
}

// Trust is the pin as iampolicy writes it.
func (p Pin) Trust() iampolicy.Trust {
	return iampolicy.Trust{
		Sid: iampolicy.Sid(p.Environment), AnchorARNs: p.AnchorARNs, Account: p.Addr.Target.Account,
		Environment: p.Environment, WorkloadURIs: p.WorkloadURIs,
	}
}

// Name is a role's name without its path: what IAM looks it up by.
func Name(addr plan.Addr) string {
	return addr.Name[strings.LastIndex(addr.Name, "/")+1:]
}

// ARN is the ARN of the role at addr.
func ARN(partition string, addr plan.Addr) string {
	return fmt.Sprintf("arn:%s:iam::%s:role/%s", partition, addr.Target.Account, addr.Name)
}

// SizeLimit is IAM's default limit for a trust policy, in characters without
// white space: quota "Role trust policy length",
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const SizeLimit = 2048

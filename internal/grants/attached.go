package grants

import (
	"fmt"
	"strings"

	"anchorctl/internal/rules"
)

// JudgeAttached judges the policies that are attached to a role (ANC303). AWS
// writes its own for everybody: on every resource, and with more actions
// whenever a service gains some. Policies of the account are not found here;
// their documents are judged.
func JudgeAttached(at string, arns []string) []rules.Finding {
	var findings []rules.Finding
	for _, arn := range arns {
		if path, managed := AWSPolicy(arn); managed {
			findings = append(findings, rules.Find("ANC303", at, fmt.Sprintf("%s is attached: %s", arn, awsPolicyMeans(path))))
		}
	}
	return findings
}

// AWSPolicy is the path and name of a policy of AWS's, whatever the partition:
// "arn:aws-cn:iam::aws:policy/job-function/Billing".
func AWSPolicy(arn string) (path string, managed bool) {
	parts := strings.SplitN(arn, ":", arnAccount+2)
	if len(parts) != arnAccount+2 || parts[0] != "arn" || parts[2] != "iam" || parts[arnAccount] != "aws" {
		return "", false
	}
	return strings.CutPrefix(parts[arnAccount+1], "policy/")
}

// awsPolicyMeans says what a policy of AWS's grants, by the names AWS gives:
// https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
func awsPolicyMeans(path string) string {
	name := path[strings.LastIndex(path, "/")+1:]
	switch {
	case name == "AdministratorAccess":
		return "every action on every resource, so whoever holds the workload's certificate holds the account"
	case name == "PowerUserAccess":
		return "every action but those on identities, on every resource"
	case name == "IAMFullAccess":
		return "every action of IAM, so the role can give itself all others"
	case name == "SystemAdministrator" || name == "DatabaseAdministrator" || name == "NetworkAdministrator" || name == "DataScientist":
		return "what a person in that job may need, on every resource"
	case strings.HasPrefix(name, "AdministratorAccess-"):
		return "what administrators of that service may need, on every resource"
	case strings.HasSuffix(name, "FullAccess") || strings.Contains(name, "FullAccess_"):
		return "every action of the service, on every resource"
	case name == "ReadOnlyAccess" || name == "ViewOnlyAccess" || name == "SecurityAudit" || strings.Contains(name, "ReadOnly"):
		return "reading, of every resource: AWS's policies name none"
	case strings.HasPrefix(path, "job-function/"):
		return "what a person in that job may need, on every resource"
	case strings.HasPrefix(path, "service-role/") || strings.HasPrefix(path, "aws-service-role/"):
		return "AWS wrote it for a service's role, not for a workload"
	default:
		return "AWS wrote it for everybody, and changes it when it likes"
	}
}

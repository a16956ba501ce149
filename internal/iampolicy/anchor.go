package iampolicy

import "strings"

// AnchorARN is the ARN of a trust anchor, taken apart.
type AnchorARN struct {
	Partition string
	Region    string
	Account   string
	ID        string
}

// ParseAnchorARN reads arn:PARTITION:rolesanywhere:REGION:ACCOUNT:trust-anchor/ID.
// Nothing in it may be a pattern, a variable or left out.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementrolesanywhere.html
func ParseAnchorARN(text string) (AnchorARN, bool) {
	const fields = 6
	parts := strings.Split(text, ":")
	if len(parts) != fields || parts[0] != "arn" || parts[2] != "rolesanywhere" {
		return AnchorARN{}, false
	}
	id, isAnchor := strings.CutPrefix(parts[5], "trust-anchor/")
	a := AnchorARN{Partition: parts[1], Region: parts[3], Account: parts[4], ID: id}
	named := strings.HasPrefix(a.Partition, "aws") && strings.Contains(a.Region, "-") && accountOf(a.Account) != ""
	return a, isAnchor && named && isName(a.Partition) && isName(a.Region) && isName(a.ID)
}

// isName reports whether a text is a name without anything that could mean
// more than itself.
func isName(s string) bool {
	for _, c := range s {
		if !isAlphanumeric(c) && c != '-' && c != '_' {
			return false
		}
	}
	return s != ""
}

// Made reports whether the identifier has the form of those that the service
// makes.
// https://docs.aws.amazon.com/rolesanywhere/latest/APIReference/API_TrustAnchorDetail.html
func (a AnchorARN) Made() bool {
	const length = 36
	for i, c := range a.ID {
		hyphen := i == 8 || i == 13 || i == 18 || i == 23
		if hyphen != (c == '-') || !hyphen && !strings.ContainsRune("0123456789abcdef", c) {
			return false
		}
	}
	return len(a.ID) == length
}

package iamactions

import "strings"

// Level is what an action may do, as a set: AWS gives some actions two levels.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_understand-policy-summary-access-level-summaries.html
type Level uint8

// The access levels.
const (
	List Level = 1 << iota
	Read
	Write
	Tagging
	Permissions
)

// Reads reports whether the action only reads and lists.
func (l Level) Reads() bool { return l&^(List|Read) == 0 && l != 0 }

// String names the levels as AWS does.
func (l Level) String() string {
	var names []string
	for i, name := range []string{"List", "Read", "Write", "Tagging", "Permissions management"} {
		if l&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// marks are the levels in the file, one letter each, in the order of the bits.
const marks = "LRWTP"

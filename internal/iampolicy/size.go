package iampolicy

// SizeOf counts a document's characters as IAM does for its quotas, among them
// the 2,048 characters of a role's trust policy: "IAM does not count white
// space when calculating the size of a policy against these limits". White
// space inside strings is counted, so that the figure is never too small.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
func SizeOf(document []byte) int {
	size, quoted, escaped := 0, false, false
	for _, c := range string(document) {
		switch {
		case quoted:
			size++
			quoted = escaped || c != '"'
			escaped = !escaped && c == '\\'
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
		default:
			size++
			quoted = c == '"'
		}
	}
	return size
}

// SessionSize counts a session policy in the same way.
func SessionSize(document []byte) int { return SizeOf(document) }

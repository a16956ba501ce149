// Package iam is IAM in the sandbox, as far as roles need it: roles with
// their trust policies, attached and inline policies, and tags, and the
// account's own managed policies.
//
// It knows the query protocol's members, IAM's constraints and texts. It must
// not know what sessions a trust policy lets in: iampolicy judges that.
//
// Invariant: a trust policy that does not parse is never stored.
package iam

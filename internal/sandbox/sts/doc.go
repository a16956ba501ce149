// Package sts is STS in the sandbox: GetCallerIdentity and AssumeRole.
//
// It knows the query protocol's members and which context keys a trust policy
// is asked with. It must not know how the caller was authenticated. Whether a
// trust policy lets the caller in is the verdict of iampolicy.
package sts

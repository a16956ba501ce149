// Package iampolicy reads, writes, compares, edits and evaluates IAM policy
// documents.
//
// It knows the policy language of the IAM User Guide: its grammar, principals,
// condition operators, set operators and policy variables, the one statement
// that pins a role to trust anchors and workloads, and the session tags that a
// profile's mappings yield. It must not know certificates, configuration, AWS
// clients or files.
//
// Invariants: parsing is strict, bounded and says where a fault is. Evaluation
// never panics and is three-valued: what AWS's documentation does not settle
// (an unknown operator, a malformed variable, a value of the wrong type) is
// Maybe, and Maybe never allows: an Allow statement then does not match and a
// Deny statement does. Editing changes one statement, or the values of some
// conditions, and leaves the text of all else as it is.
package iampolicy

// Package iamactions is the table of AWS IAM actions: which there are, at which
// level each has access, and which kinds of resources each takes.
//
// It knows the table embedded in the program, where it comes from and how old
// it is. It must not know policies, what is done with the answer, nor the
// network or the environment: the same program gives the same answer
// everywhere.
//
// Invariants: the table is read when it is first asked, once, and each service
// when it is first asked for; what cannot be read is an error of the whole
// table, never a gap in it. What the table does not have is not known: AWS adds
// actions every week, so absence says nothing.
package iamactions

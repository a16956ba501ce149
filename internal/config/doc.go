// Package config reads anchorctl.yaml: all that an estate should be, as checked
// values with every default filled in.
//
// It knows the file's grammar (a strict part of YAML 1.2), the types the file
// is decoded into, the lengths, patterns and maxima of the services' APIs, and
// which parts of the file must agree with one another. It reports every
// problem with line, column, an excerpt and what to do, all of them together.
//
// It must not know AWS, the store, the clock, or what is judged: whether a
// well-formed configuration is wise (too many roles in a profile, a role of
// two environments, session policies larger than STS packs, expired waivers)
// is said by rules, with a rule's number. Limits stand here, judgement there:
// a profile may hold 250 roles because the service says so; that more than
// limits.rolesPerProfile of them are too many is ANC302.
//
// Invariants: what Load returns has passed every check and has no default left
// to fill in; two files that mean the same have the same Digest, however they
// are written; no input makes the reader panic, recurse or allocate without
// bound.
package config

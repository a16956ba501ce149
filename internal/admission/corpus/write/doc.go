// Command write makes the corpus of certificate files in a directory, for
// people to look at, beside a manifest of what each of them is.
//
// It knows how to write files. It must not know what is in them.
//
// Invariant: it only writes into the directory that was named.
package main

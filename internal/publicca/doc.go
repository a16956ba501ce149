// Package publicca is the set of public certificate authorities: the keys that
// no private hierarchy may carry or lean on.
//
// It knows the keys of the CAs embedded in the program, where they come from
// and how old the list is. It must not know what is done with the answer, nor
// the system's trust store, the network or the environment: the same program
// gives the same answer everywhere.
//
// Invariants: a CA is known by its key, encoded anew, never by its name; what
// cannot be read is an error of the whole set, never a gap in it.
package publicca

// Package publicca is the set of keys that the world knows: of public
// certificate authorities, open test CAs and published private keys. No private
// hierarchy may carry or lean on one.
//
// It knows the keys embedded in the program, where they come from and how old
// the list is. It must not know what is done with the answer, nor the system's
// trust store, the network or the environment: the same program gives the same
// answer everywhere.
//
// Invariants: an entry is known by its key, encoded anew, never by its name; of
// some only hashes are known; what cannot be read is an error of the whole set,
// never a gap in it.
package publicca

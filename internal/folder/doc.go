// Package folder is the layout of an estate's directory, and an estate that was
// opened from one.
//
// It knows which file lies where, what makes a directory an estate, and how
// configuration, store and keys are put together. It must not know how any of
// them is first made (that is ceremony's), nor the environment: the directory,
// the home of state, the clock and whoever types a passphrase are handed in.
//
// Invariants: an estate is looked for in the given directory only, never above
// it; nothing is created or repaired by opening; an estate that is only half
// made, or whose configuration names another one, is refused.
//
//	DIR/anchorctl.yaml            the configuration
//	DIR/.gitignore                keeps what follows, and issued keys, out of git
//	DIR/.anchorctl/state.db       the store
//	DIR/.anchorctl/keys/          encrypted private keys
//	DIR/root.pem                  the root's certificate, for people
//	STATE/anchorctl/LINEAGE/issuer-secret   guards the issuers' keys
package folder

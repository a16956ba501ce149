package folder

import "path/filepath"

// Layout says where the files of an estate lie.
type Layout struct {
	Dir       string // the estate's directory
	StateHome string // where programs keep state, outside of the estate's directory
}

// Config is the configuration.
func (l Layout) Config() string { return filepath.Join(l.Dir, "anchorctl.yaml") }

// Gitignore keeps private files out of git.
func (l Layout) Gitignore() string { return filepath.Join(l.Dir, ".gitignore") }

// Private is the folder of what must not leave the machine.
func (l Layout) Private() string { return filepath.Join(l.Dir, ".anchorctl") }

// Store is the database.
func (l Layout) Store() string { return filepath.Join(l.Private(), "state.db") }

// Keys is the folder of the private keys.
func (l Layout) Keys() string { return filepath.Join(l.Private(), "keys") }

// Requests is the folder of what waits for a root that is somebody else's:
// certificate requests, and the certificates that come back.
func (l Layout) Requests() string { return filepath.Join(l.Private(), "requests") }

// Root is the root's certificate, for people; the store's copy counts.
func (l Layout) Root() string { return filepath.Join(l.Dir, "root.pem") }

// Secret is the generated secret of an estate. It lies outside of the
// directory, since people commit, copy and share directories.
func (l Layout) Secret(lineage string) string {
	return filepath.Join(l.StateHome, "anchorctl", lineage, "issuer-secret")
}

package renewal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"anchorctl/internal/durable"
	"anchorctl/internal/issuance"
)

// What lies in a workload's folder beside the files that its host reads.
const (
	makingName = ".renewal" // the folder of a set that is being made and tried
	readyName  = ".renewed" // the same folder once it is decided: its files take the others' place
	pushedName = ".pushed"  // the serial of the certificate that was pushed last
)

// place is the folder of a workload's files.
type place struct {
	files durable.Files
	dir   string
}

func (p place) path(name string) string { return filepath.Join(p.dir, name) }
func (p place) making() string          { return p.path(makingName) }
func (p place) ready() string           { return p.path(readyName) }

// decide makes the new set the one that counts, and puts its files in place.
func (p place) decide() error {
	if err := p.files.Rename(p.making(), p.ready()); err != nil {
		return err
	}
	_, err := p.finish()
	return err
}

// finish completes what was decided: a run may have been stopped among its
// renames. It reports whether there was anything to complete.
func (p place) finish() (bool, error) {
	entries, err := os.ReadDir(p.ready())
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	fits, err := p.fits()
	if err != nil {
		return false, err
	}
	if !fits {
		return false, p.discard(p.ready())
	}
	if err := p.files.MoveAll(p.ready(), p.dir, inOrder(entries)...); err != nil {
		return false, err
	}
	return true, p.discard(p.ready())
}

// inOrder are the names of a set's files, certificate and key last and side by
// side: what lies between those two renames is the only time when a reader can
// find a certificate that is not its key's.
func inOrder(entries []fs.DirEntry) []string {
	var others, pair []string
	for _, e := range entries {
		switch name := e.Name(); {
		case !e.Type().IsRegular() || strings.HasPrefix(name, "."):
		case name == issuance.CertificateFile || name == issuance.KeyFile:
			pair = append(pair, name) // ReadDir sorts: the certificate comes first
		default:
			others = append(others, name)
		}
	}
	return append(others, pair...)
}

// fits reports whether what is ready still belongs here: certificate and key
// will match when all is moved, and nobody has issued a newer set since.
func (p place) fits() (bool, error) {
	next, err := certificateIn(p.ready())
	if err != nil {
		return false, err
	}
	here, err := certificateIn(p.dir)
	if err != nil {
		return false, err
	}
	if next != nil && here != nil && here.NotBefore.After(next.NotBefore) {
		return false, nil
	}
	if next == nil {
		next = here
	}
	key, err := publicIn(p.ready())
	if err == nil && key == nil {
		key, err = publicIn(p.dir)
	}
	return err == nil && next != nil && key != nil && samePublic(next, key), err
}

// discard removes a folder of ours and what is in it.
func (p place) discard(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
			return fmt.Errorf("clearing %q: %w", dir, err)
		}
	}
	return p.files.Remove(dir)
}

// pushed is the serial that was pushed last, and whether pushes are kept account
// of here at all.
func (p place) pushed() (serial string, kept bool, err error) {
	text, err := read(p.path(pushedName))
	return strings.TrimSpace(string(text)), text != nil, err
}

// notePushed keeps account of a push.
func (p place) notePushed(serial string) error {
	return p.files.Replace(p.path(pushedName), []byte(serial+"\n"), 0o600)
}

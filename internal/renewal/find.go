package renewal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"anchorctl/internal/folder"
	"anchorctl/internal/issuance"
	"anchorctl/internal/pki"
)

// Roots are the folders that are looked through when none is named.
func Roots(f *folder.Folder) []string { return []string{filepath.Join(f.Dir, "out")} }

// Find finds the folders below the roots in which issue wrote files, each once,
// in order. Links are not followed. What cannot be read, and a root that is not
// there, is an error beside what was found; but for the estate's own root, which is
// made by the first issue.
func Find(ctx context.Context, f *folder.Folder, roots []string) ([]string, error) {
	if len(roots) == 0 {
		roots = Roots(f)
		if _, err := os.Stat(roots[0]); errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
	}
	var found []string
	var failures []error
	for _, root := range roots {
		root, err := filepath.Abs(root)
		if err != nil {
			failures = append(failures, fmt.Errorf("finding the folder: %w", err))
			continue
		}
		err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			switch {
			case ctx.Err() != nil:
				return context.Cause(ctx)
			case err != nil: // the others are still looked through
				failures = append(failures, fmt.Errorf("looking for certificates: %w", err))
				return nil
			case entry.IsDir() && path != root && strings.HasPrefix(entry.Name(), "."):
				return fs.SkipDir
			case !entry.IsDir() && (entry.Name() == issuance.CertificateFile || entry.Name() == issuance.CombinedFile):
				found = append(found, filepath.Dir(path))
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(found)
	return slices.Compact(found), errors.Join(failures...)
}

// environmentOf is the environment of the certificate in a folder; "" is that of
// one which the estate did not issue.
func environmentOf(ctx context.Context, f *folder.Folder, dir string) (string, error) {
	c, err := certificateIn(dir)
	if err != nil || c == nil {
		return "", err
	}
	record, _, err := f.Store.IssuedBySPKI(ctx, pki.SPKIDigest(c))
	return record.Environment, err
}

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
// in order. Links are not followed. A root that is not there is an error, but for
// the estate's own, which is made by the first issue.
func Find(ctx context.Context, f *folder.Folder, roots []string) ([]string, error) {
	if len(roots) == 0 {
		roots = Roots(f)
		if _, err := os.Stat(roots[0]); errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
	}
	var found []string
	for _, root := range roots {
		abs, err := filepath.Abs(root)
		if err != nil {
			return nil, fmt.Errorf("finding the folder %q: %w", root, err)
		}
		err = filepath.WalkDir(abs, func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if err := ctx.Err(); err != nil {
				return context.Cause(ctx)
			}
			if entry.IsDir() && path != abs && strings.HasPrefix(entry.Name(), ".") {
				return fs.SkipDir
			}
			if name := entry.Name(); !entry.IsDir() && (name == issuance.CertificateFile || name == issuance.CombinedFile) {
				found = append(found, filepath.Dir(path))
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("looking for certificates in %q: %w", root, err)
		}
	}
	slices.Sort(found)
	return slices.Compact(found), nil
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

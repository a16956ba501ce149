package issuance

import (
	"context"

	"anchorctl/internal/folder"
)

// WaysOf are all the ways of a workload, and why others are not there.
func WaysOf(ctx context.Context, f *folder.Folder, r Request) (ways []Way, missing []string, err error) {
	w, err := hold(f, r)
	if err != nil {
		return nil, nil, err
	}
	objects, err := f.Store.Objects(ctx)
	if err != nil {
		return nil, nil, err
	}
	ways, missing = w.ways(w.set(f), objects)
	return ways, missing, nil
}

// The names of the files in a workload's folder.
const (
	KeyFile         = keyName
	CertificateFile = certificateName
	ChainFile       = chainName
	CombinedFile    = combinedName
)

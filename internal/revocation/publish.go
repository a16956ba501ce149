package revocation

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"anchorctl/internal/durable"
	"anchorctl/internal/folder"
	"anchorctl/internal/hint"
	"anchorctl/internal/pki"
)

// Published is a revocation list in files.
type Published struct {
	Issuer     string    `json:"issuer"`
	Number     int64     `json:"number"`
	NextUpdate time.Time `json:"nextUpdate"`
	DER        string    `json:"der"` // paths
	PEM        string    `json:"pem"`
}

// Publish writes the newest lists of an environment into a folder, each file in
// place of the one before it at once: whoever reads meanwhile sees the old or
// the new.
func Publish(ctx context.Context, f *folder.Folder, environment, dir string) ([]Published, error) {
	generations, err := f.Store.Generations(ctx, environment)
	if err != nil {
		return nil, err
	}
	var list []Published
	var files []durable.File
	for _, g := range generations {
		newest, there, err := f.Store.NewestCRL(ctx, environment, g.Number)
		if err != nil {
			return nil, err
		}
		if !there {
			continue
		}
		name := pki.CRLFile(environment, g.Number)
		files = append(files, durable.File{Name: name, Data: newest.DER}, durable.File{Name: name + ".pem", Data: pki.EncodeCRL(newest.DER)})
		list = append(list, Published{
			Issuer: g.Addr().String(), Number: newest.Number, NextUpdate: time.Unix(newest.NextUpdate, 0).UTC(),
			DER: filepath.Join(dir, name), PEM: filepath.Join(dir, name+".pem"),
		})
	}
	if len(list) == 0 {
		return nil, hint.With(fmt.Errorf("publishing the revocation lists of %s: %w", environment, errors.New("there is none")),
			fmt.Sprintf("a list is signed at the first revocation, or by %q when crl.distributionPoint is set", "anchorctl crl refresh "+environment))
	}
	if err := f.Files.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	return list, f.Files.ReplaceAll(dir, 0o644, files...)
}

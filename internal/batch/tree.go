package batch

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"anchorctl/internal/durable"
	"anchorctl/internal/hint"
	"anchorctl/internal/pki"
)

// tree is the folder of a batch:
//
//	batch.json         whose folder it is
//	chain-ENV-N.pem    the issuer's certificate, once for all
//	manifest.jsonl     what was issued; there when all was
//	WORKLOAD@INSTANCE/ key.pem and cert.pem
//
// No workload's folder has the name of a file: those have a dot and no @. Above
// 10,000 lines, the folders of each thousand lie in one of their own (0000,
// 0001, …), which no workload's name can be.
type tree struct {
	root   string
	levels bool
}

const (
	keyName         = "key.pem"
	certificateName = "cert.pem"
	markerName      = "batch.json"
	manifestName    = "manifest.jsonl"
	partName        = ".manifest.jsonl.part"
	flatUpTo        = 10_000
	perLevel        = 1_000
)

func chainName(environment string, generation int) string {
	return fmt.Sprintf("chain-%s-%d.pem", environment, generation)
}

// level is the folder above that of the i-th line.
func (t tree) level(i int) string {
	if !t.levels {
		return ""
	}
	return fmt.Sprintf("%04d", i/perLevel)
}

// folder is that of the i-th line, below the root.
func (t tree) folder(i int, l Line) string { return filepath.Join(t.level(i), l.name()) }

func (t tree) path(parts ...string) string {
	return filepath.Join(append([]string{t.root}, parts...)...)
}

// marker says whose folder it is.
type marker struct {
	Schema      string `json:"schema"`
	Batch       string `json:"batch"`
	Environment string `json:"environment"`
	Label       string `json:"label,omitempty"`
	Total       int    `json:"total"`
}

const markerSchema = "anchorctl.batch/v1"

func (m marker) text() ([]byte, error) {
	text, err := json.MarshalIndent(m, "", "  ")
	return append(text, '\n'), err
}

// claimed reports whether an earlier run of the batch has made the folder its
// own. One that holds anything else is refused.
func (t tree) claimed(m marker) (bool, error) {
	want, err := m.text()
	if err != nil {
		return false, err
	}
	have, err := durable.Read(t.path(markerName), pki.MaxFile)
	if err != nil {
		return false, err
	}
	elsewhere := "name another folder with --out"
	var other marker
	switch {
	case string(have) == string(want):
		return true, nil
	case have == nil:
		entries, err := os.ReadDir(t.root)
		if err == nil && len(entries) > 0 {
			err = hint.With(fmt.Errorf("the folder %q is not empty and is no batch's", t.root), elsewhere)
		}
		return false, err
	case len(have) == 0: // a crash fell on its first write
		return false, nil
	case json.Unmarshal(have, &other) == nil && other.Schema == markerSchema:
		return false, hint.With(fmt.Errorf("the folder %q is that of batch %.12s, this is batch %.12s", t.root, other.Batch, m.Batch), elsewhere)
	}
	return false, hint.With(fmt.Errorf("%q is not ours and stays as it is", t.path(markerName)), elsewhere)
}

// claim makes the folder the batch's own.
func (t tree) claim(m marker, group *durable.Group) error {
	text, err := m.text()
	if err != nil {
		return err
	}
	return group.Write(t.path(markerName), text, 0o600)
}

// writeChain writes the certificate of a generation, which workloads present
// beside their own where an anchor holds the root.
func (t tree) writeChain(group *durable.Group, name string, text []byte) error {
	have, err := durable.Read(t.path(name), pki.MaxFile)
	if err != nil || string(have) == string(text) {
		return err
	}
	return group.Write(t.path(name), text, 0o600)
}

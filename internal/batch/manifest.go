package batch

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"anchorctl/internal/plan"
	"anchorctl/internal/store"
)

// Entry is a line of the manifest. Paths are relative to the manifest's folder.
type Entry struct {
	Line        int       `json:"line"` // counted from 1, without a header
	Workload    string    `json:"workload"`
	Instance    string    `json:"instance,omitempty"`
	Key         string    `json:"key,omitempty"` // none when a request brought it
	Certificate string    `json:"certificate"`
	Chain       string    `json:"chain"`
	SerialHex   string    `json:"serialHex"`
	NotBefore   time.Time `json:"notBefore"`
	NotAfter    time.Time `json:"notAfter"`
	Issuer      string    `json:"issuer"`
}

// manifest is written under another name until all of it is there.
type manifest struct {
	tree   tree
	file   *os.File
	writer *bufio.Writer
}

func (t tree) openManifest() (*manifest, error) {
	path := t.path(partName)
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("writing the manifest: %w", err)
	}
	return &manifest{tree: t, file: file, writer: bufio.NewWriterSize(file, 64<<10)}, nil
}

// add appends a recorded certificate, the line of the batch that it is for.
func (m *manifest) add(i int, l Line, c store.Issued) error {
	dir := m.tree.folder(i, l)
	key := filepath.ToSlash(filepath.Join(dir, keyName))
	if l.CSR != "" {
		key = ""
	}
	text, err := json.Marshal(Entry{
		Line: i + 1, Workload: c.Workload, Instance: c.Instance, Key: key,
		Certificate: filepath.ToSlash(filepath.Join(dir, certificateName)),
		Chain:       chainName(c.Environment, c.Generation), SerialHex: c.Serial,
		NotBefore: time.Unix(c.NotBefore, 0).UTC(), NotAfter: time.Unix(c.NotAfter, 0).UTC(),
		Issuer: plan.Issuer(c.Environment, c.Generation).String(),
	})
	if err == nil {
		_, err = m.writer.Write(append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("writing the manifest: %w", err)
	}
	return nil
}

// close ends the writing. The file keeps its other name.
func (m *manifest) close() error {
	if err := errors.Join(m.writer.Flush(), m.file.Close()); err != nil {
		return fmt.Errorf("writing the manifest: %w", err)
	}
	return nil
}

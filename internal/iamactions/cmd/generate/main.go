package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"anchorctl/internal/iamactions"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: generate ARCHIVE.tgz FOLDER")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

// run writes the table and the licence of its data into the folder.
func run(archive, folder string) error {
	data, err := os.ReadFile(archive) //nolint:gosec // the file that was named
	if err != nil {
		return err
	}
	p, err := open(data)
	if err != nil {
		return fmt.Errorf("reading %s: %w", archive, err)
	}
	file, err := table(p, data)
	if err != nil {
		return fmt.Errorf("making the table from %s: %w", archive, err)
	}
	if err := os.WriteFile(filepath.Join(folder, "actions.gz"), file, 0o644); err != nil { //nolint:gosec // a file of the repository
		return err
	}
	return os.WriteFile(filepath.Join(folder, "LICENSE.txt"), p.files["LICENSE.txt"], 0o644) //nolint:gosec // a file of the repository
}

// licences are those under which the data may be handed on.
func licences() map[string]bool {
	return map[string]bool{"MIT": true, "Apache-2.0": true, "BSD-2-Clause": true, "BSD-3-Clause": true}
}

// table is the packed table, read again to be sure of it.
func table(p *pack, archive []byte) ([]byte, error) {
	text, services, actions, err := p.lines()
	if err != nil {
		return nil, err
	}
	source, err := p.source()
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(archive)
	source.SHA256, source.Services, source.Actions = hex.EncodeToString(sum[:]), services, actions
	head, err := json.Marshal(source)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := z.Write(append(head, text...)); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), iamactions.Decode(out.Bytes()).Whole()
}

// source is what the package says of itself. Its version ends with the day of
// the data, and a number on that day.
func (p *pack) source() (iamactions.Source, error) {
	var said struct{ Name, Version, License string }
	if err := p.read("package.json", &said); err != nil {
		return iamactions.Source{}, err
	}
	if !licences()[said.License] || len(p.files["LICENSE.txt"]) == 0 {
		return iamactions.Source{}, fmt.Errorf("the licence %q is not one under which the data may be handed on", said.License)
	}
	day := regexp.MustCompile(`\.(20[0-9]{2})([0-9]{2})([0-9]{2})[0-9]+$`).FindStringSubmatch(said.Version)
	if day == nil {
		return iamactions.Source{}, fmt.Errorf("the version %q does not end with a day", said.Version)
	}
	return iamactions.Source{Name: said.Name, Version: said.Version, Licence: said.License, Date: day[1] + "-" + day[2] + "-" + day[3]}, nil
}

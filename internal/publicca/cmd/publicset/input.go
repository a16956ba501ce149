package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"anchorctl/internal/publicca"
)

// input is one package as it was fetched.
type input struct {
	path   string
	sha256 string
}

// workshop is what the building of a set works with.
type workshop struct {
	earlier []publicca.Record // of old
	inputs  string            // folder of fetched packages
	data    string            // folder of the certificates that are kept in the repository
	old     *publicca.Set     // what an earlier run made
	fetch   func(client, name, version, folder string) (string, error)
	log     io.Writer
}

// obtain gives the package of a source, fetched by its own client unless that
// was done before.
func (w workshop) obtain(s source) (input, error) {
	client, name, _ := strings.Cut(s.pkg, ":")
	if client == "data" {
		return sealed(filepath.Join(w.data, name))
	}
	kept := filepath.Join(w.inputs, strings.NewReplacer("/", "+", ":", "_").Replace(s.pkg+"@"+s.version))
	if in, err := sealed(kept); err == nil {
		return in, nil
	}
	temporary, err := os.MkdirTemp(w.inputs, "fetch")
	if err != nil {
		return input{}, err
	}
	fetched, err := w.fetch(client, name, s.version, temporary)
	if err == nil {
		err = keep(fetched, kept)
	}
	if err := errors.Join(err, os.RemoveAll(temporary)); err != nil {
		return input{}, fmt.Errorf("fetching %s %s: %w", s.pkg, s.version, err)
	}
	return sealed(kept)
}

func fetch(client, name, version, folder string) (string, error) {
	switch client {
	case "go":
		return fetchModule(name, version, folder)
	case "npm":
		return only(folder, runIn(folder, "npm", "pack", "--silent", name+"@"+version))
	case "deb":
		return only(folder, runIn(folder, "apt-get", "download", name+"="+version))
	case "deb-src":
		return only(folder, runIn(folder, "apt-get", "source", "--download-only", "--tar-only", name+"="+version))
	default:
		return "", fmt.Errorf("there is no client %q", client)
	}
}

func fetchModule(name, version, folder string) (string, error) {
	cmd := exec.Command("go", "mod", "download", "-json", name+"@"+version)
	cmd.Dir = folder
	// It fails where the module wants a newer Go, and has its archive all the same.
	out, failed := cmd.Output()
	var module struct{ Zip, Error string }
	if err := json.Unmarshal(out, &module); err != nil {
		return "", errors.Join(failed, err)
	}
	if module.Zip == "" {
		return "", errors.New(module.Error)
	}
	return module.Zip, nil
}

func runIn(folder, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Dir = folder
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(string(out)))
	}
	return nil
}

// only is the largest file of a folder: beside it a client leaves descriptions.
func only(folder string, err error) (string, error) {
	if err != nil {
		return "", err
	}
	files, err := os.ReadDir(folder)
	if err != nil {
		return "", err
	}
	largest, size := "", int64(-1)
	for _, f := range files {
		if info, err := f.Info(); err == nil && info.Mode().IsRegular() && info.Size() > size {
			largest, size = f.Name(), info.Size()
		}
	}
	if largest == "" {
		return "", errors.New("nothing was fetched")
	}
	return filepath.Join(folder, largest), nil
}

// keep copies, since a module cache must stay as it is.
func keep(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.WriteFile(to+".part", content, 0o644); err != nil {
		return err
	}
	return os.Rename(to+".part", to)
}

func sealed(path string) (input, error) {
	f, err := os.Open(path)
	if err != nil {
		return input{}, err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return input{}, err
	}
	return input{path, hex.EncodeToString(h.Sum(nil))}, nil
}

package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
)

// Load reads and checks a configuration and the files it names.
func Load(path string) (*Config, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading configuration: %w", err)
	}
	return Parse(path, data, readFile)
}

// Parse checks a configuration that has been read. Files it names are taken
// relative to the file name and read with readFile.
func Parse(name string, data []byte, readFile func(string) ([]byte, error)) (*Config, error) {
	r := &report{file: name}
	text, ok := r.characters(data)
	if !ok {
		return nil, r.err()
	}
	root, ok := r.read(text)
	if root == nil {
		return nil, r.err()
	}
	c := &Config{}
	d := &decoder{report: r, places: map[string]place{}, keys: map[string]place{}, broken: map[string]bool{}, within: map[string]bool{}}
	d.broken[""] = !ok
	d.decode(root, "", reflect.ValueOf(c).Elem())
	c.fill()
	check := checker{decoder: d, config: c, dir: filepath.Dir(name), readFile: readFile}
	check.all()
	if err := r.err(); err != nil {
		return nil, err
	}
	c.order()
	return c, nil
}

// readFile reads a regular file of bounded size. Anything else (a pipe, a
// device) might never end.
func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%q is not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, maxSize+1)) // one more than allowed: the check of the size sees it
	return data, errors.Join(err, f.Close())
}

package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"anchorctl/internal/publicca"
)

func main() {
	folder := flag.String("out", "internal/publicca", "the folder of the set")
	inputs := flag.String("inputs", "", "where packages are kept that were fetched")
	check := flag.Bool("check", false, "write nothing: say whether the set is what its inputs give")
	flag.Parse()
	if err := run(*folder, *inputs, *check); err != nil {
		fmt.Fprintf(os.Stderr, "publicset: error: %v\n", err)
		os.Exit(1)
	}
}

func run(folder, inputs string, check bool) error {
	if inputs == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return fmt.Errorf("finding a place for packages: %w", err)
		}
		inputs = filepath.Join(cache, "anchorctl-publicset")
	}
	if err := os.MkdirAll(inputs, 0o755); err != nil {
		return err
	}
	old := publicca.Open(previous(folder))
	m, err := build(workshop{inputs: inputs, data: filepath.Join(folder, "cmd", "publicset"), old: old, fetch: fetch, log: os.Stderr})
	if err != nil {
		return err
	}
	if check {
		return compare(folder, m)
	}
	if err := os.WriteFile(filepath.Join(folder, "set.bin"), m.set, 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "sources.json"), m.manifest, 0o644)
}

// previous are the files of an earlier run, empty where there are none.
func previous(folder string) (set, sources string) {
	a, errSet := os.ReadFile(filepath.Join(folder, "set.bin"))
	b, errSources := os.ReadFile(filepath.Join(folder, "sources.json"))
	if errors.Join(errSet, errSources) != nil {
		return "", ""
	}
	return string(a), string(b)
}

func compare(folder string, m made) error {
	for name, want := range map[string][]byte{"set.bin": m.set, "sources.json": m.manifest} {
		got, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			return err
		}
		if !bytes.Equal(got, want) {
			return fmt.Errorf("comparing %s: it is not what its inputs give", name)
		}
	}
	fmt.Printf("the set is what its inputs give; of %d, %d could not be had and were taken as they were\n", len(sources()), m.kept)
	return nil
}

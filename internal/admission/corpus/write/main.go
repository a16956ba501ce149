package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"anchorctl/internal/admission/corpus"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: write DIRECTORY")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func write(dir string) error {
	made := corpus.Make(outsideTests{}, time.Now())
	cases := make([]corpus.Case, 0, len(made))
	for _, m := range made {
		cases = append(cases, m.Case)
		for name, data := range map[string][]byte{m.File: m.Candidate, m.Companion("root"): m.Root, m.Companion("chain"): m.Chain} {
			if data == nil {
				continue
			}
			if err := put(filepath.Join(dir, name), data); err != nil {
				return err
			}
		}
	}
	manifest, err := json.MarshalIndent(cases, "", "  ")
	if err != nil {
		return err
	}
	if err := put(filepath.Join(dir, "manifest.json"), append(manifest, '\n')); err != nil {
		return err
	}
	fmt.Printf("%d files in %s; hold one against the rules with\n", len(made), dir)
	first := made[0]
	fmt.Printf("  anchorctl check cert %s --root %s\n", filepath.Join(dir, first.File), filepath.Join(dir, first.Companion("root")))
	return nil
}

func put(path string, data []byte) error {
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, data, 0o600)); err != nil {
		return fmt.Errorf("writing %q: %w", path, err)
	}
	return nil
}

// outsideTests stands in for a test: what goes wrong ends the program.
type outsideTests struct{ testing.TB }

func (outsideTests) Helper() {}

func (outsideTests) Fatal(args ...any) {
	fmt.Fprintln(os.Stderr, args...)
	os.Exit(1)
}

func (t outsideTests) Fatalf(format string, args ...any) { t.Fatal(fmt.Sprintf(format, args...)) }

func (t outsideTests) Errorf(format string, args ...any) { t.Fatal(fmt.Sprintf(format, args...)) }

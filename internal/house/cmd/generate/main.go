package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"anchorctl/internal/config/schema"
	"anchorctl/internal/house"
)

func main() {
	if err := run("."); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

// run writes the generated files of the repository at root.
func run(root string) error {
	if _, err := os.Stat(filepath.Join(root, "go.mod")); err != nil {
		return fmt.Errorf("run this in the root of the repository: %w", err)
	}
	text, err := schema.JSON()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(root, "schema"), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(root, "schema", "anchorctl.schema.json"), text, 0o644); err != nil { //nolint:gosec // a file of the repository
		return err
	}
	return architecture(filepath.Join(root, "ARCHITECTURE.md"), root)
}

// architecture brings the list of rooms up to date, if the document is there.
func architecture(path, root string) error {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	packages, err := house.Read(root)
	if err != nil {
		return err
	}
	fresh, err := house.WithRooms(string(text), packages)
	if err != nil {
		return err
	}
	return os.WriteFile(path, []byte(fresh), 0o644) //nolint:gosec // a file of the repository
}

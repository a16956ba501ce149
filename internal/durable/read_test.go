package durable_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"anchorctl/internal/durable"
)

func TestReadTellsWhatIsNotThereFromWhatIsEmpty(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"empty": "", "full": "1234", "large": strings.Repeat("x", 9)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		want  string
		there bool
	}{
		"absent": {"", false}, "empty": {"", true}, "full": {"1234", true}, "large": {"xxxxx", true},
	} {
		got, err := durable.Read(filepath.Join(dir, name), 4)
		if err != nil || string(got) != c.want || (got != nil) != c.there {
			t.Errorf("%s: got %q, there: %v, %v", name, got, got != nil, err)
		}
	}
	if _, err := durable.Read(dir, 4); err == nil || !strings.Contains(err.Error(), "reading") {
		t.Errorf("a folder: got %v", err)
	}
}

package denial

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/gates"
)

// The page is written by hand; it may leave out no gate, and says of each what
// compare looks for.
func TestThePageHasARowForEveryGateInOrder(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "denials.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "## The gates")
	section, _, _ = strings.Cut(section, "\n## ")
	var names []string
	for line := range strings.SplitSeq(section, "\n") {
		cells := strings.Split(line, " | ")
		if len(cells) != 5 || cells[0] == "| gate" || strings.HasPrefix(line, "| ---") {
			continue
		}
		name := strings.TrimPrefix(cells[0], "| ")
		names = append(names, name)
		if !slices.Contains(gates.GatesOf(cells[2]), name) {
			t.Errorf("%s: %s is taken for the message of %v", name, cells[2], gates.GatesOf(cells[2]))
		}
	}
	if diff := cmp.Diff(gates.Names(), names); diff != "" {
		t.Error(diff)
	}
}

package store

import (
	"strings"
	"testing"
)

// With a million certificates, status asks this each time it is run.
func TestWhatWasNotRenewedIsFoundByIndexes(t *testing.T) {
	s := several(t)
	got := explained(t, s.db, selectUnrenewed, s.estate, "prod", noon().Unix(), noon().Unix())
	for _, index := range []string{"SEARCH i USING INDEX issued_end", "issued_instance (estate=? AND environment=? AND workload=? AND instance=? AND entry>?)", "issued_workload (estate=? AND environment=? AND workload=? AND entry>?)"} {
		if !strings.Contains(got, index) {
			t.Errorf("want %q, got: %s", index, got)
		}
	}
	if strings.Contains(got, "SCAN") && !strings.Contains(got, "SCAN CONSTANT") || strings.Contains(got, "TEMP B-TREE") {
		t.Errorf("it reads more than it needs: %s", got)
	}
}

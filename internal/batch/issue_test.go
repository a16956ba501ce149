package batch_test

import (
	"testing"

	"anchorctl/internal/batch"
)

func TestABatchGivesEachLineItsCertificate(t *testing.T) {
	dir := newEstate(t)
	f := open(t, dir, start(), nil)
	r, err := batch.Issue(t.Context(), f, counted(t, "backup.web-%04d=1200", "reports=3"))
	must(t, err)
	t.Logf("%+v", r)
	checkWhole(t, f, r)
}

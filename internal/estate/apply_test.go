package estate_test

import (
	"testing"

	"anchorctl/internal/estate"
)

func TestApplyFromEmptyConverges(t *testing.T) {
	l := newLab(t, twoEnvironments("manage"), "dev-app", "prod-app")
	report, err := l.apply(t.Context(), estate.ApplyOptions{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(report.Result.Done)
	l.check(t)
}

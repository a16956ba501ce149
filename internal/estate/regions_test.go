package estate_test

import (
	"strings"
	"testing"

	"anchorctl/internal/estate"
	"anchorctl/internal/ownership"
)

// A role's pin names the anchors of all regions. While one of them is still to
// be made, what is to be written must not pass for a statement of somebody else
// that lets in the others.
func TestAnAnchorMoreDoesNotMakeThePinAStranger(t *testing.T) {
	one := twoEnvironments("manage")
	target := `{account: "` + account + `", region: eu-central-1}`
	two := strings.ReplaceAll(one, target, target+`, {account: "`+account+`", region: eu-west-1}`)
	applied := func(t *testing.T, l *lab) {
		t.Helper()
		l.mustApply(t, estate.ApplyOptions{})
		if p := l.plan(t, estate.Options{}); len(p.Plan.Actions) > 0 || len(p.Findings) > 0 {
			t.Errorf("left to do are %v, and found is %v", ids(p.Plan.Actions), p.Findings)
		}
	}
	t.Run("a target is added to an environment that serves another", func(t *testing.T) {
		l := newLab(t, one, "dev-app", "prod-app")
		l.mustApply(t, estate.ApplyOptions{})
		l.write(t, two)
		applied(t, l)
	})
	t.Run("one of two anchors was deleted by somebody", func(t *testing.T) {
		l := newLab(t, two, "dev-app", "prod-app")
		l.mustApply(t, estate.ApplyOptions{})
		api := l.cloud(t).Anchors
		for arn, object := range l.live(t) {
			if object.tags[ownership.TagResource] == prodAnchor.String() {
				if err := api.Delete(t.Context(), arn[strings.LastIndex(arn, "/")+1:]); err != nil {
					t.Fatal(err)
				}
			}
		}
		applied(t, l)
	})
}

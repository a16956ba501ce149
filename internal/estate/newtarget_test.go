package estate_test

import (
	"strings"
	"testing"

	"anchorctl/internal/estate"
	"anchorctl/internal/estate/estatetest"
)

// TestARegionIsAddedToAnAccount whose roles are pinned to an enabled anchor already: the
// pin that the plan is going to write, which names both, is ours.
func TestARegionIsAddedToAnAccount(t *testing.T) {
	one := `version: 1
estate: {name: example, organization: Example Corp, trustDomain: example.internal}
roles: manage
environments:
  prod:
    targets:
      - {account: "` + estatetest.Account + `", region: eu-central-1}
    workloads: {app: {}}
    profiles: {app: {roles: {prod-app: {workloads: [app]}}}}
`
	l := estatetest.New(t, one, "prod-app")
	if _, err := l.Apply(t.Context(), estate.ApplyOptions{}, nil); err != nil {
		t.Fatal(err)
	}
	first := "      - {account: \"" + estatetest.Account + "\", region: eu-central-1}\n"
	l.Write(t, strings.Replace(one, first, first+strings.Replace(first, "eu-central-1", "eu-west-1", 1), 1))
	if _, err := l.Apply(t.Context(), estate.ApplyOptions{}, nil); err != nil {
		t.Fatal(err)
	}
	s, err := l.Stage()
	if err != nil {
		t.Fatal(err)
	}
	for _, region := range []string{"eu-central-1", "eu-west-1"} {
		if a := s.Anchor("anchor/prod@" + estatetest.Account + "/" + region); a == nil || !strings.Contains(s.Trust["prod-app"], a.ARN) {
			t.Errorf("the role is not pinned to an anchor in %s", region)
		}
	}
}

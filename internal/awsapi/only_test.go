package awsapi

import (
	"testing"

	"anchorctl/internal/clock"
)

// Whatever the environment says, a target that is given one place asks there alone.
func TestOnlyOnePlaceIsAsked(t *testing.T) {
	w := newWorld(t)
	t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
	t.Setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1")
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIASOMEBODYELSE")
	t.Setenv("AWS_PROFILE", "nobody")
	target, err := Open(t.Context(), Options{
		Account: account, Region: region, Clock: clock.Clock{Now: w.v.clock().Now, Wait: w.v.clock().Wait},
		Only: &Place{URL: w.running.URL, KeyID: "AKIAEXAMPLE", Secret: "secret"},
	})
	if err != nil {
		t.Fatal(err)
	}
	id, err := target.Identity(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want := "sandbox:" + w.running.ID(); id.Account != account || id.Bound != want || target.Endpoint() != w.running.URL {
		t.Errorf("account %s in %s at %s, want %s in %s at %s", id.Account, id.Bound, target.Endpoint(), account, want, w.running.URL)
	}
	role, err := target.Roles().Get(t.Context(), "prod-backup")
	if err != nil || !role.Exists || role.MaxSessionSeconds != 7200 {
		t.Errorf("the role is %+v, %v", role, err)
	}
}

package rotate_test

import (
	"os"
	"strconv"
	"testing"
	"time"

	"anchorctl/internal/store"
)

// sizeOfFleet is ten thousand, unless a test run is to be short, or names another
// number.
func sizeOfFleet(t *testing.T) int {
	if n, err := strconv.Atoi(os.Getenv("ANCHORCTL_TEST_FLEET")); err == nil {
		return n
	}
	if testing.Short() {
		return 500
	}
	return 10_000
}

// TestAFleetIsNeverDenied is the promise: a fleet that renews and opens sessions
// all through a rotation does not notice it.
func TestAFleetIsNeverDenied(t *testing.T) {
	const waves = 16 // one an hour, until the first are due
	l := newLab(t, configuration("manage", "eu-central-1"), map[string]string{"prod-app": teamsOwn("prod issuer 1")})
	f := settle(t, l, sizeOfFleet(t), waves, "eu-central-1")
	l.Advance(t, waves*time.Hour)
	began := l.Now()
	l.through(t, start(store.Rekey))
	took := l.Now().Sub(began)
	l.Advance(t, 20*time.Hour) // all of them renew once more
	l.retired(t)
	t.Logf("%s; the rotation took %s; the gates were asked %d times for all that lives, after each of %d writes; %d sessions over the wire",
		f, took, l.asked, l.writes, l.sessions)
	if f.renewals < 2*len(f.members) || f.real == 0 || l.writes < 4 {
		t.Error("too little happened: nothing is shown")
	}
}

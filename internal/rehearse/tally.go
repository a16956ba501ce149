package rehearse

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"anchorctl/internal/plan"
	"anchorctl/internal/sandbox"
)

// Rate is how many requests of one kind a rotation sends, at one account and
// region.
type Rate struct {
	Family   string `json:"family"`
	Target   string `json:"target"`
	Requests int    `json:"requests"`
	Peak     int    `json:"peak"`  // most in one second
	Limit    int    `json:"limit"` // of the service, in one second; 0: none is documented
}

// tally counts the requests that reach the sandbox.
type tally struct {
	changed atomic.Bool // something was written since it was last looked at
	ours    atomic.Bool // the fleet asks, not the rotation

	mu    sync.Mutex
	begun bool
	times map[[2]string][]time.Time // by family and target
}

func newTally() *tally { return &tally{times: map[[2]string][]time.Time{}} }

// begin forgets what making the copy took.
func (t *tally) begin() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.begun, t.times = true, map[[2]string][]time.Time{}
	t.changed.Store(true)
}

// note is told of each request before its answer leaves.
func (t *tally) note(r sandbox.Request) {
	family := familyOf(r)
	if family != sessionFamily && !strings.HasPrefix(r.Op, "Get") && !strings.HasPrefix(r.Op, "List") {
		t.changed.Store(true)
	}
	if t.ours.Load() {
		return
	}
	target := plan.Target{Account: r.Account, Region: r.Region}.String()
	if family == "IAM" {
		target = r.Account
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.times[[2]string{family, target}] = append(t.times[[2]string{family, target}], r.Time)
}

const sessionFamily = "sessions"

// familyOf is what the service limits together
// (https://docs.aws.amazon.com/general/latest/gr/rolesanywhere.html).
func familyOf(r sandbox.Request) string {
	switch r.Service {
	case "iam":
		return "IAM"
	case "sts":
		return "identity"
	case "tagging":
		return "tagging"
	}
	for _, f := range []struct{ part, family string }{
		{"CreateSession", sessionFamily}, {"TrustAnchor", "anchors"}, {"Notification", "anchors"}, {"Profile", "profiles"},
		{"AttributeMapping", "profiles"}, {"Crl", "revocation lists"}, {"Subject", "subjects"}, {"ag", "tags"},
	} {
		if strings.Contains(r.Op, f.part) {
			return f.family
		}
	}
	return "other"
}

// limitOf is the service's rate of a family; IAM, STS and the tagging API document
// none.
func limitOf(family string) int {
	switch family {
	case sessionFamily:
		return sessionsPerSecond
	case "IAM", "identity", "tagging", "other":
		return 0
	default:
		return 1
	}
}

// rates are the requests of the rotation, by family and target.
func (t *tally) rates() []Rate {
	t.mu.Lock()
	defer t.mu.Unlock()
	list := []Rate{}
	for key, times := range t.times {
		list = append(list, Rate{Family: key[0], Target: key[1], Requests: len(times), Peak: peak(times), Limit: limitOf(key[0])})
	}
	slices.SortFunc(list, func(a, b Rate) int {
		return cmp.Or(cmp.Compare(a.Family, b.Family), cmp.Compare(a.Target, b.Target))
	})
	return list
}

// peak is the most of them in any one second.
func peak(times []time.Time) int {
	most, first := 0, 0
	for i, at := range times {
		for at.Sub(times[first]) >= time.Second {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

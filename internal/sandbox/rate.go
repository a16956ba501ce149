package sandbox

import (
	"time"

	"anchorctl/internal/sandbox/anywhere"
)

// The service's rates: one request a second for each family of objects in an
// account and region, and ten sessions a second.
// https://docs.aws.amazon.com/general/latest/gr/rolesanywhere.html
const (
	perFamily  = time.Second
	perSession = 10 // in one second
	// slack is how much earlier than due a request may come: clients pace by
	// their own clock, and the way here takes now more and now less.
	slack = 50 * time.Millisecond
)

// rates remembers when requests were let through.
type rates map[string][]time.Time

// allow says whether a request may pass now, and counts it if so.
func (r rates) allow(account, region, family string, now time.Time) bool {
	most := 1
	if family == anywhere.FamilySessions {
		most = perSession
	}
	key := account + "/" + region + "/" + family
	recent := r[key][:0:0]
	for _, t := range r[key] {
		if age := now.Sub(t); age >= 0 && age < perFamily-slack {
			recent = append(recent, t)
		}
	}
	if len(recent) >= most {
		r[key] = recent
		return false
	}
	r[key] = append(recent, now)
	return true
}

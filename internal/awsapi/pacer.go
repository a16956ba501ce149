package awsapi

import (
	"context"
	"sync"
	"time"

	"anchorctl/internal/clock"
)

// family is what the service limits the rate of together.
type family string

// The families and how far apart their requests are sent
// (https://docs.aws.amazon.com/general/latest/gr/rolesanywhere.html). IAM and
// the tagging API share their rates with everybody in the account, so a plan
// takes a modest part.
const (
	anchorFamily   family = "anchors"
	profileFamily  family = "profiles"
	subjectFamily  family = "subjects"
	tagFamily      family = "tags"
	crlFamily      family = "CRLs"
	taggingFamily  family = "tagging"
	iamFamily      family = "IAM"
	identityFamily family = "identity"
)

func (f family) interval() time.Duration {
	switch f {
	case iamFamily, taggingFamily:
		return 200 * time.Millisecond
	case identityFamily:
		return 0
	default:
		return time.Second
	}
}

// Pacer spaces out requests, per family and per account and region. The
// targets of one command share one.
type Pacer struct {
	clock clock.Clock
	mu    sync.Mutex
	next  map[string]time.Time
}

// NewPacer paces by the clock.
func NewPacer(c clock.Clock) *Pacer {
	return &Pacer{clock: c, next: map[string]time.Time{}}
}

// reserve takes the next place in a queue and says how long it is until then.
func (p *Pacer) reserve(queue string, every time.Duration) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock.Now()
	at := p.next[queue]
	if at.Before(now) {
		at = now
	}
	p.next[queue] = at.Add(every)
	return at.Sub(now)
}

// postpone holds a whole queue up: the service asked for a pause, and asks it
// of every request of the family.
func (p *Pacer) postpone(queue string, d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if at := p.clock.Now().Add(d); at.After(p.next[queue]) {
		p.next[queue] = at
	}
}

// Reason says why a request waits.
type Reason string

// The reasons to wait.
const (
	Paced       Reason = "paced"       // the service takes one request a second
	Throttled   Reason = "throttled"   // somebody else uses up the rate
	Unavailable Reason = "unavailable" // the service failed or could not be reached
)

// Event tells of a wait before a request is sent.
type Event struct {
	Account   string
	Region    string
	Family    string
	Operation string
	Reason    Reason
	Wait      time.Duration
}

// pace waits for a request's turn.
func (t *Target) pace(ctx context.Context, r request, why Reason) error {
	wait := t.pacer.reserve(t.queue(r.family), r.family.interval())
	if wait <= 0 {
		return ctx.Err()
	}
	if t.progress != nil {
		t.progress(Event{
			Account: t.account, Region: t.region, Family: string(r.family), Operation: r.operation, Reason: why, Wait: wait,
		})
	}
	return t.pacer.clock.Wait(ctx, wait)
}

// queue names the queue of a family: IAM's is the account's.
func (t *Target) queue(f family) string {
	if f == iamFamily {
		return string(f) + "/" + t.account
	}
	return string(f) + "/" + t.account + "/" + t.region
}

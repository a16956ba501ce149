package awsapi

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/rolesanywhere/types"
	"github.com/aws/smithy-go"

	"anchorctl/internal/engine"
)

const (
	attempts       = 5
	attemptTimeout = time.Minute
	maxPause       = 30 * time.Second
)

// request is one call of an operation.
type request struct {
	family    family
	operation string
	action    string // of IAM, when it is not rolesanywhere:OPERATION
	once      bool   // it creates an object: repeating it could make a second
	send      func(context.Context) error
}

// do sends a request in its turn, and again when that is safe and of use.
func (t *Target) do(ctx context.Context, r request) error {
	if r.family != identityFamily {
		if _, err := t.Identity(ctx); err != nil {
			return err
		}
	}
	why := Paced
	for attempt := 1; ; attempt++ {
		if err := t.pace(ctx, r, why); err != nil {
			return fmt.Errorf("waiting to send %s: %w", r.operation, err)
		}
		seen, err := t.send(ctx, r)
		if err == nil {
			return nil
		}
		end := judge(err, seen)
		if attempt == attempts || ctx.Err() != nil || mixed(err) || !end.repeatable(r.once) {
			return t.explain(r, seen, end, err)
		}
		why = Unavailable
		if end == throttled {
			why = Throttled
		}
		t.pacer.postpone(t.queue(r.family), pause(attempt, seen, err))
	}
}

// send sends a request once. An answer from elsewhere than all others came
// from is an error, whatever it says.
func (t *Target) send(ctx context.Context, r request) (observed, error) {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	var seen observed
	err := r.send(context.WithValue(ctx, observedKey{}, &seen))
	if r.family == identityFamily || seen.status == 0 {
		return seen, err
	}
	if bound := t.bound(); bound != seen.bound {
		return seen, &mixedError{bound, seen.bound}
	}
	return seen, err
}

// mixedError says that two worlds answer.
type mixedError struct{ first, second string }

func (e *mixedError) Error() string {
	return fmt.Sprintf("answers come from %s and from %s", e.first, e.second)
}

func mixed(err error) bool {
	var e *mixedError
	return errors.As(err, &e)
}

// ending is how a request ended without success.
type ending int

const (
	unclear   ending = iota // it may have been done
	unsent                  // it never left, or reached nobody
	refused                 // the service said no
	throttled               // the service said not now
)

// repeatable reports whether the request may be sent again, and whether there
// is any use in it. A throttled request was certainly not done.
func (e ending) repeatable(once bool) bool {
	return e == throttled || e == unclear && !once
}

// judge tells how a request ended. Only what is certain is called refused or
// unsent: an answer that is not the service's own (a proxy's page, a redirect)
// proves nothing.
func judge(err error, seen observed) ending {
	var api smithy.APIError
	var dial *net.OpError
	switch {
	case !seen.sent:
		return unsent
	case seen.status == 0 && errors.As(err, &dial) && dial.Op == "dial":
		return unsent
	case seen.status == 0:
		return unclear
	case seen.status == http.StatusTooManyRequests:
		return throttled
	case seen.status < 400 || seen.status >= 500 || !errors.As(err, &api):
		return unclear
	case slices.Contains(throttleCodes(), api.ErrorCode()):
		return throttled
	case seen.status == http.StatusRequestTimeout || slices.Contains([]string{"", "UnknownError", "RequestTimeout", "RequestTimeoutException"}, api.ErrorCode()):
		return unclear
	default:
		return refused
	}
}

// throttleCodes are the codes with which AWS's services, IAM among them,
// refuse a request for its rate. TransactionInProgressException and
// LimitExceededException, which the SDK counts here too, are refusals for IAM.
func throttleCodes() []string {
	return []string{
		"Throttling", "ThrottlingException", "ThrottledException", "RequestThrottledException", "RequestThrottled",
		"TooManyRequestsException", "RequestLimitExceeded", "SlowDown", "PriorRequestNotComplete",
	}
}

// pause is how long the family rests after a failed attempt: what the service
// asks for, else one second, doubling.
func pause(attempt int, seen observed, err error) time.Duration {
	wait := time.Second << (attempt - 1)
	var busy *types.ServiceUnavailableException
	if errors.As(err, &busy) && busy.RetryAfterSeconds != nil && *busy.RetryAfterSeconds > 0 {
		wait = time.Duration(*busy.RetryAfterSeconds) * time.Second
	} else if seen.retryAfter > 0 {
		wait = seen.retryAfter
	}
	return min(wait, maxPause)
}

// explain makes the error that a caller sees.
func (t *Target) explain(r request, seen observed, end ending, err error) error {
	e := newError(r, seen, err)
	explained := t.hinted(r, e, end)
	if r.once && end == unclear {
		return fmt.Errorf("%w: %w", engine.ErrUnclear, explained)
	}
	return explained
}

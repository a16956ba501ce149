package clock

import (
	"context"
	"time"
)

// Clock is a source of time. Both fields are set by whoever builds it.
type Clock struct {
	// Now tells the time, in UTC.
	Now func() time.Time
	// Wait returns after d, or earlier with the context's error.
	Wait func(ctx context.Context, d time.Duration) error
}

package estate

import (
	"context"

	"anchorctl/internal/plan"
)

// Reach opens one place alone: with the credentials of the environment's target
// there, or else those of any target of its account. Who wants to know about one
// session need not be let into every account of the estate.
func (w World) Reach(ctx context.Context, environment string, at plan.Target) (Cloud, error) {
	c, err := w.clouds(ctx)
	if err != nil {
		return Cloud{}, err
	}
	return c.open(ctx, w.target(plan.Addr{Environment: environment, Target: at}))
}

package estate

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"anchorctl/internal/hint"
	"anchorctl/internal/store"
)

// stillOpen says of what failed in a rotation that it stays open: what goes on with
// it once the cause is gone and, while that is possible, what gives it up.
func (w World) stillOpen(ctx context.Context, o Rotation, failed error) error {
	all, err := w.Folder.Store.OpenRotations(context.WithoutCancel(ctx))
	if err != nil {
		return errors.Join(failed, err)
	}
	i := slices.IndexFunc(all, func(n store.Rotation) bool { return n.Environment == o.Environment })
	if i < 0 {
		return failed
	}
	hints := append(hint.Of(failed), fmt.Sprintf("once the cause is gone, run %q: the rotation is open and goes on from here", "anchorctl "+o.command()))
	if n := all[i]; !o.Abort && n.CutOver == 0 && n.Kind != store.Renewal {
		hints = append(hints, fmt.Sprintf("or run %q to give it up", "anchorctl "+abort(o)))
	}
	return hint.With(failed, hints...)
}

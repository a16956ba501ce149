package rotate

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"anchorctl/internal/engine"
	"anchorctl/internal/plan"
	"anchorctl/internal/store"
)

// drained holds the withdrawal of the old issuer from an anchor while a
// certificate of it lives: whoever has that would be denied. The store is asked
// first; then, as long as it could have been restored to a day before some
// certificate was issued, Roles Anywhere too.
func (g gatekeeper) drained(ctx context.Context, a plan.Action) error {
	n, err := g.open(ctx, a.Addr.Environment)
	if err != nil {
		return err
	}
	held := &engine.HeldError{Action: a.ID, Rule: a.Gate}
	alive, few, err := g.Living(ctx, n)
	if err != nil {
		return err
	}
	if alive > 0 {
		held.Reason = fmt.Sprintf("%s still valid: %s", Valid(alive, from(n)), listed(few, alive))
		held.Until = few[0].NotAfter.Add(time.Second)
		held.Hints = []string{
			"nothing has to be done: they are renewed from " + to(n) + " or expire by then",
			comeBack(n),
			fmt.Sprintf("run %q to see all of them; revoke what nobody uses any more, with \"anchorctl revoke\"", fmt.Sprintf("anchorctl certs list --env %s --issuer %d --valid", n.Environment, n.From)),
		}
		return held
	}
	if g.options.Emergency {
		return nil // asking for each subject takes a second, and the thief has those
	}
	unknown, until, err := g.unknown(ctx, a.Addr, n)
	var many *tooMany
	if errors.As(err, &many) {
		held.Reason = many.Error() + "; by the configuration, nothing of " + from(n) + " lives after " + until.Format(time.RFC3339)
		held.Until = until.Add(time.Second)
		held.Hints = []string{"nothing has to be done: the store knows of no certificate of " + from(n) + " that is valid still", comeBack(n)}
		return held
	}
	if err != nil || len(unknown) == 0 {
		return err
	}
	held.Reason = fmt.Sprintf("Roles Anywhere saw certificates of %s that the store does not know, so it may have been restored from a backup and there may be more: %s",
		from(n), listed(unknown, len(unknown)))
	held.Until = until
	held.Hints = []string{"give their workloads new certificates, with \"anchorctl issue\"; the longest that such a one can live ends at " + until.Format(time.RFC3339), comeBack(n)}
	return held
}

// Living counts the certificates of the old generation that live still, and gives
// some of those that end last.
func (w World) Living(ctx context.Context, n store.Rotation) (int, []Certificate, error) {
	const few = 5
	filter := w.living(n.Environment, n.From)
	count, err := w.Folder.Store.CountIssued(ctx, filter)
	if err != nil || count == 0 {
		return 0, nil, err
	}
	filter.Limit = few
	list, err := w.Folder.Store.ListIssued(ctx, filter)
	if err != nil {
		return 0, nil, err
	}
	var some []Certificate
	for _, one := range list {
		some = append(some, certificate(one))
	}
	return count, some, nil
}

// Valid counts the certificates of an issuer that are valid, in words.
func Valid(n int, issuer string) string {
	verb := " are"
	if n == 1 {
		verb = " is"
	}
	return Counted(n, issuer) + verb
}

// Counted are so many certificates of an issuer, in words.
func Counted(n int, issuer string) string { return count(n, "certificate") + " of " + issuer }

func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

func listed(some []Certificate, all int) string {
	texts := make([]string, len(some))
	for i, c := range some {
		texts[i] = c.String()
	}
	text := strings.Join(texts, "; ")
	if all > len(some) {
		text += fmt.Sprintf("; and %d more", all-len(some))
	}
	return text
}

// longest is when the last certificate ends that the old generation can have
// signed before the cut-over, going by the configuration.
func (w World) longest(n store.Rotation) time.Time {
	longest := w.Folder.Config.Environments[n.Environment].LongestLifetime()
	return time.Unix(n.CutOver, 0).UTC().Add(longest)
}

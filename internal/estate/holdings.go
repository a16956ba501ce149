package estate

import (
	"context"
	"fmt"

	"anchorctl/internal/plan"
)

// Unread is something that could not be read, and why.
type Unread struct {
	Addr plan.Addr
	Why  string
}

// holdings are the anchors on record as they stand, and those that were not
// read. When the proposal did not come to its end, each place is read by itself:
// one that cannot be reached, or a rule that refuses, hides no other.
func (w World) holdings(ctx context.Context, c *clouds, p Proposal, whole bool) (there []PlacedAnchor, unread []Unread) {
	o, why := p.observed, map[string]error{}
	if !whole {
		o = newObserved(p.recorded)
		why = w.readAnchors(ctx, c, &o)
	}
	for _, addr := range addresses(p.recorded.objects) {
		live, read := o.anchors[addr]
		switch err := why[key(w.target(addr))]; {
		case addr.Kind != plan.KindAnchor, o.gone[addr], o.denied[addr]: // the last two are said elsewhere
		case read:
			if a := p.recorded.placed(addr, live); a.Unreadable == "" {
				there = append(there, a)
			} else {
				unread = append(unread, Unread{addr, a.Unreadable})
			}
		case err != nil:
			unread = append(unread, Unread{addr, err.Error()})
		case whole:
			unread = append(unread, Unread{addr, "it left anchorctl.yaml, and its place could not be read"})
		default:
			unread = append(unread, Unread{addr, "no list shows it"})
		}
	}
	return there, unread
}

// readAnchors reads the anchors of every place where one is on record, and says
// of each target that could not be read why.
func (w World) readAnchors(ctx context.Context, c *clouds, o *observed) map[string]error {
	why := map[string]error{}
	for _, addr := range addresses(o.record.objects) {
		t := w.target(addr)
		if _, read := why[key(t)]; read || addr.Kind != plan.KindAnchor {
			continue
		}
		why[key(t)] = o.readAnchorsAt(ctx, c, w, addr)
	}
	return why
}

func (o *observed) readAnchorsAt(ctx context.Context, c *clouds, w World, addr plan.Addr) error {
	cloud, err := c.open(ctx, w.target(addr))
	if err != nil {
		return err
	}
	all, err := cloud.Anchors.List(ctx, false)
	if err != nil {
		return fmt.Errorf("reading the anchors at %s: %w", addr.Target, err)
	}
	for _, l := range all {
		if own, ours := o.own(addr.Target, l.ARN, l.Tags); ours {
			o.anchors[own] = l
		}
	}
	return nil
}

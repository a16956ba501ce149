package batch

import (
	"context"
	"errors"
	"sync"

	"anchorctl/internal/store"
)

// A group is recorded in one transaction and costs two syncs. Large groups also
// write the pages of the store's index by key less often. The last ones of a large
// batch grow smaller: while the very last is recorded, there is nothing to make.
const (
	smallGroup = 500
	largeGroup = 1_000
	lastGroup  = 250
)

// group is how many are taken together when so many are left.
func (r Request) group(left int) int {
	switch {
	case r.Group > 0:
		return r.Group
	case len(r.Lines) < 4*largeGroup:
		return smallGroup
	}
	return min(max(left/4, lastGroup), largeGroup)
}

// piece is a certificate that was made and is not recorded yet.
type piece struct {
	i      int // of its line
	issued store.Issued
}

// pieces are those of a group, or why there are none.
type pieces struct {
	list []piece
	err  error
}

// issueRest issues what has no certificate yet. The order is what makes a batch
// survive a crash anywhere: the keys of a group are durable; then its certificates
// are recorded, in one transaction; then they are written, and become durable with
// the keys of a group after it, or at the end. Each step has its own goroutine:
// while one group is recorded, the keys of the next are synced, those of the one
// after it are made, and the certificates of the one before are written.
func (b *run) issueRest(ctx context.Context) error {
	going, stop := context.WithCancel(ctx)
	made, synced := make(chan pieces, 1), make(chan pieces, 1)
	var steps sync.WaitGroup
	steps.Go(func() { b.makeAll(going, made) })
	steps.Go(func() { b.syncAll(going, made, synced) })
	defer func() {
		stop()
		steps.Wait()
	}()
	return b.recordAll(ctx, synced)
}

// recordAll records group after group, and gives each out.
func (b *run) recordAll(ctx context.Context, synced <-chan pieces) error {
	written := make(chan error, 1) // what came of writing the group before
	written <- nil
	for group := range synced {
		err := errors.Join(group.err, <-written, context.Cause(ctx))
		if err == nil {
			err = b.record(context.WithoutCancel(ctx), group.list) // one that is begun is brought to its end
		}
		if err != nil {
			return err
		}
		written = make(chan error, 1)
		go func() { written <- b.letOut(group.list) }()
	}
	return errors.Join(<-written, context.Cause(ctx))
}

// syncAll makes the keys of group after group durable, until one fails or nobody
// wants more.
func (b *run) syncAll(ctx context.Context, made <-chan pieces, synced chan<- pieces) {
	defer close(synced)
	for group := range made {
		if group.err == nil {
			group.err = b.group.Sync()
		}
		if !handOn(ctx, synced, group) {
			return
		}
	}
}

// handOn gives a group to the next step, and reports whether another is wanted.
func handOn(ctx context.Context, next chan<- pieces, group pieces) bool {
	select {
	case next <- group:
		return group.err == nil
	case <-ctx.Done():
		return false
	}
}

// makeAll makes group after group until all are made, one fails or nobody wants
// more.
func (b *run) makeAll(ctx context.Context, made chan<- pieces) {
	defer close(made)
	left := b.result.Total - b.result.Before
	for next := 0; next < len(b.done) && ctx.Err() == nil; {
		var lines []int
		for most := b.request.group(left); next < len(b.done) && len(lines) < most; next++ {
			if !b.done[next] {
				lines = append(lines, next)
			}
		}
		if len(lines) == 0 {
			return
		}
		left -= len(lines)
		list, err := b.make(context.WithoutCancel(ctx), lines)
		if !handOn(ctx, made, pieces{list, err}) {
			return
		}
	}
}

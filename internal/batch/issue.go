package batch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"

	"anchorctl/internal/durable"
	"anchorctl/internal/folder"
	"anchorctl/internal/hint"
	"anchorctl/internal/issuance"
	"anchorctl/internal/pki"
	"anchorctl/internal/store"
)

// Result is what came of a run.
type Result struct {
	Batch       string     `json:"batch"`
	Environment string     `json:"environment"`
	Label       string     `json:"label,omitempty"`
	Total       int        `json:"total"`
	Issued      int        `json:"issued"`     // by this run
	Before      int        `json:"before"`     // by earlier runs of the batch
	KeysReused  int        `json:"keysReused"` // of Issued: keys that a stopped run had left
	Mended      int        `json:"mended"`     // certificate files of earlier runs that were written again
	Out         string     `json:"out"`
	Manifest    string     `json:"manifest,omitempty"` // once all is issued
	FirstEnd    *time.Time `json:"firstEnd,omitempty"` // when the first of the certificates ends
	Notes       []string   `json:"notes,omitempty"`
}

// Done is how many lines have their certificate.
func (r Result) Done() int { return r.Issued + r.Before }

// run is one run of a batch.
type run struct {
	request Request
	estate  *folder.Folder
	signer  issuance.Signer
	series  *pki.Series
	tree    tree
	made    bool // the folder was not there before
	group   *durable.Group
	list    *manifest
	begun   time.Time
	done    []bool // the lines that have their certificate
	reused  atomic.Int64
	mended  atomic.Int64
	result  Result
}

// Issue issues a batch, or what an earlier run of it did not come to. What is
// returned beside an error says how far it came.
func Issue(ctx context.Context, f *folder.Folder, r Request) (Result, error) {
	b := &run{request: r, estate: f, begun: f.Clock.Now()}
	b.result = Result{Environment: r.Environment, Label: r.Label, Total: len(r.Lines)}
	err := b.issue(ctx)
	b.result.KeysReused, b.result.Mended = int(b.reused.Load()), int(b.mended.Load())
	if err != nil {
		return b.result, fmt.Errorf("issuing batch of %d certificates for %s: %w", len(r.Lines), r.Environment, err)
	}
	return b.result, nil
}

func (b *run) issue(ctx context.Context) error {
	if err := b.prepare(ctx); err != nil {
		return err
	}
	release, err := b.enter()
	if err != nil {
		return err
	}
	defer release() //nolint:errcheck // the lock ends with the process at the latest
	known, err := b.begin(ctx)
	if err != nil {
		b.leave()
		return err
	}
	if b.list, err = b.tree.openManifest(); err != nil {
		return err
	}
	if known {
		err = b.resume(ctx)
	}
	if err == nil {
		err = b.issueRest(ctx)
	}
	return b.end(err)
}

// prepare judges the batch: nothing has been made or written before it is over.
func (b *run) prepare(ctx context.Context) error {
	lifetimes, err := b.request.judge(ctx, b.estate)
	if err != nil {
		return err
	}
	b.result.Batch = b.request.id()
	if b.signer, err = issuance.OpenSigner(ctx, b.estate, b.request.Environment); err != nil {
		return err
	}
	if b.series, err = pki.NewSeries(b.signer.Parent, b.signer.Roots, b.begun); err != nil {
		return err
	}
	for _, grant := range lifetimes {
		if err := b.series.Check(grant.Spec); err != nil {
			return explained(err)
		}
	}
	return nil
}

// explained says what to do when the issuer ends too soon: a lifetime is never
// capped without a word.
func explained(err error) error {
	var tooLong *pki.LifetimeError
	if !errors.As(err, &tooLong) {
		return err
	}
	return hint.With(err, fmt.Sprintf("ask for less, such as --lifetime %s, which ends with the issuer", tooLong.Longest.Truncate(time.Minute)))
}

// enter makes the batch's folder and locks it.
func (b *run) enter() (release func() error, err error) {
	out := b.request.Out
	if out == "" {
		out = filepath.Join(b.estate.Dir, "out", b.request.Environment, "batch-"+b.result.Batch[:12])
	}
	if out, err = filepath.Abs(out); err != nil {
		return nil, fmt.Errorf("finding the folder %q: %w", out, err)
	}
	b.result.Out = out
	b.tree = tree{root: out, levels: len(b.request.Lines) > flatUpTo}
	if _, err := os.Lstat(out); errors.Is(err, fs.ErrNotExist) {
		b.made = true
	}
	if b.group, err = b.estate.Files.Group(out, 0o700); err != nil {
		return nil, err
	}
	unlock, held, err := b.estate.Files.TryLockFolder(out)
	if err == nil && !held {
		err = hint.With(&durable.BusyError{What: strconv.Quote(out)}, "wait for it to end and run this again")
	}
	if err != nil {
		return nil, errors.Join(err, b.group.Close())
	}
	return func() error { return errors.Join(unlock(), b.group.Close()) }, nil
}

// leave removes the folder that this run has made and does not use: whoever puts
// one back that was moved must not put it into an empty one.
func (b *run) leave() {
	if b.made {
		_ = os.Remove(b.tree.root) // which is not empty if somebody else uses it
	}
}

// begin records the batch and makes the folder its own. It reports whether an
// earlier run had recorded the batch.
func (b *run) begin(ctx context.Context) (known bool, err error) {
	m := marker{Schema: markerSchema, Batch: b.result.Batch, Environment: b.request.Environment, Label: b.request.Label, Total: len(b.request.Lines)}
	claimed, err := b.tree.claimed(m)
	if err != nil {
		return false, err
	}
	was, known, err := b.estate.Store.BeginBatch(ctx, store.Batch{ID: m.Batch, Environment: m.Environment, Total: m.Total})
	if err != nil {
		return false, err
	}
	if known && !claimed {
		issued, err := b.estate.Store.CountIssued(ctx, store.Filter{Batch: m.Batch})
		if err != nil {
			return false, err
		}
		if issued > 0 {
			return false, hint.With(fmt.Errorf("%d of its certificates were issued since %s, and their keys are not in %q",
				issued, time.Unix(was.Created, 0).UTC().Format(time.RFC3339), b.tree.root),
				"name the folder of that run with --out to go on with it",
				"or name a new batch with --label to issue all of it once more")
		}
	}
	if !claimed {
		if err := b.tree.claim(m, b.group); err != nil {
			return false, err
		}
	}
	b.done = make([]bool, len(b.request.Lines))
	chain := chainName(b.request.Environment, b.signer.Generation.Number)
	return known, b.tree.writeChain(b.group, chain, pki.EncodePEM(b.signer.Parent.Certificate))
}

// end makes durable what the run came to, and gives the manifest its name when
// all of the batch is issued.
func (b *run) end(err error) error {
	b.group.Adopt(b.tree.path(partName)) // now, because a sync before this one had a part of it
	err = errors.Join(err, b.list.close(), b.group.Sync())
	if err != nil {
		return err
	}
	path := b.tree.path(manifestName)
	if err := b.estate.Files.Rename(b.tree.path(partName), path); err != nil {
		return err
	}
	b.result.Manifest = path
	return nil
}

// count counts a certificate in.
func (b *run) count(i int, c store.Issued) error {
	b.done[i] = true
	if end := time.Unix(c.NotAfter, 0).UTC(); b.result.FirstEnd == nil || end.Before(*b.result.FirstEnd) {
		b.result.FirstEnd = &end
	}
	return b.list.add(i, b.request.Lines[i], c)
}

package renewal

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"time"

	"anchorctl/internal/durable"
	"anchorctl/internal/engine"
	"anchorctl/internal/folder"
	"anchorctl/internal/hint"
	"anchorctl/internal/issuance"
	"anchorctl/internal/keys"
	"anchorctl/internal/pki"
	"anchorctl/internal/store"
)

// Options say how renewals are done.
type Options struct {
	Force    bool          // although it is not due
	Lifetime time.Duration // 0 is the configured one; it may only be shorter
	Probe    bool          // a session must be given before the old files are replaced
	Endpoint string        // of the sessions; "" is AWS
	// Push brings the files of a workload to its host; nil when nobody does.
	Push func(context.Context, Delivery) error
}

// What came of a folder.
const (
	Renewed = "renewed" // a new certificate is in place
	Current = "current" // it is not due
	Skipped = "skipped" // it is not ours to renew
	Held    = "held"    // the old one stays; somebody has something to do
	Failed  = "failed"
	// Interrupted: it was stopped, and the next run goes on.
	Interrupted = "interrupted"
)

// What became of the push.
const (
	PushDone = "done"
	PushOwed = "owed" // the next run with a push tries it again
)

// Outcome is what came of one folder.
type Outcome struct {
	Address   string     `json:"address,omitempty"`
	Instance  string     `json:"instance,omitempty"`
	Folder    string     `json:"folder"`
	Action    string     `json:"action"`
	SerialHex string     `json:"serialHex,omitempty"` // of the certificate in place
	NotAfter  *time.Time `json:"notAfter,omitempty"`
	Due       *time.Time `json:"due,omitempty"`
	Probed    []string   `json:"probed,omitempty"` // the sessions that were given for the new certificate
	Push      string     `json:"push,omitempty"`
	Why       string     `json:"why,omitempty"`
	Err       error      `json:"-"`
}

// one is the renewal of one folder.
type one struct {
	folder *folder.Folder
	o      Options
	place  place
	want   *issuance.Request // whose files they have to be; nil: anybody's

	form    issuance.Format
	here    *x509.Certificate
	record  store.Issued
	outcome Outcome
}

// Renew renews the certificate in a folder when it is due. want, when it is not
// nil, says whose it has to be.
func Renew(ctx context.Context, f *folder.Folder, dir string, want *issuance.Request, o Options) Outcome {
	r := &one{folder: f, o: o, place: place{files: f.Files, dir: dir}, want: want, outcome: Outcome{Folder: dir, Action: Current}}
	if err := r.run(ctx); err != nil {
		r.fail(err, context.Cause(ctx))
	}
	return r.outcome
}

func (r *one) fail(err, stopped error) {
	what := r.outcome.Folder
	if r.record.Workload != "" {
		what = r.name()
	}
	var held *engine.HeldError
	switch {
	case errors.As(err, &held):
		r.outcome.Action = Held
	case r.outcome.Push != "":
		err = fmt.Errorf("pushing %s: %w", what, err) // what was renewed is renewed
	case stopped != nil:
		r.outcome.Action = Interrupted
	default:
		r.outcome.Action = Failed
		err = fmt.Errorf("renewing %s: %w", what, err)
	}
	r.outcome.Err, r.outcome.Why = err, err.Error()
}

func (r *one) name() string {
	return r.record.Environment + "/" + pki.WorkloadName(r.record.Workload, r.record.Instance)
}

func (r *one) run(ctx context.Context) error {
	release, err := r.lock(ctx)
	if err != nil {
		return err
	}
	return errors.Join(r.locked(ctx), release())
}

// How long a run waits for another one that writes to the folder.
const (
	lockPoll  = 100 * time.Millisecond
	lockTries = 300
)

func (r *one) lock(ctx context.Context) (func() error, error) {
	for range lockTries {
		release, held, err := r.place.files.TryLockFolder(r.place.dir)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, r.nothing()
		}
		if err != nil || held {
			return release, err
		}
		if err := r.folder.Clock.Wait(ctx, lockPoll); err != nil {
			return nil, err
		}
	}
	return nil, hint.With(&durable.BusyError{What: strconv.Quote(r.place.dir)}, "wait for it to end; the next run goes on")
}

func (r *one) locked(ctx context.Context) error {
	finished, err := r.place.finish()
	if err != nil {
		return err
	}
	known, err := r.identify(ctx)
	if err != nil || !known {
		return err
	}
	if finished {
		r.outcome.Action, r.outcome.Why = Renewed, "an earlier run had been stopped while it replaced the files"
	}
	if r.o.Force || !r.folder.Clock.Now().Before(*r.outcome.Due) {
		if err := r.replace(ctx); err != nil {
			return err
		}
	}
	return r.push(ctx)
}

// replace makes a new set, tries it, and puts it in place of the old one.
func (r *one) replace(ctx context.Context) error {
	kind, err := keys.TypeOf(r.here.PublicKey)
	if err != nil {
		return err
	}
	request := issuance.Request{
		Environment: r.record.Environment, Workload: r.record.Workload, Instance: r.record.Instance,
		Out: r.place.making(), Lifetime: r.o.Lifetime, KeyType: kind, Format: r.form,
	}
	if err := r.make(ctx, request); err != nil {
		return err
	}
	if r.o.Probe {
		if r.outcome.Probed, err = r.probe(ctx, request); err != nil {
			return err
		}
	}
	if err := r.owe(); err != nil {
		return err
	}
	if err := context.Cause(ctx); err != nil {
		return err // the set stays, and is what the next run tries
	}
	if err := r.place.decide(); err != nil {
		return err
	}
	r.outcome.Action, r.outcome.Why = Renewed, ""
	return r.reread(ctx)
}

// make issues the new set. One that an earlier run made, and could not put in
// place, will do as long as it is not due itself, and is newer than what is in
// place: somebody may have issued since.
func (r *one) make(ctx context.Context, request issuance.Request) error {
	if r.madeBefore(ctx) {
		return nil
	}
	// A set of another form would come along with this one.
	if form, err := formOf(r.place.making()); err != nil || form != "" && form != r.form {
		if err := r.place.discard(r.place.making()); err != nil {
			return err
		}
	}
	issued, err := issuance.Issue(ctx, r.folder, request)
	if err != nil || !issued.Resumed || !issued.NotBefore.Before(r.here.NotBefore) {
		return err
	}
	if err := r.place.discard(r.place.making()); err != nil { // what was taken up is older
		return err
	}
	_, err = issuance.Issue(ctx, r.folder, request)
	return err
}

func (r *one) madeBefore(ctx context.Context) bool {
	made, err := signer(r.place.making())
	form, formErr := formOf(r.place.making())
	if err != nil || formErr != nil || form != r.form || made.Certificate == nil || made.Key == nil || made.Check() != nil {
		return false
	}
	if r.here.NotBefore.After(made.Certificate.NotBefore) {
		return false
	}
	record, found, err := r.folder.Store.IssuedBySPKI(ctx, pki.SPKIDigest(made.Certificate))
	if err != nil || !found || record.Revoked != nil || record.Environment != r.record.Environment || record.Workload != r.record.Workload || record.Instance != r.record.Instance {
		return false
	}
	active, found, err := r.folder.Store.Active(ctx, record.Environment)
	if err != nil || !found || active.Number != record.Generation {
		return false
	}
	due := Due(time.Unix(record.Created, 0), made.Certificate.NotAfter, 0)
	wanted := r.o.Lifetime == 0 || !made.Certificate.NotAfter.After(r.folder.Clock.Now().Add(r.o.Lifetime))
	return wanted && r.folder.Clock.Now().Before(due)
}

// reread reads what is in place now.
func (r *one) reread(ctx context.Context) error {
	known, err := r.identify(ctx)
	if err == nil && !known {
		err = errors.New(r.outcome.Why)
	}
	return err
}

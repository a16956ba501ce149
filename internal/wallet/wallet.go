package wallet

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"anchorctl/internal/clock"
	"anchorctl/internal/durable"
	"anchorctl/internal/pki"
	"anchorctl/internal/session"
)

// Wallet is the sessions of one user on one host.
type Wallet struct {
	Dir   string // "" keeps nothing
	Files durable.Files
	Clock clock.Clock
	// Warn is told what the reader should know although a session is there; it
	// may be nil.
	Warn func(text string)
}

func (w Wallet) warn(format string, args ...any) {
	if w.Warn != nil {
		w.Warn(fmt.Sprintf(format, args...))
	}
}

// Key is what a session was asked for with. Its digest names its folder.
type Key [32]byte

// KeyOf is the key of a request. The certificate counts by its public key: a
// certificate that was renewed with a new key gets sessions of its own.
func KeyOf(r session.Request) Key {
	spki := pki.SPKIDigest(r.Signer.Certificate)
	return sha256.Sum256([]byte(strings.Join([]string{
		"anchorctl.session", hex.EncodeToString(spki[:]), r.Endpoint, r.AnchorARN, r.ProfileARN, r.RoleARN,
		r.Duration.String(), r.SessionName,
	}, "\x00")))
}

// A session is kept until a quarter of its life is left, and at most until a
// quarter of an hour is: SDKs ask anew from then on. Before that, each key has a
// slot of its own in a twelfth of the life, so that hosts which asked at once do
// not ask again at once.
const (
	marginDenominator = 4
	mostMargin        = 15 * time.Minute
	spreadDenominator = 12
	slots             = 1024
	// How long a renewal that failed is not tried again while the session is good.
	patience = time.Minute
)

// freshUntil is when the next session is asked for.
func (k Key) freshUntil(given, ends time.Time) time.Time {
	life := ends.Sub(given)
	slot := time.Duration(binary.BigEndian.Uint32(k[:4]) % slots)
	return ends.Add(-min(life/marginDenominator, mostMargin)).Add(-life / spreadDenominator * slot / slots)
}

// Asks asks the service for a session.
type Asks func(context.Context) (session.Credentials, error)

// Session is the session that is kept for the key, or a new one.
func (w Wallet) Session(ctx context.Context, key Key, ask Asks) (session.Credentials, error) {
	if w.Dir == "" {
		return ask(ctx)
	}
	p, ok := w.open(key)
	if !ok {
		return ask(ctx)
	}
	begun := w.Clock.Now()
	kept := p.read(begun)
	if kept.fresh(begun) {
		return kept.credentials, nil
	}
	l, err := w.lock(ctx, p, kept)
	if err != nil {
		return session.Credentials{}, err
	}
	if l.release == nil { // somebody asks already, and what is kept is good for now
		return kept.credentials, nil
	}
	if !l.waited {
		begun = time.Time{}
	}
	credentials, err := w.asked(ctx, p, begun, ask)
	if released := l.release(); released != nil && err == nil {
		w.warn("the folder of the session stays locked until this process ends: %v", released)
	}
	return credentials, err
}

const (
	// lockPoll is how often a process that has no session looks whether the one
	// that asks is done.
	lockPoll = 50 * time.Millisecond
	// mostLocked is how long it does so. The one that asks has an answer by then,
	// unless it was stopped; SDKs wait a minute.
	mostLocked = 40 * time.Second
)

// lock is the lock of a key.
type lock struct {
	release func() error // nil: another process has it
	waited  bool
}

// lock waits until nobody else asks, unless what is kept is good; who waited too
// long asks as well.
func (w Wallet) lock(ctx context.Context, p purse, kept entry) (lock, error) {
	begun := w.Clock.Now()
	for waited := false; ; waited = true {
		release, held, err := w.Files.TryLockFolder(p.dir)
		if err != nil { // a file system without locks: better twice than not at all
			return lock{release: func() error { return nil }}, nil
		}
		if held {
			return lock{release, waited}, nil
		}
		if kept.good(w.Clock.Now()) {
			return lock{}, nil
		}
		if w.Clock.Now().Sub(begun) >= mostLocked {
			return lock{release: func() error { return nil }}, nil
		}
		if err := w.Clock.Wait(ctx, lockPoll); err != nil {
			return lock{}, fmt.Errorf("waiting for another process that asks for the session: %w", err)
		}
	}
}

// asked asks, under the lock, unless another process just has. waited is since
// when this one waited for the other; zero when it did not.
func (w Wallet) asked(ctx context.Context, p purse, waited time.Time, ask Asks) (session.Credentials, error) {
	now := w.Clock.Now()
	kept := p.read(now)
	switch {
	case kept.fresh(now):
		return kept.credentials, nil
	case kept.Failure != "" && !waited.IsZero() && !kept.FailedAt.Before(waited):
		// It was refused while this one waited: asking again would not help.
		return session.Credentials{}, fmt.Errorf("another process asked for the session: %s", kept.Failure)
	}
	given, err := ask(ctx)
	if err == nil && !given.Expiration.After(w.Clock.Now()) {
		err = fmt.Errorf("the session that was given ended at %s: this machine's clock is ahead of the service's", given.Expiration.Format(time.RFC3339))
	}
	now = w.Clock.Now()
	if err == nil {
		next := entry{credentials: given, Given: now, FreshUntil: p.key.freshUntil(now, given.Expiration)}
		w.keep(p, next)
		w.sweep(now)
		return given, nil
	}
	if ctx.Err() != nil {
		return session.Credentials{}, err
	}
	if kept.good(now) {
		kept.FreshUntil = now.Add(min(patience, kept.credentials.Expiration.Sub(now)/2))
		w.keep(p, kept)
		w.warn("the session could not be renewed, the one that is kept is good until %s: %v", kept.credentials.Expiration.Format(time.RFC3339), err)
		return kept.credentials, nil
	}
	w.keep(p, entry{Failure: err.Error(), FailedAt: now})
	return session.Credentials{}, err
}

func (w Wallet) keep(p purse, e entry) {
	if err := p.write(w.Files, e); err != nil {
		w.warn("the session is not kept: %v", err)
	}
}

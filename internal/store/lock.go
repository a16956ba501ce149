package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"anchorctl/internal/hint"
)

// Holder is who holds the estate's lock.
type Holder struct {
	Command string
	Actor   string
	Host    string
	PID     int
	Since   int64 // Unix seconds
}

// LockedError says that another run holds the lock. The holder is empty when
// it has not yet said who it is.
type LockedError struct{ Holder Holder }

func (e *LockedError) Error() string {
	h := e.Holder
	if h.Command == "" {
		return "the estate is locked by another run"
	}
	return fmt.Sprintf("the estate is locked by \"anchorctl %s\" of %s on %s, process %d, since %s",
		h.Command, h.Actor, h.Host, h.PID, time.Unix(h.Since, 0).UTC().Format(time.RFC3339))
}

// lockPoll is how often a waiting run looks whether the lock is free.
const lockPoll = 500 * time.Millisecond

// Lock takes the estate's lock for a run that changes it. The lock is the
// operating system's, on a file beside the database: the lock of a killed
// process is free by itself. The row only names the holder. With wait it waits
// until the lock is free or the context ends; otherwise a lock that is taken
// is a *LockedError at once.
func (s *Store) Lock(ctx context.Context, command string, wait bool) (release func() error, err error) {
	lock := flock.New(s.path+".lock", flock.SetPermissions(0o600))
	if err := s.acquire(ctx, lock, wait); err != nil {
		return nil, err
	}
	if err := s.nameHolder(ctx, command); err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	// Once: by a second call, the lock and the row may be another run's.
	return sync.OnceValue(func() error { return s.release(context.WithoutCancel(ctx), lock) }), nil
}

func (s *Store) acquire(ctx context.Context, lock *flock.Flock, wait bool) error {
	for {
		free, err := lock.TryLock()
		if err != nil {
			return fmt.Errorf("locking %q: %w", lock.Path(), err)
		}
		if free {
			return nil
		}
		holder, err := s.holder(ctx)
		if err != nil {
			return err
		}
		if !wait {
			return hint.With(&LockedError{Holder: holder}, "wait for it to end, or wait here with --wait-lock")
		}
		if s.o.Waiting != nil {
			s.o.Waiting(holder)
		}
		if s.o.Wait == nil {
			return errors.New("locking the estate: no clock to wait with was given")
		}
		if err := s.o.Wait(ctx, lockPoll); err != nil {
			return fmt.Errorf("waiting for the estate's lock: %w", err)
		}
	}
}

// holder reads who holds the lock, as far as it has been said.
func (s *Store) holder(ctx context.Context) (Holder, error) {
	var h Holder
	err := s.db.QueryRowContext(ctx, `SELECT command, actor, host, pid, since FROM holders WHERE estate = $1`, s.estate).
		Scan(&h.Command, &h.Actor, &h.Host, &h.PID, &h.Since)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return Holder{}, fmt.Errorf("reading who holds the lock: %w", explain(err))
	}
	return h, nil
}

func (s *Store) nameHolder(ctx context.Context, command string) error {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	return s.write(ctx, "lock", "naming the lock's holder", func(t *tx) error {
		return t.exec(`INSERT INTO holders (estate, command, actor, host, pid, since) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (estate) DO UPDATE SET command = excluded.command, actor = excluded.actor,
			host = excluded.host, pid = excluded.pid, since = excluded.since`,
			s.estate, command, s.o.Actor, host, os.Getpid(), t.now)
	})
}

// release clears the name first: whoever finds the lock taken after that reads
// no stale holder. The file stays, since removing it would let two processes
// lock two files of one name.
func (s *Store) release(ctx context.Context, lock *flock.Flock) error {
	err := s.write(ctx, "unlock", "clearing the lock's holder", func(t *tx) error {
		return t.exec(`DELETE FROM holders WHERE estate = $1`, s.estate)
	})
	if unlock := lock.Unlock(); unlock != nil {
		err = errors.Join(err, fmt.Errorf("unlocking %q: %w", lock.Path(), unlock))
	}
	return err
}

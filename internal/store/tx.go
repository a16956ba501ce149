package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// tx is one decision: everything it does is on disk at once or not at all.
type tx struct {
	ctx    context.Context //nolint:containedctx // lives as long as the transaction that was begun with it
	tx     *sql.Tx
	estate string
	actor  string
	now    int64
	chain  *chain               // the end of the audit log, once it was asked for
	ready  map[string]*sql.Stmt // statements by their text: a batch repeats them
}

// decide is write for whatever the audit log tells of. It reads the end of the
// log first, for which the transactions of all processes queue, so that f sees
// what the one before it has decided, in any database.
func (s *Store) decide(ctx context.Context, name, doing string, f func(*tx) error) error {
	return s.write(ctx, name, doing, func(t *tx) error {
		if err := t.openChain(); err != nil {
			return err
		}
		return f(t)
	})
}

// write runs f in a transaction and commits it. The name is what Step is told;
// doing is how an error begins.
func (s *Store) write(ctx context.Context, name, doing string, f func(*tx) error) error {
	err := s.transact(ctx, name, f)
	if err == nil {
		return nil
	}
	// SQLite calls an interrupt an error of its own; callers look for theirs.
	if stop := ctx.Err(); stop != nil && !errors.Is(err, stop) {
		err = fmt.Errorf("%w: %w", stop, err)
	}
	return fmt.Errorf("%s: %w", doing, s.unwritten(err))
}

func (s *Store) transact(ctx context.Context, name string, f func(*tx) error) error {
	// The connection begins it as IMMEDIATE: the write lock is taken first, so
	// a transaction never has to be upgraded and cannot fail half-way on it.
	q, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	t := &tx{ctx: ctx, tx: q, estate: s.estate, actor: s.o.Actor, now: s.o.Now().Unix(), ready: map[string]*sql.Stmt{}}
	err = f(t)
	if err == nil {
		err = t.closeChain()
	}
	if err != nil {
		return errors.Join(err, rollback(q))
	}
	s.step("store.commit " + name)
	if err := q.Commit(); err != nil {
		return err
	}
	s.step("store.committed " + name)
	return nil
}

// rollback gives up q; that it is over already is what was wanted.
func rollback(q *sql.Tx) error {
	if err := q.Rollback(); err != nil && !errors.Is(err, sql.ErrTxDone) {
		return err
	}
	return nil
}

func (s *Store) step(name string) {
	if s.o.Step != nil {
		s.o.Step(name)
	}
}

func (t *tx) exec(query string, args ...any) error {
	_, err := t.changed(query, args...)
	return err
}

// changed runs the statement and says how many rows it changed.
func (t *tx) changed(query string, args ...any) (int64, error) {
	stmt, ok := t.ready[query]
	if !ok {
		var err error
		if stmt, err = t.tx.PrepareContext(t.ctx, query); err != nil {
			return 0, err
		}
		t.ready[query] = stmt // closed with the transaction
	}
	res, err := stmt.ExecContext(t.ctx, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// row scans the one value of the one row of the query.
func (t *tx) row(into any, query string, args ...any) error {
	return t.tx.QueryRowContext(t.ctx, query, args...).Scan(into)
}

// exists reports whether the query has a row.
func (t *tx) exists(query string, args ...any) (bool, error) {
	var one int
	err := t.row(&one, query, args...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// touch marks that issuers or objects changed.
func (t *tx) touch() error {
	return t.exec(`UPDATE estates SET serial = serial + 1 WHERE estate = $1`, t.estate)
}

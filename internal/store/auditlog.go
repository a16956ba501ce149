package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// AuditFilter chooses entries of the audit log; its zero value chooses all.
type AuditFilter struct {
	Action string
	About  string // the subject, or a text of the detail, such as a serial
	Before int64  // an entry's number, for pages; 0 begins with the newest
	Limit  int    // 0 is no limit
}

// AuditNewest returns the entries that the filter chooses, the newest first.
func (s *Store) AuditNewest(ctx context.Context, f AuditFilter) (list []Entry, err error) {
	before, limit := f.Before, f.Limit
	if before == 0 {
		before = math.MaxInt64
	}
	if limit == 0 {
		limit = math.MaxInt
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("reading audit log: %w", explain(err))
		}
	}()
	rows, err := s.db.QueryContext(ctx, `SELECT entry, at, actor, action, subject, detail, previous, hash FROM audit
		WHERE estate = $1 AND entry < $2 AND ($3 = '' OR action = $3)
		AND ($4 = '' OR subject = $4 OR instr(detail, '"' || $4 || '"') > 0)
		ORDER BY entry DESC LIMIT $5`, s.estate, before, f.Action, f.About, limit)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		e, _, err := scanEntry(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, rows.Err()
}

// Head names the end of the audit log: the number of its newest entry and that
// entry's hash, which covers all before it.
type Head struct {
	Entries int64
	Hash    []byte
}

func (h Head) String() string { return fmt.Sprintf("%d:%x", h.Entries, h.Hash) }

// ParseHead reads what Head.String wrote.
func ParseHead(text string) (Head, error) {
	number, digits, _ := strings.Cut(text, ":")
	n, err := strconv.ParseInt(number, 10, 64)
	hash, hexErr := hex.DecodeString(digits)
	if err != nil || hexErr != nil || n < 1 || len(hash) != 32 {
		return Head{}, fmt.Errorf("reading head %q: it is no number and SHA-256, such as 17:4f3a…", text)
	}
	return Head{n, hash}, nil
}

// AuditHead is the end of the log as it is now.
func (s *Store) AuditHead(ctx context.Context) (Head, error) {
	var h Head
	err := s.db.QueryRowContext(ctx, `SELECT audit_entries, audit_head FROM estates WHERE estate = $1`, s.estate).
		Scan(&h.Entries, &h.Hash)
	if err != nil {
		return Head{}, fmt.Errorf("reading the end of the audit log: %w", explain(err))
	}
	return h, nil
}

// VerifySince holds that the log goes on from a head that was noted before. A
// log that was computed anew does not.
func (s *Store) VerifySince(ctx context.Context, noted Head) error {
	var hash []byte
	err := s.db.QueryRowContext(ctx, `SELECT hash FROM audit WHERE estate = $1 AND entry = $2`, s.estate, noted.Entries).
		Scan(&hash)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		err = &AuditError{noted.Entries, "the log ends before it"}
	case err == nil && string(hash) != string(noted.Hash):
		err = &AuditError{noted.Entries, "it is not the entry whose hash was noted"}
	}
	if err != nil {
		return fmt.Errorf("verifying audit log: %w", explain(err))
	}
	return nil
}

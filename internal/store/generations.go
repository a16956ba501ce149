package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"anchorctl/internal/plan"
)

// The states of a generation.
const (
	Next     = "next"     // is minted; signs only probes and its CRL until the cut-over
	Active   = "active"   // signs
	Draining = "draining" // signed until the cut-over; its certificates are still valid, and it signs its CRL
	Retired  = "retired"  // signs nothing any more; stays as a record and as proof
)

// Generation is one key and certificate of the root or of an issuer.
type Generation struct {
	Environment string // "" for the root
	Number      int    // from 1
	Certificate []byte // DER
	KeyURI      string
	Guard       string
	Status      string
	Created     int64 // Unix seconds; 0 is filled in by AddGeneration
}

// Addr is the generation's address.
func (g Generation) Addr() plan.Addr {
	if g.Environment == "" {
		return plan.Root(g.Number)
	}
	return plan.Issuer(g.Environment, g.Number)
}

// ErrExists says that what is to be recorded is recorded already.
var ErrExists = errors.New("it is recorded already")

// AddGeneration records a generation with its certificate, as Active, Next or
// Retired. It refuses a number that is taken (ErrExists), a second active
// generation and a second next one.
func (s *Store) AddGeneration(ctx context.Context, g Generation) error {
	doing := fmt.Sprintf("recording %s", g.Addr())
	if err := g.check(); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return s.decide(ctx, "generation", doing, func(t *tx) error {
		if g.Created == 0 {
			g.Created = t.now
		}
		if err := t.refuseTaken(g); err != nil {
			return err
		}
		entry, err := t.audit(auditGeneration, g.Addr().String(), g.detail())
		if err != nil {
			return err
		}
		err = t.exec(`INSERT INTO generations
			(estate, environment, number, certificate, key_uri, guard, status, created, entry)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			s.estate, g.Environment, g.Number, g.Certificate, g.KeyURI, g.Guard, g.Status, g.Created, entry)
		if err != nil {
			return err
		}
		if g.Status != Active { // which is what the entry above says of it
			if err := t.setStatus(g.Addr(), g.Status); err != nil {
				return err
			}
		}
		return t.touch()
	})
}

// detail is what the audit log keeps of a generation: what never changes.
func (g Generation) detail() map[string]any {
	return map[string]any{"certificate": digest(g.Certificate), "guard": g.Guard, "key": g.KeyURI}
}

// said reports whether the audit log speaks of this very certificate and key.
// Whoever reads a generation may then rely on what was
// verified before it was recorded.
func (g Generation) said(subject, detail string) bool {
	text, err := plan.Canonical(g.detail())
	return err == nil && string(text) == detail && g.Addr().String() == subject
}

func (t *tx) refuseTaken(g Generation) error {
	have, err := t.statuses(g.Environment)
	if err != nil {
		return err
	}
	if have[g.Number] != "" {
		return ErrExists
	}
	if err := t.refuseSeen(g.Certificate); err != nil {
		return err
	}
	active, minted := have.with(Active), have.with(Next)
	switch {
	case g.Status == Active && active != 0:
		return fmt.Errorf("generation %d is active", active)
	case g.Status != Next:
		return nil
	case active == 0:
		return fmt.Errorf("%w: there is no active generation that it could replace", ErrStatus)
	case minted != 0:
		return fmt.Errorf("%w: generation %d is minted as the next", ErrStatus, minted)
	}
	return t.expected(g)
}

// expected refuses a next generation that is not the one the open rotation, if
// there is one, leads to.
func (t *tx) expected(g Generation) error {
	r, err := t.openRotation(g.Environment)
	if errors.Is(err, ErrNoRotation) {
		return nil
	}
	if err == nil && (r.Kind == Renewal || r.To != g.Number) {
		err = fmt.Errorf("%w: the open rotation is a %s from %s to %s", ErrStatus, r.Kind, r.addr(r.From), r.addr(r.To))
	}
	return err
}

func (g Generation) check() error {
	switch {
	case g.Number < 1:
		return fmt.Errorf("%d is no generation", g.Number)
	case len(g.Certificate) == 0:
		return errors.New("it has no certificate")
	case g.KeyURI == "":
		return errors.New("it has no key")
	case g.Status != Active && g.Status != Next && g.Status != Retired:
		return fmt.Errorf("%q is no status of a generation that is recorded", g.Status)
	}
	return nil
}

// selectGenerations reads what was recorded beside what the audit log says of it.
const selectGenerations = `SELECT g.environment, g.number, g.certificate, g.key_uri, g.guard, g.status, g.created, a.subject, a.detail
	FROM generations g LEFT JOIN audit a ON a.estate = g.estate AND a.entry = g.entry WHERE g.estate = $1`

// Generations returns all generations of an environment ("" for the root) by
// number.
func (s *Store) Generations(ctx context.Context, env string) ([]Generation, error) {
	list, err := readGenerations(ctx, s.db, selectGenerations+` AND g.environment = $2 ORDER BY g.number`, s.estate, env)
	if err != nil {
		return nil, fmt.Errorf("reading generations of %q: %w", env, explain(err))
	}
	return list, nil
}

// Active returns the generation of an environment that signs, if there is one.
func (s *Store) Active(ctx context.Context, env string) (Generation, bool, error) {
	list, err := readGenerations(ctx, s.db, selectGenerations+` AND g.environment = $2 AND g.status = $3`, s.estate, env, Active)
	if err != nil {
		return Generation{}, false, fmt.Errorf("reading the active generation of %q: %w", env, explain(err))
	}
	if len(list) == 0 {
		return Generation{}, false, nil
	}
	return list[0], true, nil
}

// AllGenerations returns every generation of the estate, the root's first,
// then by environment and number.
func (s *Store) AllGenerations(ctx context.Context) ([]Generation, error) {
	list, err := readGenerations(ctx, s.db, selectGenerations+` ORDER BY g.environment, g.number`, s.estate)
	if err != nil {
		return nil, fmt.Errorf("reading generations: %w", explain(err))
	}
	return list, nil
}

func readGenerations(ctx context.Context, q queryer, query string, args ...any) (list []Generation, err error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var g Generation
		var subject, detail sql.NullString
		err := rows.Scan(&g.Environment, &g.Number, &g.Certificate, &g.KeyURI, &g.Guard, &g.Status, &g.Created, &subject, &detail)
		if err != nil {
			return nil, err
		}
		if !g.said(subject.String, detail.String) {
			return nil, errDamaged(fmt.Sprintf("%s is not what the audit log says of it", g.Addr()))
		}
		list = append(list, g)
	}
	return list, rows.Err()
}

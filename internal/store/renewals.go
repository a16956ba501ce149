package store

import (
	"bytes"
	"context"
	"crypto/x509"
	"database/sql"
	"errors"
	"fmt"
)

// Former is a certificate that a generation had before it was renewed.
type Former struct {
	Environment string
	Number      int
	Certificate []byte // DER
	Replaced    int64  // Unix seconds
}

// ErrOtherKey says that a certificate is not a renewal of the one on record.
var ErrOtherKey = errors.New("it is not a certificate of the same key and name")

// RenewGeneration replaces the certificate of the active generation that a
// renewal is open for, of any that is not retired while the root is another
// one and its rotation open, or of one that an open rotation leads to and that has
// ended before it, and keeps the former. It refuses one of another public
// key, subject or subject key identifier (ErrOtherKey), and one that was on
// record before (ErrExists). Repeated with the same certificate, it changes
// nothing.
func (s *Store) RenewGeneration(ctx context.Context, env string, number int, certificate []byte) error {
	addr := Generation{Environment: env, Number: number}.Addr()
	// The root has signed it: it is recorded even when the run is being
	// interrupted.
	return s.decide(context.WithoutCancel(ctx), "renewal", fmt.Sprintf("renewing %s", addr), func(t *tx) error {
		g, recorded, err := t.generation(env, number)
		if err != nil || bytes.Equal(g.Certificate, certificate) {
			return err
		}
		if err := t.renewable(g); err != nil {
			return err
		}
		if err := sameIdentity(g.Certificate, certificate); err != nil {
			return err
		}
		if err := t.refuseSeen(certificate); err != nil {
			return err
		}
		return t.replace(g, recorded, certificate)
	})
}

// replace gives the generation a new certificate. The former one keeps the
// number of the audit entry that tells of it.
func (t *tx) replace(g Generation, recorded int64, certificate []byte) error {
	former := g.Certificate
	g.Certificate = certificate
	entry, err := t.audit(auditRenew, g.Addr().String(), g.detail())
	if err != nil {
		return err
	}
	err = t.exec(`INSERT INTO former_certificates (estate, environment, generation, certificate, replaced, recorded, entry)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`, t.estate, g.Environment, g.Number, former, t.now, recorded, entry)
	if err != nil {
		return err
	}
	err = t.exec(`UPDATE generations SET certificate = $1, entry = $2 WHERE estate = $3 AND environment = $4 AND number = $5`,
		certificate, entry, t.estate, g.Environment, g.Number)
	if err != nil {
		return err
	}
	return t.touch()
}

// generation reads one as the audit log tells of it, and the number of the
// entry that does.
func (t *tx) generation(env string, number int) (g Generation, recorded int64, err error) {
	list, err := readGenerations(t.ctx, t.tx, selectGenerations+` AND g.environment = $2 AND g.number = $3`, t.estate, env, number)
	if err != nil {
		return Generation{}, 0, err
	}
	if len(list) == 0 {
		return Generation{}, 0, fmt.Errorf("%w: it is not on record", ErrStatus)
	}
	err = t.row(&recorded, `SELECT entry FROM generations WHERE estate = $1 AND environment = $2 AND number = $3`,
		t.estate, env, number)
	return list[0], recorded, err
}

// renewable refuses a generation for which no renewal is open, nor a rotation of
// the root that is cut over, nor one to this very generation, which has ended.
func (t *tx) renewable(g Generation) error {
	if g.Environment != "" && g.Status != Retired {
		root, err := t.openRotation("")
		if err == nil && root.CutOver != 0 {
			return nil
		}
		if err != nil && !errors.Is(err, ErrNoRotation) {
			return err
		}
	}
	r, err := t.openRotation(g.Environment)
	switch {
	case err != nil:
		return err
	case g.Environment != "" && r.Kind != Renewal && r.To == g.Number && g.Status != Retired && t.past(g):
		return nil
	case r.Kind != Renewal || r.From != g.Number:
		return fmt.Errorf("%w that renews it: the one that is open is a %s from %s to %s", ErrNoRotation, r.Kind, r.addr(r.From), r.addr(r.To))
	case g.Status != Active:
		return fmt.Errorf("%w: it is %s, it should be %s", ErrStatus, g.Status, Active)
	}
	return nil
}

// past reports whether a generation signs nothing any more, by its dates.
func (t *tx) past(g Generation) bool {
	c, err := x509.ParseCertificate(g.Certificate)
	return err == nil && t.now > c.NotAfter.Unix()
}

// sameIdentity refuses a certificate that verifiers would not take for the
// former one: RFC 5280 names a CA by its subject, and finds its key by the
// subject key identifier (section 4.2.1.2).
func sameIdentity(former, certificate []byte) error {
	was, err := x509.ParseCertificate(former)
	if err != nil {
		return fmt.Errorf("reading the certificate on record: %w", err)
	}
	is, err := x509.ParseCertificate(certificate)
	if err != nil {
		return fmt.Errorf("reading the new certificate: %w", err)
	}
	switch {
	case !bytes.Equal(was.RawSubjectPublicKeyInfo, is.RawSubjectPublicKeyInfo):
		return fmt.Errorf("%w: its public key is another", ErrOtherKey)
	case !bytes.Equal(was.RawSubject, is.RawSubject):
		return fmt.Errorf("%w: its subject is another", ErrOtherKey)
	case !bytes.Equal(was.SubjectKeyId, is.SubjectKeyId):
		return fmt.Errorf("%w: its subject key identifier is another", ErrOtherKey)
	}
	return nil
}

// refuseSeen refuses a certificate that is or was a generation's.
func (t *tx) refuseSeen(certificate []byte) error {
	seen, err := t.exists(`SELECT 1 FROM generations WHERE estate = $1 AND certificate = $2
		UNION ALL SELECT 1 FROM former_certificates WHERE estate = $1 AND certificate = $2`, t.estate, certificate)
	if err == nil && seen {
		err = fmt.Errorf("its certificate: %w", ErrExists)
	}
	return err
}

// renewed refuses a renewal in which nothing was renewed.
func (t *tx) renewed(r Rotation) error {
	yes, err := t.exists(`SELECT 1 FROM former_certificates f
		JOIN rotations r ON r.estate = f.estate AND r.environment = f.environment AND r.former = f.generation
		WHERE r.estate = $1 AND r.environment = $2 AND r.number = $3 AND f.entry > r.entry`, t.estate, r.Environment, r.Number)
	if err == nil && !yes {
		err = fmt.Errorf("%s still has the certificate it had when the renewal began", r.addr(r.From))
	}
	return err
}

// FormerCertificates returns those of all generations, the root's first, then
// by environment, number and age.
func (s *Store) FormerCertificates(ctx context.Context) ([]Former, error) {
	list, err := s.formerCertificates(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading former certificates: %w", explain(err))
	}
	return list, nil
}

func (s *Store) formerCertificates(ctx context.Context) (list []Former, err error) {
	rows, err := s.db.QueryContext(ctx, `SELECT f.environment, f.generation, f.certificate, f.replaced,
		g.key_uri, g.guard, a.subject, a.detail
		FROM former_certificates f
		JOIN generations g ON g.estate = f.estate AND g.environment = f.environment AND g.number = f.generation
		LEFT JOIN audit a ON a.estate = f.estate AND a.entry = f.recorded
		WHERE f.estate = $1 ORDER BY f.environment, f.generation, f.entry`, s.estate)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var f Former
		var g Generation
		var subject, detail sql.NullString
		err := rows.Scan(&f.Environment, &f.Number, &f.Certificate, &f.Replaced, &g.KeyURI, &g.Guard, &subject, &detail)
		if err != nil {
			return nil, err
		}
		g.Environment, g.Number, g.Certificate = f.Environment, f.Number, f.Certificate
		if !g.said(subject.String, detail.String) {
			return nil, errDamaged(fmt.Sprintf("a former certificate of %s is not what the audit log says of it", g.Addr()))
		}
		list = append(list, f)
	}
	return list, rows.Err()
}

package revocation

import (
	"context"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"os"
	"strings"
	"time"

	"anchorctl/internal/config"
	"anchorctl/internal/folder"
	"anchorctl/internal/hint"
	"anchorctl/internal/pki"
	"anchorctl/internal/plan"
	"anchorctl/internal/store"
)

// Certificate is one that is to be revoked.
type Certificate struct {
	Address       string     `json:"address"` // of the workload; empty when that is not on record
	Instance      string     `json:"instance,omitempty"`
	Issuer        string     `json:"issuer"` // address of the generation that signed it
	SerialHex     string     `json:"serialHex"`
	SerialDecimal string     `json:"serialDecimal"`
	NotAfter      time.Time  `json:"notAfter"`
	RevokedAt     *time.Time `json:"revokedAt,omitempty"` // when it was revoked before
	Expired       bool       `json:"expired,omitempty"`   // nothing is revoked: its sessions are what can be ended

	environment, workload string
	generation            int
}

// Name is the workload and instance, or the issuer for one that is not on
// record.
func (c Certificate) Name() string {
	if c.workload == "" {
		return c.WorkloadName()
	}
	return c.environment + "/" + pki.WorkloadName(c.workload, c.Instance)
}

// WorkloadName is the name without that of an instance.
func (c Certificate) WorkloadName() string {
	if c.workload == "" {
		return "a certificate of " + c.Issuer
	}
	return c.environment + "/" + c.workload
}

// Search says how certificates are found.
type Search struct {
	Read func(path string) ([]byte, error) // a certificate file
	// Ended finds those, too, that have expired and whose sessions may go on.
	Ended bool
}

// Find finds the certificates that somebody means by a serial number, by
// ENV/WORKLOAD[@INSTANCE] or by a certificate file. Those that expired need no
// revoking: when all have, that is an error.
func Find(ctx context.Context, f *folder.Folder, what string, s Search) ([]Certificate, error) {
	found, err := find(ctx, f, what, s)
	var list []Certificate
	if err == nil {
		list, err = s.current(f, found)
	}
	if err != nil {
		return nil, fmt.Errorf("finding what to revoke by %q: %w", what, err)
	}
	return list, nil
}

func find(ctx context.Context, f *folder.Folder, what string, s Search) ([]store.Issued, error) {
	if serials, err := pki.ReadSerial(what); err == nil {
		return bySerial(ctx, f, serials)
	}
	env, name, _ := strings.Cut(what, "/")
	workload, instance, notName := pki.SplitWorkloadName(name)
	if env != "" && notName == nil {
		known, err := f.Store.Generations(ctx, env)
		if err != nil {
			return nil, err
		}
		if len(known) > 0 {
			return s.byName(ctx, f, env, workload, instance)
		}
	}
	data, err := s.Read(what)
	if errors.Is(err, os.ErrNotExist) {
		return nil, hint.With(errors.New("it is no serial number, no workload of an environment that has an issuer, and no file"),
			append(hint.Of(notName), `name it as a serial number, ENV/WORKLOAD, ENV/WORKLOAD@INSTANCE or a certificate file`)...)
	}
	if err != nil {
		return nil, err
	}
	return byFile(ctx, f, data)
}

func bySerial(ctx context.Context, f *folder.Folder, serials []string) ([]store.Issued, error) {
	var found []store.Issued
	for _, serial := range serials {
		list, err := f.Store.ListIssued(ctx, store.Filter{Serial: serial})
		if err != nil {
			return nil, err
		}
		found = append(found, list...)
	}
	switch len(found) {
	case 0:
		return nil, hint.With(errors.New("no certificate with this serial number is on record"),
			"give the certificate's file: one that the estate's issuer signed can be revoked though the record of it was lost")
	case 1:
		return found, nil
	default:
		return nil, hint.With(fmt.Errorf("%d certificates can be meant: %s", len(found), strings.Join(serialsOf(found), ", ")),
			"write the serial number in hexadecimal with 0x before it, or give the certificate's file")
	}
}

func serialsOf(list []store.Issued) []string {
	var all []string
	for _, i := range list {
		all = append(all, fmt.Sprintf("0x%s of %s", i.Serial, plan.Issuer(i.Environment, i.Generation)))
	}
	return all
}

// byName finds every certificate of a workload that has not expired, of every
// instance unless one is named.
func (s Search) byName(ctx context.Context, f *folder.Folder, env, workload, instance string) ([]store.Issued, error) {
	filter := store.Filter{Environment: env, Workload: workload, EndsAfter: f.Clock.Now().Unix()}
	if s.Ended {
		filter.EndsAfter = f.Clock.Now().Add(-longest(f.Config, env, workload)).Unix()
	}
	if instance != "" {
		filter.Instance = &instance
	}
	list, err := f.Store.ListIssued(ctx, filter)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, nothingOf(ctx, f, env, workload)
	}
	return list, nil
}

// nothingOf tells a name that was mistyped from a workload whose certificates
// have all expired: who revokes has no time to find that out.
func nothingOf(ctx context.Context, f *folder.Folder, env, workload string) error {
	if of := f.Config.Environments[env]; of != nil && of.Workloads[workload] == nil {
		list, err := f.Store.ListIssued(ctx, store.Filter{Environment: env, Workload: workload, Limit: 1})
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return fmt.Errorf("environment %s has no workload %q, and none was issued to; it has %s", env, workload, strings.Join(of.WorkloadNames(), ", "))
		}
	}
	return errors.New("it has no certificate that has not expired: there is nothing to revoke")
}

// byFile finds the certificate of a file. It need not be on record: a store that
// was restored has forgotten some.
func byFile(ctx context.Context, f *folder.Folder, data []byte) ([]store.Issued, error) {
	c, err := pki.ParseOne(data)
	if err != nil {
		certs, bundleErr := pki.ParseBundle(string(data))
		if bundleErr != nil {
			return nil, err
		}
		c = certs[0] // a chain begins with its own certificate
	}
	g, err := issuerOf(ctx, f, c)
	if err != nil {
		return nil, err
	}
	list, err := f.Store.ListIssued(ctx, store.Filter{Environment: g.Environment, Generation: g.Number, Serial: pki.SerialHex(c)})
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		list = []store.Issued{{Environment: g.Environment, Generation: g.Number, Serial: pki.SerialHex(c), NotAfter: c.NotAfter.Unix()}}
	}
	return list, nil
}

// issuerOf is the generation that signed a certificate.
func issuerOf(ctx context.Context, f *folder.Folder, c *x509.Certificate) (store.Generation, error) {
	all, err := f.Store.AllGenerations(ctx)
	if err != nil {
		return store.Generation{}, err
	}
	for _, g := range all {
		issuer, err := x509.ParseCertificate(g.Certificate)
		if err != nil {
			return store.Generation{}, fmt.Errorf("reading the certificate of %s: %w", g.Addr(), err)
		}
		if g.Environment != "" && c.CheckSignatureFrom(issuer) == nil {
			return g, nil
		}
	}
	return store.Generation{}, fmt.Errorf("the certificate of %q was signed by no issuer of this estate", c.Subject.String())
}

// current keeps those that have not expired, and of the others those whose
// sessions may go on, when it is sessions that are to be ended.
func (s Search) current(f *folder.Folder, list []store.Issued) ([]Certificate, error) {
	now := f.Clock.Now()
	var kept []Certificate
	var ended Certificate
	for _, i := range list {
		c, err := certificate(i)
		if err != nil {
			return nil, err
		}
		c.Expired = now.After(c.NotAfter)
		if c.Expired && (!s.Ended || now.After(lastSession(f.Config, c))) {
			ended = c
			continue
		}
		kept = append(kept, c)
	}
	if len(kept) == 0 {
		return nil, nothingLeft(f.Config, ended, now)
	}
	return kept, nil
}

// nothingLeft says that a certificate has expired, and what of its sessions.
func nothingLeft(c *config.Config, ended Certificate, now time.Time) error {
	at := ended.NotAfter.Format(time.RFC3339)
	last := lastSession(c, ended)
	switch {
	case len(uses(c, ended.environment, ended.workload)) == 0:
		return hint.With(fmt.Errorf("it expired at %s: there is nothing to revoke, and no role of anchorctl.yaml lists its workload", at),
			`a session that it was given before may go on: "anchorctl revoke --end-all-sessions ROLE" ends those of the role`)
	case now.After(last):
		return fmt.Errorf("it expired at %s: there is nothing to revoke, and the last session that it can have been given ended by %s", at, last.Format(time.RFC3339))
	}
	return hint.With(fmt.Errorf("it expired at %s: there is nothing to revoke", at),
		fmt.Sprintf("a session that it was given before may go on until %s: add --end-sessions to end it", last.Format(time.RFC3339)))
}

func certificate(i store.Issued) (Certificate, error) {
	octets, err := hex.DecodeString(i.Serial)
	if err != nil {
		return Certificate{}, fmt.Errorf("reading serial %q: %w", i.Serial, err)
	}
	c := Certificate{
		Instance: i.Instance, Issuer: plan.Issuer(i.Environment, i.Generation).String(),
		SerialHex: i.Serial, SerialDecimal: new(big.Int).SetBytes(octets).String(), NotAfter: time.Unix(i.NotAfter, 0).UTC(),
		environment: i.Environment, workload: i.Workload, generation: i.Generation,
	}
	if i.Workload != "" {
		c.Address = plan.Workload(i.Environment, i.Workload).String()
	}
	if i.Revoked != nil {
		at := time.Unix(i.Revoked.At, 0).UTC()
		c.RevokedAt = &at
	}
	return c, nil
}

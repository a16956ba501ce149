package issuance

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"anchorctl/internal/admission"
	"anchorctl/internal/folder"
	"anchorctl/internal/hint"
	"anchorctl/internal/keys"
	"anchorctl/internal/pki"
	"anchorctl/internal/printable"
	"anchorctl/internal/rules"
	"anchorctl/internal/store"
)

// read reads the certificate request, if there is one.
func (w *wanted) read() error {
	r := w.request
	if r.CSR == nil {
		return nil
	}
	csr, findings := admission.ReadRequest(r.CSRName, r.CSR)
	if rules.Refused(findings) {
		return &rules.Refusal{Findings: findings}
	}
	if kind, err := keys.TypeOf(csr.Key); err == nil && !w.anyKeyType && kind != w.keyType {
		return fmt.Errorf("the key of %s is of type %s, and %s was asked for", r.CSRName, kind, w.keyType)
	}
	w.csr, w.anyKeyType = &csr, true
	return nil
}

// admit judges the key of the request: its quality, and whose it is.
func (w wanted) admit(ctx context.Context, f *folder.Folder) error {
	if w.csr == nil {
		return nil
	}
	c := admission.KeyCase{At: w.request.CSRName, Key: w.csr.Key}
	generations, err := f.Store.AllGenerations(ctx)
	if err != nil {
		return err
	}
	for _, g := range generations {
		ca, err := x509.ParseCertificate(g.Certificate)
		if err != nil {
			return fmt.Errorf("reading the recorded certificate of %s: %w", g.Addr(), err)
		}
		c.CAs = append(c.CAs, admission.Use{Certificate: ca, By: g.Addr().String(), Retired: g.Status == store.Retired})
	}
	record, found, err := issuedFor(ctx, f, w.csr.Key)
	if err != nil {
		return err
	}
	if found && !w.owns(record) {
		c.Former = nameOf(record)
	}
	digest, err := pki.DigestOfKey(w.csr.Key)
	if err != nil {
		return err
	}
	if c.Compromised, err = f.Store.Compromised(ctx, digest); err != nil {
		return err
	}
	if findings := admission.JudgeKey(c); rules.Refused(findings) {
		return &rules.Refusal{Findings: findings}
	}
	return nil
}

// How often a certificate is tried to be recorded while other runs record theirs
// for the same key.
const certifyTries = 5

// certify gives the key of the request its certificate: the recorded one while
// that is good, so that a script that is run again changes nothing, and a new
// one in its last third, so that the same script renews.
func (w wanted) certify(ctx context.Context, f *folder.Folder, s signer) (made, error) {
	for range certifyTries {
		record, found, err := issuedFor(ctx, f, w.csr.Key)
		if err != nil {
			return made{}, err
		}
		if found && !w.owns(record) { // since it was judged
			return made{}, w.admit(ctx, f)
		}
		if found && !w.request.New && w.early(record) {
			if path, err := w.recorded(record, s); err != nil || path != nil {
				return made{path: path, resumed: true}, err
			}
		}
		path, err := s.sign(w, w.csr.Key)
		if err != nil {
			return made{}, err
		}
		err = f.Store.RecordRequested(ctx, s.issued(w, path[0]), record.Serial)
		if !errors.Is(err, store.ErrKeyUsed) {
			return made{path: path}, Superseded(err)
		}
	}
	return made{}, hint.With(errors.New("other runs keep recording certificates for the same key"), "let one run at a time use the request")
}

// early reports whether less than two thirds of a certificate's lifetime are
// over.
func (w wanted) early(record store.Issued) bool {
	begun, ends := time.Unix(record.Created, 0), time.Unix(record.NotAfter, 0)
	return w.spec.Now.Before(begun.Add(ends.Sub(begun) * 2 / 3))
}

// ignored is what the request asked for in vain.
func (w wanted) ignored(c *x509.Certificate) []string {
	if w.csr == nil {
		return nil
	}
	var lines []string
	for _, a := range w.csr.Ignored(c) {
		lines = append(lines, printable.Line(a.String()))
	}
	return lines
}

package inventory

import (
	"context"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"anchorctl/internal/folder"
	"anchorctl/internal/pki"
	"anchorctl/internal/plan"
	"anchorctl/internal/store"
)

// Details are all that is known of a certificate.
type Details struct {
	Certificate
	Subject     string   `json:"subject"`
	URI         string   `json:"uri"`
	DNS         []string `json:"dns,omitempty"`
	Key         string   `json:"key"`
	KeyDigest   string   `json:"keyFingerprint"` // SHA-256 of the public key
	Fingerprint string   `json:"fingerprint"`    // SHA-256 of the certificate
	Chain       []Link   `json:"chain"`          // from its issuer to the root
	// Accepted: as far as this machine knows, it still gets sessions at an anchor
	// that holds its issuer.
	Accepted bool     `json:"accepted"`
	Why      []string `json:"why"` // what is against it, or may soon be
	PEM      string   `json:"pem"`
}

// Link is an authority of a chain.
type Link struct {
	Addr     string    `json:"addr"`
	Subject  string    `json:"subject"`
	Status   string    `json:"status"` // active, next, draining or retired
	NotAfter time.Time `json:"notAfter"`
}

// Show tells all that is known of a recorded certificate.
func Show(ctx context.Context, f *folder.Folder, i store.Issued) (Details, error) {
	d, err := show(ctx, f, i)
	if err != nil {
		return Details{}, fmt.Errorf("showing certificate %s: %w", i.Serial, err)
	}
	return d, nil
}

func show(ctx context.Context, f *folder.Folder, i store.Issued) (Details, error) {
	now := f.Clock.Now()
	c, err := pki.ParseDER(i.Certificate)
	if err != nil {
		return Details{}, fmt.Errorf("reading the recorded certificate: %w", err)
	}
	d := Details{
		Certificate: certificateOf(i, now), Subject: c.Subject.String(), DNS: c.DNSNames, Key: pki.KeyKind(c.PublicKey),
		KeyDigest: hex.EncodeToString(i.SPKI[:]), Fingerprint: pki.Fingerprint(c), PEM: string(pki.EncodePEM(c)), Why: []string{},
	}
	if len(c.URIs) > 0 {
		d.URI = c.URIs[0].String()
	}
	issuer, err := d.climb(ctx, f.Store, i)
	if err != nil {
		return Details{}, err
	}
	return d, d.judge(ctx, f, i, c, issuer, now)
}

// climb fills in the chain and returns the issuer's certificate.
func (d *Details) climb(ctx context.Context, s *store.Store, i store.Issued) (issuer *x509.Certificate, err error) {
	generations, err := s.AllGenerations(ctx)
	if err != nil {
		return nil, err
	}
	var roots []Link
	var rootCertificates []*x509.Certificate
	for _, g := range generations {
		c, err := x509.ParseCertificate(g.Certificate)
		if err != nil {
			return nil, fmt.Errorf("reading the recorded certificate of %s: %w", g.Addr(), err)
		}
		link := Link{Addr: g.Addr().String(), Subject: c.Subject.String(), Status: g.Status, NotAfter: c.NotAfter.UTC()}
		switch {
		case g.Environment == "":
			roots, rootCertificates = append(roots, link), append(rootCertificates, c)
		case g.Environment == i.Environment && g.Number == i.Generation:
			issuer, d.Chain = c, []Link{link}
		}
	}
	if issuer == nil {
		return nil, fmt.Errorf("%s, which issued it, is not on record", plan.Issuer(i.Environment, i.Generation))
	}
	for n, root := range rootCertificates {
		if issuer.CheckSignatureFrom(root) == nil {
			d.Chain = append(d.Chain, roots[n])
			break
		}
	}
	return issuer, nil
}

// judge says whether the certificate is still accepted, and why not.
func (d *Details) judge(ctx context.Context, f *folder.Folder, i store.Issued, c, issuer *x509.Certificate, now time.Time) error {
	d.Accepted = true
	against := func(format string, args ...any) {
		d.Accepted, d.Why = false, append(d.Why, fmt.Sprintf(format, args...))
	}
	var path *pki.PathError
	switch _, err := pki.VerifyPath(c, nil, []*x509.Certificate{issuer}, now, pki.AsWorkload); {
	case now.Before(c.NotBefore):
		against("it is not valid before %s", c.NotBefore.UTC().Format(time.RFC3339))
	case now.After(c.NotAfter):
		against("it expired at %s", c.NotAfter.UTC().Format(time.RFC3339))
	case errors.As(err, &path):
		against("%s: %s", path.Certificate.Subject, path.Message)
	case err != nil:
		return err
	}
	if i.Revoked != nil {
		listed, err := listing(ctx, f.Store, i)
		if err != nil {
			return err
		}
		switch {
		case listed > 0:
			against("it is revoked, and CRL %d lists it: an anchor that has that CRL refuses it", listed)
		case i.Revoked.Dropped > 0:
			against("it was revoked, and CRL %d listed it after its end", i.Revoked.Dropped)
		default:
			d.Why = append(d.Why, "it is revoked, but no CRL lists it yet: until one is at the anchor, it still gets sessions")
		}
	}
	switch d.Chain[0].Status {
	case store.Draining:
		d.Why = append(d.Why, d.Chain[0].Addr+" is draining: its environment's issuer is being changed, and it is accepted until this certificate ends")
	case store.Retired:
		d.Why = append(d.Why, d.Chain[0].Addr+" is retired: it is accepted as long as an anchor still holds that issuer")
	}
	if env := f.Config.Environments[i.Environment]; env == nil || env.Workload(i.Workload) == nil {
		d.Why = append(d.Why, fmt.Sprintf("anchorctl.yaml has no workload %s/%s: after an apply, no role trusts it", i.Environment, i.Workload))
	}
	return nil
}

// listing is the number of its issuer's newest CRL, if that lists the
// certificate.
func listing(ctx context.Context, s *store.Store, i store.Issued) (number int64, err error) {
	newest, found, err := s.NewestCRL(ctx, i.Environment, i.Generation)
	if err != nil || !found {
		return 0, err
	}
	list, err := x509.ParseRevocationList(newest.DER)
	if err != nil {
		return 0, fmt.Errorf("reading CRL %d: %w", newest.Number, err)
	}
	for _, entry := range list.RevokedCertificateEntries {
		if hex.EncodeToString(entry.SerialNumber.Bytes()) == i.Serial {
			return newest.Number, nil
		}
	}
	return 0, nil
}

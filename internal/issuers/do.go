package issuers

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"anchorctl/internal/clock"
	"anchorctl/internal/config"
	"anchorctl/internal/engine"
	"anchorctl/internal/hint"
	"anchorctl/internal/keys"
	"anchorctl/internal/pki"
	"anchorctl/internal/plan"
	"anchorctl/internal/store"
)

// Doer carries out the actions on issuers and on the root.
type Doer struct {
	Specs map[string]Spec // by environment
	// Config says what the root is to be.
	Config *config.Config
	Store  *store.Store
	Ring   *keys.Ring
	Clock  clock.Clock
	// Requests is the folder of what waits for a root that is somebody else's.
	Requests string
	// Publish shows people the certificate of the root that signs from now on.
	Publish func(*x509.Certificate) error

	root *pki.Parent
}

// ByKind lists the doers.
func (d *Doer) ByKind() map[plan.Kind]engine.Doer {
	return map[plan.Kind]engine.Doer{
		plan.IssuerMint: {Do: d.mint}, plan.IssuerRenew: {Do: d.renew},
		plan.IssuerActivate: {Do: d.activate}, plan.IssuerRetire: {Do: d.retire},
	}
}

// mint makes the key, has the root sign its certificate, and records both. The
// key comes first: a crash after it leaves a key that the next mint of the
// same generation takes up, never a certificate whose key is lost. A generation
// beside one that signs has to be activated.
func (d *Doer) mint(ctx context.Context, s engine.Step) (plan.Outcome, error) {
	addr := s.Action.Addr
	cert, key, guard, err := d.make(ctx, addr)
	if err != nil {
		return plan.Outcome{}, fmt.Errorf("minting %s: %w", addr, err)
	}
	_, signs, err := d.Store.Active(ctx, addr.Environment)
	if err != nil {
		return plan.Outcome{}, err
	}
	status := store.Active
	if signs {
		status = store.Next
	}
	err = d.Store.AddGeneration(ctx, store.Generation{
		Environment: addr.Environment, Number: addr.Generation, Certificate: cert.Raw, KeyURI: key.URI,
		Guard: string(guard), Status: status, Created: d.Clock.Now().Unix(),
	})
	if err != nil {
		return plan.Outcome{}, fmt.Errorf("recording %s: %w", addr, err)
	}
	return plan.Outcome{Notes: []string{valid(addr, cert)}}, d.answered(addr)
}

func valid(addr plan.Addr, cert *x509.Certificate) string {
	return fmt.Sprintf("%s is valid until %s", addr, cert.NotAfter.Format(time.DateOnly))
}

// make makes key and certificate of a generation of the root or of an issuer.
func (d *Doer) make(ctx context.Context, addr plan.Addr) (*x509.Certificate, keys.Key, keys.Guard, error) {
	if addr.Kind == plan.KindRoot {
		return d.makeRoot(ctx, addr)
	}
	spec, ok := d.Specs[addr.Environment]
	if !ok {
		return nil, keys.Key{}, "", fmt.Errorf("the configuration has no environment %q", addr.Environment)
	}
	if err := d.Unlock(ctx); err != nil {
		return nil, keys.Key{}, "", err
	}
	key, err := d.key(ctx, keyName(addr), spec.KeyType, keys.GuardSecret)
	if err != nil {
		return nil, key, "", err
	}
	if !d.ours() {
		cert, err := d.elsewhere(plan.IssuerMint, asked{addr: addr, spec: spec, key: key})
		return cert, key, keys.GuardSecret, err
	}
	cert, err := d.sign(spec, addr.Generation, key.Public())
	return cert, key, keys.GuardSecret, err
}

// sign has the root that signs now certify an issuer's key.
func (d *Doer) sign(spec Spec, generation int, key crypto.PublicKey) (*x509.Certificate, error) {
	cert, err := pki.NewIssuer(spec.pki(generation, d.Clock.Now()), key, *d.root)
	var tooLong *pki.LifetimeError
	switch {
	case errors.As(err, &tooLong):
		days := int(tooLong.Longest / (24 * time.Hour))
		return nil, hint.With(err, `run "anchorctl rotate start root" first: a new root lives longer`,
			fmt.Sprintf("or set environments.%s.issuer.lifetime to %dd or less", spec.Environment, days))
	case errors.Is(err, pki.ErrSignsNothing):
		return nil, hint.With(err, `run "anchorctl rotate start root": a new root signs every issuer anew`)
	}
	return cert, err
}

func (d *Doer) key(ctx context.Context, name, keyType string, guard keys.Guard) (keys.Key, error) {
	t, err := keys.ParseType(keyType)
	if err != nil {
		return keys.Key{}, err
	}
	return d.Ring.Create(ctx, name, t, guard)
}

// renew has the root that signs now certify the key of a generation again: the
// same subject, names and key identifier, other dates. Done twice it makes two
// certificates, of which the second is on record.
func (d *Doer) renew(ctx context.Context, s engine.Step) (plan.Outcome, error) {
	addr := s.Action.Addr
	spec, ok := d.Specs[addr.Environment]
	if !ok {
		return plan.Outcome{}, fmt.Errorf("renewing %s: the configuration has no environment %q", addr, addr.Environment)
	}
	generation, err := d.generation(ctx, addr)
	if err != nil {
		return plan.Outcome{}, fmt.Errorf("renewing %s: %w", addr, err)
	}
	former, err := x509.ParseCertificate(generation.Certificate)
	if err != nil {
		return plan.Outcome{}, fmt.Errorf("renewing %s: %w", addr, err)
	}
	if err := d.Unlock(ctx); err != nil {
		return plan.Outcome{}, err
	}
	var cert *x509.Certificate
	if d.ours() {
		cert, err = d.sign(spec.as(former), addr.Generation, former.PublicKey)
	} else {
		cert, err = d.askAgain(ctx, addr, spec.as(former), generation, former)
	}
	if err != nil {
		return plan.Outcome{}, fmt.Errorf("renewing %s: %w", addr, err)
	}
	if err := d.Store.RenewGeneration(ctx, addr.Environment, addr.Generation, cert.Raw); err != nil {
		return plan.Outcome{}, err
	}
	return plan.Outcome{Notes: []string{valid(addr, cert)}}, d.answered(addr)
}

// askAgain asks for another certificate of a key.
func (d *Doer) askAgain(ctx context.Context, addr plan.Addr, spec Spec, g store.Generation, former *x509.Certificate) (*x509.Certificate, error) {
	key, err := d.Ring.Open(ctx, g.KeyURI, keys.Guard(g.Guard))
	if err != nil {
		return nil, err
	}
	kind, err := keys.TypeOf(former.PublicKey)
	if err != nil {
		return nil, err
	}
	spec.KeyType = string(kind)
	return d.elsewhere(plan.IssuerRenew, asked{addr: addr, spec: spec, key: key, former: former})
}

func (d *Doer) generation(ctx context.Context, addr plan.Addr) (store.Generation, error) {
	all, err := d.Store.Generations(ctx, addr.Environment)
	if err != nil {
		return store.Generation{}, err
	}
	i := slices.IndexFunc(all, func(g store.Generation) bool { return g.Number == addr.Generation })
	if i < 0 {
		return store.Generation{}, errors.New("it is not on record")
	}
	return all[i], nil
}

// activate is the cut-over, in one transaction: from now on this generation
// signs, and the one before it does not.
func (d *Doer) activate(ctx context.Context, s engine.Step) (plan.Outcome, error) {
	addr := s.Action.Addr
	if err := d.Store.CutOver(ctx, addr.Environment); err != nil {
		return plan.Outcome{}, err
	}
	if addr.Kind == plan.KindIssuer {
		return plan.Outcome{}, nil
	}
	d.root = nil
	return plan.Outcome{}, d.publish(ctx)
}

// retire does away with a generation's key, and then ends the rotation: a crash
// between the two leaves a key that is gone already, which is no error.
func (d *Doer) retire(ctx context.Context, s engine.Step) (plan.Outcome, error) {
	addr := s.Action.Addr
	var after Retirement
	if err := json.Unmarshal(s.After, &after); err != nil {
		return plan.Outcome{}, fmt.Errorf("reading the action: %w", err)
	}
	notes, err := d.end(ctx, addr, after.Key)
	if err != nil {
		return plan.Outcome{}, err
	}
	if addr.Kind == plan.KindRoot {
		if err := d.publish(ctx); err != nil { // once more: a crash may have come before the first
			return plan.Outcome{}, err
		}
	}
	return plan.Outcome{Notes: notes}, d.Store.EndRotation(ctx, addr.Environment, after.Rotation)
}

func (d *Doer) end(ctx context.Context, addr plan.Addr, fate string) ([]string, error) {
	uri := keys.URIOf(keyName(addr))
	if generation, err := d.generation(ctx, addr); err == nil {
		uri = generation.KeyURI
	}
	if err := d.answered(addr); err != nil {
		return nil, err
	}
	if uri == keys.Elsewhere {
		return []string{fmt.Sprintf("the key of %s is somebody else's, so there is nothing to do about it here", addr)}, nil
	}
	if fate != KeyArchived {
		return nil, d.Ring.Destroy(ctx, uri)
	}
	path, err := d.Ring.Archive(ctx, uri)
	if errors.Is(err, fs.ErrNotExist) {
		return []string{fmt.Sprintf("the key of %s is not here, so there is nothing to put away", addr)}, nil
	}
	return []string{fmt.Sprintf("the key of %s is kept in %s", addr, path)}, err
}

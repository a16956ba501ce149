package crls

import (
	"context"
	"crypto/x509"
	"fmt"
	"strconv"

	"anchorctl/internal/clock"
	"anchorctl/internal/engine"
	"anchorctl/internal/keys"
	"anchorctl/internal/pki"
	"anchorctl/internal/plan"
	"anchorctl/internal/store"
)

// Signer signs and records the lists of issuers.
type Signer struct {
	Store *store.Store
	Ring  *keys.Ring
	Clock clock.Clock
	Terms func(environment string) Terms
}

// signing are the fields of the action that signs a list.
type signing struct {
	Number  string    `json:"number,omitempty"`
	Because string    `json:"because,omitempty"`
	Above   string    `json:"above,omitempty"` // a number that is at an anchor
	Adopted []adopted `json:"adopted,omitempty"`
}

// adopted is a revocation that is at an anchor and not in the store.
type adopted struct {
	Serial string `json:"serial"`
	At     int64  `json:"at"`
	Reason int    `json:"reason"`
}

// Sign is the action that signs and records a list. Unknown are revocations
// that a list at an anchor has and the store does not.
func Sign(s State, because string, above int64, unknown []store.Revocation) (plan.Action, error) {
	before, after := signing{}, signing{Number: numberNewest, Because: because}
	for _, r := range unknown {
		after.Adopted = append(after.Adopted, adopted{Serial: r.Serial, At: r.At, Reason: r.Reason})
	}
	if s.Listed {
		before.Number = strconv.FormatInt(s.Newest.Number, 10)
	}
	if above > s.Newest.Number {
		after.Above = strconv.FormatInt(above, 10)
	}
	return plan.NewAction(plan.CRLSign, s.Issuer, before, after, nil)
}

// State reads what the store knows of a generation.
func (s Signer) State(ctx context.Context, g store.Generation) (State, error) {
	state := State{Issuer: g.Addr()}
	var err error
	if state.Certificate, err = x509.ParseCertificate(g.Certificate); err != nil {
		return state, fmt.Errorf("reading the certificate of %s: %w", g.Addr(), err)
	}
	if state.Revocations, err = s.Store.Revocations(ctx, g.Environment, g.Number); err != nil {
		return state, err
	}
	state.Newest, state.Listed, err = s.Store.NewestCRL(ctx, g.Environment, g.Number)
	return state, err
}

// sign does the action. Done twice it makes two lists, the second with a higher
// number, which harms nobody.
func (s Signer) sign(ctx context.Context, step engine.Step) (plan.Outcome, error) {
	after, err := plan.FieldsOf[signing](step.After)
	if err != nil {
		return plan.Outcome{}, err
	}
	var above int64
	if after.Above != "" {
		if above, err = strconv.ParseInt(after.Above, 10, 64); err != nil {
			return plan.Outcome{}, fmt.Errorf("reading the action: %w", err)
		}
	}
	if err := s.adopt(ctx, step.Action.Addr, after.Adopted); err != nil {
		return plan.Outcome{}, err
	}
	made, err := s.make(ctx, step.Action.Addr, above)
	if err != nil {
		return plan.Outcome{}, err
	}
	note := fmt.Sprintf("%s signed revocation list %d: %d entries, %d of %d bytes, room for %d more",
		step.Action.Addr, made.Number, made.Entries, pki.CRLSize(made.DER), pki.MaxRevocationList, pki.CRLRoom(made.DER))
	return plan.Outcome{Notes: []string{note}}, nil
}

// adopt records what a list at an anchor revokes, before a newer one takes its
// place: nothing becomes good again.
func (s Signer) adopt(ctx context.Context, issuer plan.Addr, list []adopted) error {
	if len(list) == 0 {
		return nil
	}
	g, err := s.generation(ctx, issuer)
	if err != nil {
		return err
	}
	c, err := x509.ParseCertificate(g.Certificate)
	if err != nil {
		return fmt.Errorf("reading the certificate of %s: %w", issuer, err)
	}
	revoked := make([]store.Revocation, len(list))
	for i, a := range list {
		revoked[i] = store.Revocation{Environment: issuer.Environment, Generation: issuer.Generation,
			Serial: a.Serial, At: a.At, Reason: a.Reason, NotAfter: c.NotAfter.Unix()}
	}
	_, err = s.Store.Revoke(ctx, revoked...)
	return err
}

// make signs a list and records it, before it leaves the program.
func (s Signer) make(ctx context.Context, issuer plan.Addr, above int64) (store.CRL, error) {
	g, err := s.generation(ctx, issuer)
	if err != nil {
		return store.CRL{}, err
	}
	state, err := s.State(ctx, g)
	if err != nil {
		return store.CRL{}, err
	}
	spec, serials, err := state.spec(s.Clock.Now(), s.Terms(issuer.Environment), above)
	if err != nil {
		return store.CRL{}, err
	}
	key, err := s.Ring.Open(ctx, g.KeyURI, keys.Guard(g.Guard))
	if err != nil {
		return store.CRL{}, engine.HoldFailure(plan.ID(plan.CRLSign, issuer), err)
	}
	der, err := pki.NewCRL(spec, pki.Parent{Certificate: state.Certificate, Key: key})
	if err != nil {
		return store.CRL{}, err
	}
	made := store.CRL{
		Environment: issuer.Environment, Generation: issuer.Generation, Number: spec.Number,
		ThisUpdate: spec.ThisUpdate.Unix(), NextUpdate: spec.NextUpdate.Unix(), DER: der, Entries: len(serials),
	}
	return made, s.Store.RecordCRL(ctx, made, serials)
}

func (s Signer) generation(ctx context.Context, issuer plan.Addr) (store.Generation, error) {
	all, err := s.Store.Generations(ctx, issuer.Environment)
	if err != nil {
		return store.Generation{}, err
	}
	for _, g := range all {
		if g.Number == issuer.Generation {
			return g, nil
		}
	}
	return store.Generation{}, fmt.Errorf("there is no %s", issuer)
}

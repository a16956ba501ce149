package estate

import (
	"context"
	"crypto/x509"
	"fmt"
	"maps"
	"slices"
	"time"

	"anchorctl/internal/config"
	"anchorctl/internal/crls"
	"anchorctl/internal/ownership"
	"anchorctl/internal/plan"
	"anchorctl/internal/rules"
	"anchorctl/internal/store"
)

// CRL is a revocation list at an anchor.
type CRL struct {
	ARN       string
	Name      string
	AnchorARN string
	Enabled   bool
	Data      []byte // as it was imported: PEM or DER
	// List is what it says; nil when it is not understood. Look fills it.
	List *x509.RevocationList
}

// Lists reads the revocation lists of the target, whoever imported them.
func (c Cloud) Lists(ctx context.Context) ([]CRL, error) {
	all, err := c.CRLs.List(ctx, false)
	lists := make([]CRL, len(all))
	for i, l := range all {
		lists[i] = CRL{ARN: l.ARN, Name: l.Name, AnchorARN: l.AnchorARN, Enabled: l.Enabled, Data: l.Data}
	}
	return lists, err
}

// revoking is what the store knows of revocations, and what follows from it.
type revoking struct {
	states map[plan.Addr]crls.State // by issuer's generation; those with a revocation or a list
	specs  map[plan.Addr]crls.Spec  // of the lists that anchors should have
}

// termsOf says how an environment's lists are kept.
func termsOf(c *config.Config) func(environment string) crls.Terms {
	return func(environment string) crls.Terms {
		env := c.Environments[environment]
		if env == nil {
			env = &config.Environment{}
		}
		return crls.Terms{
			Interval: time.Duration(env.CRL.Interval), Validity: time.Duration(env.CRL.Validity), Always: env.CRL.DistributionPoint != "",
		}
	}
}

func (w World) signer() crls.Signer {
	return crls.Signer{Store: w.Folder.Store, Ring: w.Folder.Ring, Clock: w.Folder.Clock, Terms: termsOf(w.Folder.Config)}
}

// revoking reads the revocations of every environment of the configuration. An
// anchor should have the lists of the issuers that it holds.
func (w World) revoking(ctx context.Context, r recorded, d desired) (revoking, error) {
	v := revoking{states: map[plan.Addr]crls.State{}, specs: map[plan.Addr]crls.Spec{}}
	for _, g := range r.generations {
		env := w.Folder.Config.Environments[g.Environment]
		if env == nil || g.Status == store.Retired {
			continue // nothing that it signed is accepted anywhere
		}
		state, err := w.signer().State(ctx, g)
		if err != nil {
			return v, err
		}
		if len(state.Revocations) > 0 || state.Listed || env.CRL.DistributionPoint != "" {
			v.states[g.Addr()] = state
		}
	}
	for _, anchor := range addresses(d.anchors) {
		for _, issuer := range d.anchors[anchor].Certificates {
			state, there := v.states[issuer]
			if !there || len(state.Entries(w.Folder.Clock.Now(), termsOf(w.Folder.Config)(anchor.Environment))) == 0 {
				continue
			}
			addr := plan.CRL(anchor.Environment, issuer.Generation, anchor.Target)
			v.specs[addr] = crls.Spec{
				Addr: addr, Anchor: anchor, Tags: ownership.Tags(r.estate.Lineage, addr),
				Name:   fmt.Sprintf("%s-crl-%d", d.anchors[anchor].Name, issuer.Generation),
				Number: state.Newest.Number, DER: state.Newest.DER,
			}
		}
	}
	return v, nil
}

// digest is what a plan rests on of all this.
func (v revoking) digest() []string {
	var lines []string
	for _, issuer := range addresses(v.states) {
		s := v.states[issuer]
		lines = append(lines, fmt.Sprintf("%s revokes %d, list %d", issuer, len(s.Revocations), s.Newest.Number))
	}
	return lines
}

// readsLists reports whether revocation lists are of any concern: without a
// revocation nothing is asked about them.
func (v revoking) readsLists(r recorded, scope Options) bool {
	recorded := slices.ContainsFunc(slices.Collect(maps.Keys(r.objects)), func(a plan.Addr) bool { return a.Kind == plan.KindCRL })
	return len(v.specs) > 0 || recorded || scope.Destroy || len(scope.Delete) > 0
}

// readLists reads the revocation lists of a place. One that only the store or
// only its tags call ours is somebody else's: it is said, it stays, and it stops
// no revocation.
func (o *observed) readLists(ctx context.Context, cloud Cloud, place plan.Target) error {
	if cloud.CRLs == nil {
		return nil
	}
	all, err := cloud.CRLs.List(ctx, false)
	if err != nil {
		return err
	}
	before := len(o.findings)
	for _, l := range all {
		if addr, ours := o.own(place, l.ARN, l.Tags); ours {
			o.crls[addr] = l
			continue
		}
		o.foreignCRLs = append(o.foreignCRLs, l)
	}
	for i := range o.findings[before:] {
		o.findings[before+i].Severity = rules.Warn
	}
	return nil
}

// digestOfList is a live list as a plan rests on it.
func digestOfList(addr plan.Addr, l crls.Live) []any {
	l.Updated = time.Time{}
	return []any{addr.String(), l}
}

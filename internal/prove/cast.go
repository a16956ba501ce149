package prove

import (
	"crypto/x509"
	"fmt"
	"time"

	"anchorctl/internal/config"
	"anchorctl/internal/estate"
	"anchorctl/internal/issuance"
	"anchorctl/internal/issuers"
	"anchorctl/internal/keys"
	"anchorctl/internal/pki"
	"anchorctl/internal/plan"
	"anchorctl/internal/store"
)

// class is a workload as a certificate under one generation of its
// environment's issuer shows it.
type class struct {
	workload plan.Addr
	issuer   plan.Addr
	active   bool // the issuer signs; else its certificates only live on
	leaf     *x509.Certificate
	chain    []*x509.Certificate
	without  string // why there is no certificate
}

// cast is an estate's hierarchy played by twins: the same certificates with
// keys that were made for this and are thrown away, so that a workload's
// certificate can be had without opening a key of the estate.
type cast struct {
	twins map[plan.Addr]pki.Parent
	of    map[plan.Addr]*x509.Certificate // whose twins those are
	byKey map[[32]byte]plan.Addr          // whose key it is that a certificate carries
	notes []string
}

// newCast makes a twin of each generation, and stand-ins of those that are to
// be minted.
func newCast(s estate.Scene) (*cast, error) {
	c := &cast{twins: map[plan.Addr]pki.Parent{}, of: map[plan.Addr]*x509.Certificate{}, byKey: map[[32]byte]plan.Addr{}}
	var root plan.Addr
	for _, g := range s.Issuers {
		if g.Environment == "" {
			if err := c.add(g, pki.Parent{}); err != nil {
				return nil, err
			}
			if g.Status == store.Active {
				root = g.Addr
			}
		}
	}
	for _, g := range s.Issuers {
		switch {
		case g.Environment == "":
		case g.Certificate == nil:
			if err := c.standIn(s, g, c.twins[root]); err != nil {
				return nil, err
			}
		default:
			if err := c.add(g, c.rootOf(s, g.Certificate)); err != nil {
				return nil, err
			}
		}
	}
	return c, nil
}

func (c *cast) add(g estate.SceneIssuer, by pki.Parent) error {
	key, err := pki.TwinKey(g.Certificate)
	if err != nil {
		return fmt.Errorf("modelling %s: %w", g.Addr, err)
	}
	twin, err := pki.Twin(g.Certificate, key, by)
	if err != nil {
		return fmt.Errorf("modelling %s: %w", g.Addr, err)
	}
	c.twins[g.Addr] = pki.Parent{Certificate: twin, Key: key}
	c.of[g.Addr] = g.Certificate
	c.byKey[pki.SPKIDigest(g.Certificate)] = g.Addr
	return nil
}

// rootOf is the twin of the root that signed an issuer.
func (c *cast) rootOf(s estate.Scene, issuer *x509.Certificate) pki.Parent {
	for _, g := range s.Issuers {
		if g.Environment == "" && pki.SignedBy(issuer, g.Certificate) {
			return c.twins[g.Addr]
		}
	}
	return pki.Parent{}
}

// standIn mints what the configuration wants under the root's twin.
func (c *cast) standIn(s estate.Scene, g estate.SceneIssuer, root pki.Parent) error {
	spec := issuers.SpecOf(s.Config, s.Config.Environments[g.Environment])
	kind, err := keys.ParseType(spec.KeyType)
	if err != nil {
		return fmt.Errorf("modelling %s: %w", g.Addr, err)
	}
	key, err := keys.Generate(kind)
	if err != nil {
		return fmt.Errorf("modelling %s: %w", g.Addr, err)
	}
	cert, err := pki.NewIssuer(pki.IssuerSpec{
		Environment: spec.Environment, Generation: g.Addr.Generation, Organization: spec.Organization, TrustDomain: spec.TrustDomain,
		DNSDomains: spec.DNSDomains, NoNameConstraint: spec.NoNameConstraint, Lifetime: spec.Lifetime, Now: s.Now,
	}, key.Public(), root)
	if err != nil {
		return fmt.Errorf("modelling %s: %w", g.Addr, err)
	}
	c.twins[g.Addr] = pki.Parent{Certificate: cert, Key: key}
	return nil
}

// plays are the certificates of an anchor with ours, and whatever else carries
// a key of ours, replaced by twins. What is not ours stays as it is.
func (c *cast) plays(a estate.PlacedAnchor) []*x509.Certificate {
	var list []*x509.Certificate
	for i, cert := range a.Certificates {
		if twin, ours := c.twins[a.Known[i]]; ours && (cert == nil || cert.Equal(c.of[a.Known[i]])) {
			list = append(list, twin.Certificate)
			continue
		}
		if owner, ours := c.byKey[pki.SPKIDigest(cert)]; ours {
			twin, err := pki.Twin(cert, c.twins[owner].Key, pki.Parent{})
			if err == nil {
				list = append(list, twin)
				continue
			}
			c.notes = append(c.notes, fmt.Sprintf("%s holds a certificate with the key of %s that has no twin: %v", a.Live.ARN, owner, err))
		}
		list = append(list, cert)
	}
	return list
}

// classes are the workloads of the configuration under each generation of
// their environment's issuer whose certificates can be alive.
func (c *cast) classes(s estate.Scene) []class {
	var list []class
	for _, env := range s.Config.EnvironmentNames() {
		e := s.Config.Environments[env]
		for _, g := range s.Issuers {
			active := g.Status == store.Active || g.Status == estate.Planned
			if g.Environment != env || !active && s.Now.After(g.Certificate.NotAfter) {
				continue
			}
			for _, name := range e.Holders() {
				list = append(list, c.class(s, e, name, g.Addr, active))
			}
		}
	}
	return list
}

func (c *cast) class(s estate.Scene, e *config.Environment, name string, issuer plan.Addr, active bool) class {
	one := class{workload: plan.Workload(e.Name, name), issuer: issuer, active: active}
	parent := c.twins[issuer]
	spec := issuance.Spec(s.Config, e, name, "")
	spec.Now = s.Now
	spec.Lifetime = min(spec.Lifetime, parent.Certificate.NotAfter.Sub(s.Now)).Truncate(time.Second)
	key, err := keys.Generate(keys.P256)
	if err != nil {
		one.without = err.Error()
		return one
	}
	if one.leaf, err = pki.NewWorkload(spec, key.Public(), parent); err != nil {
		one.without = err.Error()
		return one
	}
	one.chain = []*x509.Certificate{parent.Certificate}
	return one
}

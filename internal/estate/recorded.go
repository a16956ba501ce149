package estate

import (
	"context"
	"crypto/x509"
	"fmt"
	"maps"
	"slices"

	"anchorctl/internal/anchors"
	"anchorctl/internal/ownership"
	"anchorctl/internal/pki"
	"anchorctl/internal/plan"
	"anchorctl/internal/store"
)

// recorded is what the store says is ours.
type recorded struct {
	estate      store.Estate
	generations []store.Generation
	objects     map[plan.Addr]plan.Object
	known       map[string]plan.Addr         // issuer generations by fingerprint
	former      map[string]plan.Addr         // and those whose certificate is another one by now
	renewed     map[string]int64             // when the newest certificate of a generation took a former one's place, by address
	rotations   map[string]store.Rotation    // the open ones, by environment
	active      map[string]store.Generation  // by environment; "" is the root
	newest      map[string]int               // highest generation number by environment
	certs       map[string]*x509.Certificate // by address
	intents     map[string]bool              // begun and not settled
	unsettled   []plan.Action                // theirs
}

func (w World) recorded(ctx context.Context) (recorded, error) {
	r := recorded{
		objects: map[plan.Addr]plan.Object{}, known: map[string]plan.Addr{}, active: map[string]store.Generation{},
		newest: map[string]int{}, certs: map[string]*x509.Certificate{}, intents: map[string]bool{},
		former: map[string]plan.Addr{}, renewed: map[string]int64{}, rotations: map[string]store.Rotation{},
	}
	var err error
	if r.estate, err = w.Folder.Store.Estate(ctx); err != nil {
		return r, fmt.Errorf("reading the estate's record: %w", err)
	}
	if r.generations, err = w.Folder.Store.AllGenerations(ctx); err != nil {
		return r, fmt.Errorf("reading the recorded issuers: %w", err)
	}
	for _, g := range r.generations {
		cert, err := x509.ParseCertificate(g.Certificate)
		if err != nil {
			return r, fmt.Errorf("reading the recorded certificate of %s: %w", g.Addr(), err)
		}
		r.known[pki.Fingerprint(cert)] = g.Addr()
		r.certs[g.Addr().String()] = cert
		r.newest[g.Environment] = max(r.newest[g.Environment], g.Number)
		if g.Status == store.Active {
			r.active[g.Environment] = g
		}
	}
	objects, err := w.Folder.Store.Objects(ctx)
	if err != nil {
		return r, fmt.Errorf("reading the recorded AWS objects: %w", err)
	}
	for _, o := range objects {
		r.objects[o.Addr] = o
	}
	open, err := w.Folder.Store.OpenIntents(ctx)
	if err != nil {
		return r, fmt.Errorf("reading what earlier runs left open: %w", err)
	}
	for _, intent := range open {
		r.intents[intent.ID] = true
		r.unsettled = append(r.unsettled, intent.Action)
	}
	return r, r.turning(ctx, w.Folder.Store)
}

// turning reads what is recorded of rotations.
func (r recorded) turning(ctx context.Context, s *store.Store) error {
	open, err := s.OpenRotations(ctx)
	if err != nil {
		return fmt.Errorf("reading the open rotations: %w", err)
	}
	for _, one := range open {
		r.rotations[one.Environment] = one
	}
	former, err := s.FormerCertificates(ctx)
	if err != nil {
		return fmt.Errorf("reading former certificates: %w", err)
	}
	for _, one := range former {
		cert, err := x509.ParseCertificate(one.Certificate)
		if err != nil {
			return fmt.Errorf("reading a former certificate: %w", err)
		}
		issuer := addressOf(one.Environment, one.Number)
		r.former[pki.Fingerprint(cert)] = issuer
		r.renewed[issuer.String()] = max(r.renewed[issuer.String()], one.Replaced)
	}
	return nil
}

// generation is the number of the environment's active issuer, or of the one
// that has to be minted.
func (r recorded) generation(env string) int {
	if g, ok := r.active[env]; ok {
		return g.Number
	}
	return r.newest[env] + 1
}

// knownAs names one of our certificates by its fingerprint.
func (r recorded) knownAs(fingerprint string) (string, bool) {
	if addr, ok := r.known[fingerprint]; ok {
		return addr.String(), true
	}
	addr, ok := r.former[fingerprint]
	return anchors.FormerName(addr.String()), ok
}

// generationOf is the generation that a certificate is of, by its fingerprint.
func (r recorded) generationOf(fingerprint string) plan.Addr {
	if addr, ok := r.known[fingerprint]; ok {
		return addr
	}
	return r.former[fingerprint]
}

// inAnchors are the generations that the anchors of an environment should have:
// while a rotation is open, every one that is minted and not retired.
func (r recorded) inAnchors(environment string) []plan.Addr {
	if _, open := r.rotations[environment]; open {
		if list := r.minted(environment); len(list) > 0 {
			return list
		}
	}
	return []plan.Addr{plan.Issuer(environment, r.generation(environment))}
}

// withIntent are the tags of an object that is there: they also say which
// creation it came from.
func (r recorded) withIntent(addr plan.Addr, tags map[string]string) map[string]string {
	if intent := r.objects[addr].Intent; intent != "" {
		return ownership.WithIntent(tags, intent)
	}
	return tags
}

// digest is what a plan rests on of all this.
func (r recorded) digest(v revoking) (string, error) {
	lines := v.digest()
	for _, g := range r.generations {
		lines = append(lines, fmt.Sprintf("%s %s %s", g.Addr(), pki.Fingerprint(r.certs[g.Addr().String()]), g.Status))
	}
	for _, addr := range addresses(r.objects) {
		lines = append(lines, addr.String()+" "+r.objects[addr].ARN)
	}
	for _, env := range slices.Sorted(maps.Keys(r.rotations)) {
		n := r.rotations[env]
		lines = append(lines, fmt.Sprintf("rotation of %q: %s from %d to %d, cut over at %d", env, n.Kind, n.From, n.To, n.CutOver))
	}
	return plan.DigestOf(lines)
}

// environments are all names that ever had an issuer here, and those that are
// to have one.
func environments(r recorded, d desired) []string {
	var names []string
	for _, g := range r.generations {
		if g.Environment != "" {
			names = append(names, g.Environment)
		}
	}
	for name := range d.issuers {
		names = append(names, name)
	}
	return slices.Compact(slices.Sorted(slices.Values(names)))
}

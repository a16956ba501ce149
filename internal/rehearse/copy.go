package rehearse

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"anchorctl/internal/awsapi"
	"anchorctl/internal/config"
	"anchorctl/internal/durable"
	"anchorctl/internal/estate"
	"anchorctl/internal/folder"
	"anchorctl/internal/keys"
	"anchorctl/internal/pki"
	"anchorctl/internal/plan"
	"anchorctl/internal/roles"
	"anchorctl/internal/sandbox"
	"anchorctl/internal/store"
)

// double is the copy of the environment, and the sandbox that it lives in.
type double struct {
	Options

	deps     folder.Deps
	schedule *schedule
	box      *sandbox.Running
	folder   *folder.Folder
	original original
	tally    *tally
	anchors  map[plan.Target]string
}

// open makes the copy. What it returns has to be closed, also beside an error.
func (o Options) open(ctx context.Context, n original) (*double, error) {
	d := &double{Options: o, original: n, schedule: newSchedule(o.World.Folder.Clock.Now()), tally: newTally()}
	d.deps = folder.Deps{
		Dir: filepath.Join(o.Dir, "estate"), StateHome: filepath.Join(o.Dir, "state"), Clock: d.schedule.clock(), Actor: o.World.Folder.Actor,
	}
	o.tell("copying environment %s", o.Environment)
	if err := d.found(ctx); err != nil {
		return d, fmt.Errorf("copying the estate: %w", err)
	}
	var err error
	d.box, err = sandbox.Serve(ctx, sandbox.Options{
		Seed: n.seed(o.environment()), Clock: d.schedule.clock(), RateLimit: true, Log: d.tally.note,
	})
	if err != nil {
		return d, err
	}
	if err := d.apply(ctx); err != nil {
		return d, fmt.Errorf("applying the copied configuration in the sandbox: %w", err)
	}
	return d, d.trust(ctx)
}

func (d *double) close() error {
	var err error
	if d.folder != nil {
		err = d.folder.Close()
	}
	if d.box != nil {
		err = errors.Join(err, d.box.Close())
	}
	return err
}

// found makes the copy's folder: a root and an issuer with keys of their own, of
// the same generations, names and dates.
func (d *double) found(ctx context.Context) (err error) {
	lineage := d.World.Folder.Estate.Lineage
	layout, files := d.deps.Layout(), durable.Files{}
	if err := errors.Join(files.MkdirAll(layout.Keys(), 0o700), files.MkdirAll(filepath.Dir(layout.Secret(lineage)), 0o700)); err != nil {
		return err
	}
	if err := d.configure(config.Manage); err != nil {
		return err
	}
	secret, err := keys.NewSecret()
	if err != nil {
		return err
	}
	if err := files.Create(layout.Secret(lineage), secret.Text(), 0o600); err != nil {
		return err
	}
	s, err := store.Create(ctx, layout.Store(), store.Estate{
		Lineage: lineage, Name: d.World.Folder.Estate.Name, TrustDomain: d.World.Folder.Estate.TrustDomain,
	}, d.deps.StoreOptions())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return d.generations(ctx, s)
}

// generations makes the root that signs and the issuer that signs.
func (d *double) generations(ctx context.Context, s *store.Store) error {
	real := d.World.Folder
	rootCert, err := x509.ParseCertificate(real.Root.Certificate)
	if err != nil {
		return err
	}
	issuer, err := x509.ParseCertificate(d.active.Certificate)
	if err != nil {
		return err
	}
	ring := d.deps.Ring(real.Estate.Lineage)
	rootKey, err := ring.Create(ctx, fmt.Sprintf("root-%d", real.Root.Number), keys.Type(real.Config.Root.Key.Type), keys.GuardSecret)
	if err != nil {
		return err
	}
	begun := rootCert.NotBefore.Add(pki.BackDate)
	root, err := pki.NewRoot(pki.RootSpec{
		Name: real.Config.Estate.Name, Organization: real.Config.Estate.Organization, Generation: real.Root.Number,
		Lifetime: rootCert.NotAfter.Sub(begun), Now: begun,
	}, rootKey)
	if err != nil {
		return err
	}
	err = s.AddGeneration(ctx, store.Generation{
		Number: real.Root.Number, Certificate: root.Raw, KeyURI: rootKey.URI, Guard: string(keys.GuardSecret), Status: store.Active,
		Created: real.Root.Created,
	})
	if err != nil {
		return err
	}
	return d.issuer(ctx, s, ring, issuer, pki.Parent{Certificate: root, Key: rootKey})
}

func (d *double) issuer(ctx context.Context, s *store.Store, ring *keys.Ring, like *x509.Certificate, root pki.Parent) error {
	env := d.environment()
	key, err := ring.Create(ctx, fmt.Sprintf("issuer-%s-%d", d.Environment, d.active.Number), keys.Type(env.Issuer.Key.Type), keys.GuardSecret)
	if err != nil {
		return err
	}
	begun := later(like.NotBefore, root.Certificate.NotBefore).Add(pki.BackDate)
	cert, err := pki.NewIssuer(pki.IssuerSpec{
		Environment: d.Environment, Generation: d.active.Number, Organization: d.World.Folder.Config.Estate.Organization,
		TrustDomain: d.World.Folder.Config.Estate.TrustDomain, DNSDomains: like.PermittedDNSDomains,
		NoNameConstraint: len(like.PermittedURIDomains) == 0, Lifetime: like.NotAfter.Sub(begun), Now: begun,
	}, key.Public(), root)
	if err != nil {
		return err
	}
	err = s.AddGeneration(ctx, store.Generation{
		Environment: d.Environment, Number: d.active.Number, Certificate: cert.Raw, KeyURI: key.URI, Guard: string(keys.GuardSecret),
		Status: store.Active, Created: d.active.Created,
	})
	if err != nil {
		return err
	}
	// Numbers are never used again: the next issuer is called what it will be.
	for _, g := range d.retired {
		if err := s.AddGeneration(ctx, g); err != nil {
			return err
		}
	}
	return nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// configure writes the part of the configuration that is the environment's. JSON is
// YAML.
func (d *double) configure(handling config.RoleHandling) error {
	files, layout := durable.Files{}, d.deps.Layout()
	c := *d.World.Folder.Config
	env := *c.Environments[d.Environment]
	c.Roles, c.Environments = handling, map[string]*config.Environment{d.Environment: &env}
	env.Targets = append([]config.Target(nil), env.Targets...)
	for i := range env.Targets {
		env.Targets[i].Credentials = nil // the sandbox has keys of its own
	}
	env.Profiles = map[string]*config.Profile{}
	for name, p := range d.environment().Profiles {
		copied := *p
		if p.SessionPolicyDocument != "" {
			copied.SessionPolicy = "policy-" + name + ".json"
			if err := files.Replace(filepath.Join(layout.Dir, copied.SessionPolicy), []byte(p.SessionPolicyDocument), 0o600); err != nil {
				return err
			}
		}
		env.Profiles[name] = &copied
	}
	text, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("writing the configuration: %w", err)
	}
	return files.Replace(layout.Config(), append(text, '\n'), 0o600)
}

// apply has the real apply make anchors, profiles and statements in the sandbox.
func (d *double) apply(ctx context.Context) error {
	if err := d.reopen(ctx); err != nil {
		return err
	}
	d.tell("making trust anchors and profiles in the sandbox")
	if _, err := d.world().Apply(ctx, estate.ApplyOptions{}); err != nil {
		return err
	}
	objects, err := d.folder.Store.Objects(ctx)
	if err != nil {
		return err
	}
	d.anchors = map[plan.Target]string{}
	for _, o := range objects {
		if o.Addr.Kind == plan.KindAnchor {
			d.anchors[o.Addr.Target] = o.ARN
		}
	}
	return nil
}

// trust gives the roles the trust policies that they have in AWS, and the
// configuration its own word on who writes them.
func (d *double) trust(ctx context.Context) error {
	for addr, document := range d.original.trusts(d.anchors) {
		cloud, err := d.world().Reach(ctx, d.Environment, plan.Target{Account: addr.Target.Account})
		if err != nil {
			return err
		}
		if err := cloud.Roles.PutTrust(ctx, roles.Name(addr), document); err != nil {
			return fmt.Errorf("copying the trust policy of %s: %w", addr, err)
		}
	}
	if err := d.configure(d.World.Folder.Config.Roles); err != nil {
		return err
	}
	return d.reopen(ctx)
}

func (d *double) reopen(ctx context.Context) (err error) {
	if d.folder != nil {
		if err := d.folder.Close(); err != nil {
			return err
		}
	}
	d.folder, err = folder.Open(ctx, d.deps)
	return err
}

// world is the copy as the real code takes it.
func (d *double) world() estate.World {
	pacer := awsapi.NewPacer(d.schedule.clock())
	return estate.World{Folder: d.folder, Open: func(ctx context.Context, t config.Target) (estate.Cloud, error) {
		target, err := awsapi.Open(ctx, awsapi.Options{
			Account: t.Account, Region: t.Region, NamePrefix: d.folder.Config.Estate.Name + "-", Clock: d.schedule.clock(), Pacer: pacer,
			Only: d.place(t.Account),
		})
		if err != nil {
			return estate.Cloud{}, err
		}
		id, err := target.Identity(ctx)
		if err != nil {
			return estate.Cloud{}, err
		}
		return target.Cloud(id), nil
	}}
}

func (d *double) place(account string) *awsapi.Place {
	place := &awsapi.Place{URL: d.box.URL}
	for _, k := range d.box.Keys() {
		if k.Account == account {
			place.KeyID, place.Secret = k.ID, k.Secret
		}
	}
	return place
}

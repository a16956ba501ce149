package estate

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"anchorctl/internal/anchors"
	"anchorctl/internal/crls"
	"anchorctl/internal/engine"
	"anchorctl/internal/issuers"
	"anchorctl/internal/plan"
	"anchorctl/internal/profiles"
	"anchorctl/internal/roles"
)

// engine builds the engine with every doer of an application.
func (r *runner) engine(d desired) engine.Engine {
	w := r.world
	r.minter = &issuers.Doer{
		Specs: d.issuers, Config: w.Folder.Config, Requests: w.Folder.Layout.Requests(), Store: w.Folder.Store, Ring: w.Folder.Ring, Clock: w.Folder.Clock,
		Publish: w.Folder.PublishRoot,
	}
	cloud := func(ctx context.Context, addr plan.Addr) (Cloud, error) {
		c, err := r.clouds.open(ctx, w.target(addr))
		return c, w.unreached(addr, err)
	}
	doers := map[plan.Kind]engine.Doer{plan.Forget: {Do: forgotten}}
	maps.Copy(doers, r.minter.ByKind())
	maps.Copy(doers, anchors.Doers{
		Ours: anchors.Ours{Find: w.find, API: func(ctx context.Context, addr plan.Addr) (anchors.API, error) {
			c, err := cloud(ctx, addr)
			return c.Anchors, err
		}},
		Admit: w.admit, Known: w.known, Keeps: w.keepsActive, Clock: w.Folder.Clock,
	}.ByKind())
	maps.Copy(doers, crls.Doers{
		Signer: w.signer(),
		Ours: crls.Ours{Find: w.find, API: func(ctx context.Context, addr plan.Addr) (crls.API, error) {
			c, err := cloud(ctx, addr)
			return c.CRLs, err
		}},
	}.ByKind())
	maps.Copy(doers, profiles.Doers{
		Ours: profiles.Ours{Find: w.find, API: func(ctx context.Context, addr plan.Addr) (profiles.API, error) {
			c, err := cloud(ctx, addr)
			return c.Profiles, err
		}},
	}.ByKind())
	maps.Copy(doers, roles.Doers{
		API: func(ctx context.Context, addr plan.Addr) (roles.API, error) {
			c, err := r.clouds.openRole(ctx, d.pins[addr].Environment, addr.Target.Account)
			return c.Roles, err
		},
		Clock: w.Folder.Clock,
		PutPolicy: func(ctx context.Context, role plan.Addr, policy, document string) error {
			c, err := r.clouds.openRole(ctx, d.pins[role].Environment, role.Target.Account)
			if err != nil {
				return err
			}
			return c.PutRolePolicy(ctx, roles.Name(role), policy, document)
		},
	}.ByKind())
	gates := map[string]engine.Gate{gateForeignRoles: doorkeeper{world: w, clouds: r.clouds, desired: d}.ask}
	maps.Copy(gates, r.options.Gates)
	return engine.Engine{
		Journal: w.Folder.Store, Doers: doers, Clock: w.Folder.Clock, Events: w.Events, Gates: gates, Resolve: w.resolve,
	}
}

// known names our certificates by fingerprint.
func (w World) known(ctx context.Context) (anchors.KnownAs, error) {
	r, err := w.recorded(ctx)
	return r.knownAs, err
}

// find gives the id of one of our objects: the last part of its ARN.
func (w World) find(ctx context.Context, addr plan.Addr) (string, error) {
	arn, err := w.resolve(ctx, addr, "arn")
	return arn[strings.LastIndex(arn, "/")+1:], err
}

// resolve answers a plan's reference from the store.
func (w World) resolve(ctx context.Context, addr plan.Addr, field string) (string, error) {
	if field != "arn" {
		return "", fmt.Errorf("%s has no field %q", addr, field)
	}
	objects, err := w.Folder.Store.Objects(ctx)
	if err != nil {
		return "", err
	}
	for _, o := range objects {
		if o.Addr == addr {
			return o.ARN, nil
		}
	}
	return "", fmt.Errorf("%s is not recorded in the store", addr)
}

package estate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"anchorctl/internal/anchors"
	"anchorctl/internal/iampolicy"
	"anchorctl/internal/plan"
	"anchorctl/internal/profiles"
	"anchorctl/internal/roles"
)

// Draft is the scene that applying the configuration would make of an empty
// AWS: nothing is asked of the network. ARNs that only AWS can give are made
// up, an issuer that is not minted yet has no certificate, each role trusts
// exactly its pin and allows the longest session there is, and all is enabled.
func (w World) Draft(ctx context.Context) (Scene, error) {
	r, err := w.recorded(ctx)
	if err != nil {
		return Scene{}, err
	}
	d := want(w.Folder.Config, r.estate.Lineage, r)
	s := w.scene(r)
	for _, env := range w.Folder.Config.EnvironmentNames() {
		if _, minted := r.active[env]; !minted {
			s.Issuers = append(s.Issuers, SceneIssuer{Addr: plan.Issuer(env, r.generation(env)), Environment: env, Status: Planned})
		}
	}
	made := draft{record: r, desired: d, arns: map[plan.Addr]string{}}
	for _, at := range targetsOf(d) {
		s.Places = append(s.Places, made.place(at))
	}
	for addr, pin := range d.pins {
		live, err := made.role(pin)
		if err != nil {
			return Scene{}, fmt.Errorf("drafting %s: %w", addr, err)
		}
		s.Roles[addr] = live
	}
	return s, nil
}

// Planned is the status of an issuer that is to be minted.
const Planned = "planned"

type draft struct {
	record  recorded
	desired desired
	arns    map[plan.Addr]string
}

// place is what the configuration wants at an account and region.
func (d draft) place(at plan.Target) Place {
	p := Place{Target: at, Account: at.Account, Partition: at.Partition()}
	for _, addr := range addresses(d.desired.anchors) {
		if addr.Target != at {
			continue
		}
		spec := d.desired.anchors[addr]
		a := PlacedAnchor{Addr: addr, Environment: addr.Environment, Known: spec.Certificates, Live: anchors.Live{
			Name: spec.Name, ARN: d.arn("trust-anchor", addr), Enabled: true, SourceType: anchors.SourceBundle, Tags: spec.Tags,
		}}
		for _, issuer := range spec.Certificates {
			a.Certificates = append(a.Certificates, d.record.certs[issuer.String()])
		}
		p.Anchors = append(p.Anchors, a)
	}
	for _, addr := range addresses(d.desired.profiles) {
		if addr.Target != at {
			continue
		}
		want := d.desired.profiles[addr]
		p.Profiles = append(p.Profiles, PlacedProfile{Addr: addr, Environment: addr.Environment, Live: profiles.Live{
			Name: want.Spec.Name, ARN: d.arn("profile", addr), Enabled: true, RoleARNs: want.Spec.RoleARNs,
			ManagedPolicyARNs: want.Spec.ManagedPolicyARNs, SessionPolicy: want.Spec.SessionPolicy,
			DurationSeconds: want.Spec.DurationSeconds, Mappings: want.Spec.Mappings, Tags: want.Tags,
		}})
	}
	return p
}

// arn is a made-up ARN, another for each address.
func (d draft) arn(resource string, addr plan.Addr) string {
	if d.arns[addr] == "" {
		d.arns[addr] = fmt.Sprintf("arn:%s:rolesanywhere:%s:%s:%s/00000000-0000-0000-0000-%012d",
			addr.Target.Partition(), addr.Target.Region, addr.Target.Account, resource, len(d.arns)+1)
	}
	return d.arns[addr]
}

// longestSession is the most that a role's MaxSessionDuration can be
// (https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html).
const longestSession = 43200

// role is a role that trusts its pin. The anchors have their ARNs by now.
func (d draft) role(pin roles.Pin) (roles.Live, error) {
	pin.AnchorARNs = nil
	partition := "aws"
	for _, addr := range addresses(d.desired.anchors) {
		if addr.Environment == pin.Environment && addr.Target.Account == pin.Addr.Target.Account {
			pin.AnchorARNs = append(pin.AnchorARNs, d.arns[addr])
			partition = addr.Target.Partition()
		}
	}
	if err := pin.Trust().Check(); err != nil {
		return roles.Live{}, err
	}
	name := roles.Name(pin.Addr)
	return roles.Live{
		Name: name, Path: "/" + pin.Addr.Name[:len(pin.Addr.Name)-len(name)], ARN: roles.ARN(partition, pin.Addr), Exists: true,
		Trust: string(iampolicy.GenerateTrust(pin.Trust())), MaxSessionSeconds: longestSession,
	}, nil
}

// targetsOf are the places of all that is wanted, in order.
func targetsOf(d desired) []plan.Target {
	var list []plan.Target
	for _, addr := range addresses(d.anchors) {
		if !slices.Contains(list, addr.Target) {
			list = append(list, addr.Target)
		}
	}
	slices.SortFunc(list, func(a, b plan.Target) int { return strings.Compare(a.String(), b.String()) })
	return list
}

package denial

import (
	"context"
	"crypto/x509"
	"fmt"
	"maps"
	"slices"
	"time"

	"anchorctl/internal/anchors"
	"anchorctl/internal/config"
	"anchorctl/internal/estate"
	"anchorctl/internal/gates"
	"anchorctl/internal/pki"
	"anchorctl/internal/plan"
	"anchorctl/internal/profiles"
	"anchorctl/internal/roles"
)

// sight is what AWS shows of the place of a session, and why not all of it.
type sight struct {
	anchors  []anchors.Live
	profiles []profiles.Live
	crls     []estate.CRL
	role     roles.Live
	unseen   map[string]string // gates, and why what they look at was not seen
	note     string            // why nothing was seen
}

// lists reads the three lists of a place. What cannot be read is not checked.
func lists(ctx context.Context, cloud estate.Cloud) sight {
	s := sight{unseen: map[string]string{}}
	var err error
	if s.anchors, err = cloud.Anchors.List(ctx, false); err != nil {
		s.anchors, s.unseen[gates.GateAnchor] = nil, err.Error()
	}
	if s.profiles, err = cloud.Profiles.List(ctx, false); err != nil {
		s.profiles, s.unseen[gates.GateProfile] = nil, err.Error()
	}
	if cloud.CRLs == nil {
		s.unseen[gates.GateRevocation] = "nobody asked for the revocation lists"
	} else if s.crls, err = cloud.Lists(ctx); err != nil {
		s.crls, s.unseen[gates.GateRevocation] = nil, err.Error()
	}
	return s
}

// with adds the role of a case to what was seen of its place.
func (s sight) with(ctx context.Context, cloud estate.Cloud, arn string) sight {
	s.unseen = maps.Clone(s.unseen)
	role := roleOf(arn)
	if role.Target.Account != cloud.Account {
		s.unseen[gates.GateRole] = fmt.Sprintf("the role lies in account %s, and the session is asked for in %s", role.Target.Account, cloud.Account)
		return s
	}
	live, err := cloud.Roles.Get(ctx, roles.Name(role))
	if err != nil {
		s.unseen[gates.GateRole] = err.Error()
		return s
	}
	s.role = live
	return s
}

// blind is a place that could not be opened.
func blind(err error) sight {
	const why = "AWS was not reached"
	s := sight{unseen: map[string]string{}, note: why + ": " + err.Error()}
	for _, gate := range []string{gates.GateAnchor, gates.GateRevocation, gates.GateProfile, gates.GateRole} {
		s.unseen[gate] = why
	}
	return s
}

// question is what the gates are asked about a case in the light of what was
// seen.
func (s sight) question(c Case) gates.Question {
	q := base(c)
	for gate, why := range s.unseen {
		q.Unknown[gate] = why
	}
	s.anchor(c, &q)
	if i := slices.IndexFunc(s.profiles, func(l profiles.Live) bool { return l.ARN == c.ProfileARN }); i >= 0 {
		l := s.profiles[i]
		q.Profile = &gates.Profile{
			ARN: l.ARN, Enabled: l.Enabled, RoleARNs: l.RoleARNs, DurationSeconds: l.DurationSeconds,
			AcceptRoleSessionName: l.AcceptRoleSessionName, Mappings: l.Mappings,
			ManagedPolicyARNs: l.ManagedPolicyARNs, SessionPolicy: l.SessionPolicy,
		}
	}
	if s.role.Exists {
		q.Role = &gates.Role{ARN: s.role.ARN, Trust: s.role.Trust, MaxSessionSeconds: s.role.MaxSessionSeconds}
	}
	return q
}

// base is what a case says by itself.
func base(c Case) gates.Question {
	q := gates.Question{Key: c.Key, Unknown: map[string]string{}, Session: gates.Session{
		Leaf: c.Leaf, Chain: c.Chain, Account: c.Target.Account, Region: c.Target.Region,
		RoleARN: c.RoleARN, DurationSeconds: c.Seconds, SessionName: c.SessionName, Now: c.Time,
	}}
	if c.KeyNote != "" && c.Key == nil {
		q.Unknown[gates.GateKey] = c.KeyNote
	}
	return q
}

func (s sight) anchor(c Case, q *gates.Question) {
	i := slices.IndexFunc(s.anchors, func(l anchors.Live) bool { return l.ARN == c.AnchorARN })
	if i < 0 {
		return
	}
	l := s.anchors[i]
	q.Anchor = &gates.Anchor{ARN: l.ARN, Enabled: l.Enabled}
	certificates, err := pki.ParseBundle(l.Bundle)
	switch {
	case l.SourceType != anchors.SourceBundle:
		q.Unknown[gates.GatePath] = "the anchor is of the source " + l.SourceType + ", which does not show its certificates"
	case err != nil:
		q.Unknown[gates.GatePath] = "the anchor's certificates cannot be read: " + err.Error()
	}
	q.Anchor.Certificates = certificates
	for _, crl := range s.crls {
		if crl.AnchorARN != l.ARN {
			continue
		}
		list, err := pki.ParseRevocationList(crl.Data)
		if err != nil && crl.Enabled {
			q.Unknown[gates.GateRevocation] = fmt.Sprintf("%s cannot be read: %v", crl.ARN, err)
		}
		q.Anchor.CRLs = append(q.Anchor.CRLs, gates.CRL{Enabled: crl.Enabled, List: list})
	}
}

// offline is the question as far as configuration and record answer it.
func (k *Estate) offline(c Case) gates.Question {
	const notAsked = "--offline: AWS was not asked"
	q := base(c)
	for _, gate := range []string{gates.GateAnchorEnabled, gates.GateRevocation, gates.GateProfileEnabled, gates.GateRole, gates.GateDuration} {
		q.Unknown[gate] = notAsked
	}
	anchor, profile, role := k.addr(c.AnchorARN), k.addr(c.ProfileARN), roleOf(c.RoleARN)
	switch {
	case !anchor.IsZero():
		q.Anchor = &gates.Anchor{ARN: c.AnchorARN, Certificates: k.certificatesOf(anchor.Environment)}
	case c.AnchorARN != "":
		q.Unknown[gates.GateAnchor] = notAsked + ", and the estate has no record of it"
	}
	switch p := k.profile(profile); {
	case p != nil:
		q.Profile = &gates.Profile{ARN: c.ProfileARN, DurationSeconds: int(time.Duration(p.SessionDuration).Seconds()), Mappings: p.AttributeMappings,
			ManagedPolicyARNs: p.ManagedPolicies, SessionPolicy: p.SessionPolicyDocument}
		for _, name := range p.RoleNames() {
			q.Profile.RoleARNs = append(q.Profile.RoleARNs, roles.ARN(c.Target.Partition(), plan.Role(c.Target.Account, name)))
		}
	case c.ProfileARN != "":
		q.Unknown[gates.GateProfile] = notAsked + ", and the configuration does not have it"
	}
	if owner := k.environmentOf(role); owner != "" {
		if pin := k.pin(owner, role); len(pin.AnchorARNs) > 0 {
			q.Role = &gates.Role{ARN: c.RoleARN, Trust: string(trustDocument(pin))}
		}
	}
	return q
}

// profile is what the configuration says of a profile of ours; nil when it says
// nothing.
func (k *Estate) profile(addr plan.Addr) *config.Profile {
	if env := k.Config.Environments[addr.Environment]; env != nil {
		return env.ProfileAt(addr.Target, addr.Name)
	}
	return nil
}

// certificatesOf are the certificates of an environment's issuers that sign.
func (k *Estate) certificatesOf(env string) []*x509.Certificate {
	var all []*x509.Certificate
	for _, i := range k.issuers {
		if i.addr.Environment == env && i.active() {
			all = append(all, i.certificate)
		}
	}
	return all
}

// anchorCertificates are what the anchor holds, as far as that is known.
func (v view) anchorCertificates() []*x509.Certificate {
	if v.q.Anchor == nil {
		return nil
	}
	return v.q.Anchor.Certificates
}

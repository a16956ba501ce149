package estatetest

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"time"

	"anchorctl/internal/gates"
	"anchorctl/internal/ownership"
	"anchorctl/internal/pki"
	"anchorctl/internal/sandbox/world"
)

// Stage is what the sandbox holds at one moment, as CreateSession's gates look at
// it.
type Stage struct {
	Now      time.Time
	Anchors  []Anchor
	Profiles []Profile
	Roles    map[string]*gates.Role // by name
	Trust    map[string]string      // of all roles, by name
}

// Anchor is one that the sandbox holds.
type Anchor struct {
	gates.Anchor

	Region, Resource string // Resource is what our tag calls it
	Bundle           string // as it was sent
}

// Profile is one that the sandbox holds.
type Profile struct {
	gates.Profile

	Region, Resource string
}

// Stage reads it, without a call to any service.
func (l *Lab) Stage() (Stage, error) {
	s := Stage{Now: l.Now(), Roles: map[string]*gates.Role{}, Trust: map[string]string{}}
	var w world.World
	if err := l.Control(http.MethodGet, "state", nil, &w); err != nil {
		return s, err
	}
	account := w.Accounts[Account]
	for name, r := range account.Roles {
		s.Roles[name] = &gates.Role{ARN: r.ARN, Trust: r.Trust, MaxSessionSeconds: r.MaxSession}
		s.Trust[name] = r.Trust
	}
	for region, here := range account.Regions {
		for _, a := range here.Anchors {
			one, err := anchorOf(a, here.CRLsOf(a.ARN))
			if err != nil {
				return s, err
			}
			one.Region = region
			s.Anchors = append(s.Anchors, one)
		}
		for _, p := range here.Profiles {
			s.Profiles = append(s.Profiles, Profile{Region: region, Resource: p.Tags[ownership.TagResource], Profile: gates.Profile{
				ARN: p.ARN, Enabled: p.Enabled, RoleARNs: p.RoleARNs, DurationSeconds: p.DurationSeconds, AcceptRoleSessionName: p.AcceptRoleSessionName,
				Mappings: p.Mappings, ManagedPolicyARNs: p.ManagedPolicyARNs, SessionPolicy: p.SessionPolicy,
			}})
		}
	}
	return s, nil
}

func anchorOf(a *world.Anchor, lists []*world.CRL) (Anchor, error) {
	certificates, err := pki.ParseBundle(a.Certificates)
	if err != nil {
		return Anchor{}, fmt.Errorf("reading the certificates of %s: %w", a.ARN, err)
	}
	one := Anchor{Resource: a.Tags[ownership.TagResource], Bundle: a.Certificates, Anchor: gates.Anchor{
		ARN: a.ARN, Enabled: a.Enabled, Certificates: certificates,
	}}
	for _, l := range lists {
		data := l.Data
		if block, _ := pem.Decode(data); block != nil {
			data = block.Bytes
		}
		list, err := x509.ParseRevocationList(data)
		if err != nil {
			return Anchor{}, fmt.Errorf("reading the list %s: %w", l.ARN, err)
		}
		one.CRLs = append(one.CRLs, gates.CRL{Enabled: l.Enabled, List: list})
	}
	return one, nil
}

// Anchor is the anchor that our tag calls so, or nil.
func (s Stage) Anchor(resource string) *Anchor {
	for i, a := range s.Anchors {
		if a.Resource == resource {
			return &s.Anchors[i]
		}
	}
	return nil
}

// Profile is the profile that our tag calls so, or nil.
func (s Stage) Profile(resource string) *Profile {
	for i, p := range s.Profiles {
		if p.Resource == resource {
			return &s.Profiles[i]
		}
	}
	return nil
}

// Ask asks CreateSession's gates for a session in a region: at the environment's
// anchor there, by a profile, for a role.
func (s Stage) Ask(leaf *x509.Certificate, environment, region, profile, role string) gates.Result {
	at := environment + "@" + Account + "/" + region
	ask := gates.Session{Leaf: leaf, Account: Account, Region: region, Now: s.Now, Role: s.Roles[role]}
	if a := s.Anchor("anchor/" + at); a != nil {
		ask.Anchor = &a.Anchor
	}
	if p := s.Profile("profile/" + environment + "/" + profile + "@" + Account + "/" + region); p != nil {
		ask.Profile = &p.Profile
	}
	if ask.Role != nil {
		ask.RoleARN = ask.Role.ARN
	}
	return gates.CreateSession(ask)
}

package revocation

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"anchorctl/internal/config"
	"anchorctl/internal/folder"
	"anchorctl/internal/plan"
	"anchorctl/internal/roles"
)

// Sessions are what revoked certificates were given before.
type Sessions struct {
	// Until is when the last session ends that a certificate can have been given
	// before now, going by the configuration.
	Until *time.Time `json:"until,omitempty"`
	// Needed is until when the policies that deny sessions have to stay: one can
	// still be given out for a while, until the list is known everywhere.
	Needed *time.Time `json:"policiesNeededUntil,omitempty"`
	// Roles are those that the certificates' workloads may take.
	Roles []string `json:"roles"`
	// Denied are those of them in which an earlier run has denied them all.
	Denied []string `json:"deniedBefore"`

	roles []plan.Addr
}

// use is a role that a workload may take.
type use struct {
	role    plan.Addr
	longest time.Duration
}

// uses are the roles that a workload may take, in every account.
func uses(c *config.Config, environment, workload string) []use {
	env := c.Environments[environment]
	if env == nil {
		return nil
	}
	var list []use
	for _, t := range env.Targets {
		for _, profile := range env.ProfilesAt(plan.Target{Account: t.Account, Region: t.Region}) {
			for _, role := range profile.RoleNames() {
				if slices.Contains(profile.Roles[role].Workloads, workload) {
					list = append(list, use{plan.Role(t.Account, role), time.Duration(profile.SessionDuration)})
				}
			}
		}
	}
	return list
}

// SessionsOf says which sessions the certificates may have been given, and until
// when those last: a revocation list keeps them from new ones alone.
func SessionsOf(c *config.Config, list []Certificate, now time.Time) Sessions {
	s := Sessions{Roles: []string{}, Denied: []string{}}
	var until time.Time
	for _, one := range list {
		given := now // the last one, at the latest
		if one.Expired {
			given = one.NotAfter
		}
		for _, u := range uses(c, one.environment, one.workload) {
			if end := given.Add(u.longest); end.After(until) {
				until = end
			}
			if !slices.Contains(s.roles, u.role) {
				s.roles = append(s.roles, u.role)
				s.Roles = append(s.Roles, u.role.String())
			}
		}
	}
	slices.Sort(s.Roles)
	if !until.IsZero() {
		until = until.UTC().Truncate(time.Second)
		needed := until.Add(roles.DenialMargin)
		s.Until, s.Needed = &until, &needed
	}
	return s
}

// longest is how long a session of a workload lasts at most.
func longest(c *config.Config, environment, workload string) time.Duration {
	var d time.Duration
	for _, u := range uses(c, environment, workload) {
		d = max(d, u.longest)
	}
	return d
}

// lastSession is when the last session ends that a certificate can have been
// given before it expired.
func lastSession(c *config.Config, one Certificate) time.Time {
	return one.NotAfter.Add(longest(c, one.environment, one.workload))
}

// Recall notes the roles in which earlier runs have denied the sessions of every
// one of the certificates.
func (s *Sessions) Recall(ctx context.Context, f *folder.Folder, list []Certificate) error {
	for _, role := range s.roles {
		denied, err := deniedIn(ctx, f, role)
		if err != nil {
			return err
		}
		open := slices.ContainsFunc(list, func(one Certificate) bool {
			mayTake := slices.ContainsFunc(uses(f.Config, one.environment, one.workload), func(u use) bool { return u.role == role })
			return mayTake && !denied[one.SerialHex]
		})
		if !open {
			s.Denied = append(s.Denied, role.String())
		}
	}
	slices.Sort(s.Denied)
	return nil
}

// deniedIn are the serial numbers whose sessions earlier runs have denied in a
// role.
func deniedIn(ctx context.Context, f *folder.Folder, role plan.Addr) (map[string]bool, error) {
	done, err := f.Store.DoneIntents(ctx, string(plan.RoleDeny)+" "+role.String())
	if err != nil {
		return nil, err
	}
	denied := map[string]bool{}
	for _, i := range done {
		serials, err := roles.Denied(i.Action)
		if err != nil {
			return nil, err
		}
		for _, serial := range serials {
			denied[serial] = true
		}
	}
	return denied, nil
}

// Deny are the policies that end the sessions of exactly these certificates, one
// for each role.
func Deny(c *config.Config, list []Certificate, now time.Time) ([]roles.Denial, error) {
	serials, order := map[plan.Addr][]string{}, []plan.Addr{}
	for _, one := range list {
		for _, u := range uses(c, one.environment, one.workload) {
			there := serials[u.role]
			if there == nil {
				order = append(order, u.role)
			}
			if len(there) == 0 || there[len(there)-1] != one.SerialHex { // a role of several profiles
				serials[u.role] = append(there, one.SerialHex)
			}
		}
	}
	var all []roles.Denial
	for _, role := range order {
		d, err := roles.DenySessions(role, serials[role], now)
		if err != nil {
			return nil, err
		}
		all = append(all, d)
	}
	return all, nil
}

// RoleWide is the end of every session of a role.
type RoleWide struct {
	Denials   []roles.Denial
	Workloads []string // who is cut off: those that the configuration gives the role, as ENV/WORKLOAD
}

// DenyAll are the policies that end every session of a role of the
// configuration: by its path and name, in every account that has it, or by its
// address in one.
func DenyAll(c *config.Config, role string, now time.Time) (RoleWide, error) {
	var wide RoleWide
	var done []plan.Addr
	for _, env := range c.EnvironmentNames() {
		for _, workload := range c.Environments[env].Holders() {
			for _, u := range uses(c, env, workload) {
				if u.role.Name != role && u.role.String() != role {
					continue
				}
				if name := env + "/" + workload; !slices.Contains(wide.Workloads, name) {
					wide.Workloads = append(wide.Workloads, name)
				}
				if slices.Contains(done, u.role) {
					continue
				}
				done = append(done, u.role)
				d, err := roles.DenyAllSessions(u.role, now)
				if err != nil {
					return wide, err
				}
				wide.Denials = append(wide.Denials, d)
			}
		}
	}
	if len(wide.Denials) == 0 {
		return wide, fmt.Errorf("ending all sessions of %q: no workload of the configuration may take a role of that name", role)
	}
	return wide, nil
}

// String says whom it cuts off.
func (w RoleWide) String() string {
	var named []string
	for _, d := range w.Denials {
		named = append(named, d.Role.String())
	}
	return fmt.Sprintf("every session of %s that was given out until now: those of %s, and of whoever else took the role, by whatever way",
		strings.Join(named, ", "), strings.Join(w.Workloads, ", "))
}

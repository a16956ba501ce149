package rotate

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"anchorctl/internal/config"
	"anchorctl/internal/estate"
	"anchorctl/internal/plan"
	"anchorctl/internal/roles"
	"anchorctl/internal/store"
)

// CutOff is what a rotation took away that did not wait.
type CutOff struct {
	At time.Time `json:"at"` // when the rotation ended
	// Certificates of the old issuer were valid then, and open no session any more.
	Certificates []Certificate `json:"certificates"`
	// Without are those among their workloads that have none of the new issuer
	// yet, as ENV/WORKLOAD.
	Without []string `json:"without"`
	// Roles are those whose sessions from before were ended, if they were.
	Roles []Denied `json:"roles"`
}

// Denied is a role with a policy that denies everything to the sessions from
// before.
type Denied struct {
	Role   string `json:"role"`
	Policy string `json:"policy"` // its name
	// Needed is when the last of those sessions has ended by itself.
	Needed time.Time `json:"neededUntil"`
	Remove string    `json:"remove"` // the command that takes it out
}

// longestSession is the most that AWS gives a role's session
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_manage-assume.html).
// What somebody with a stolen key asked for is not what the configuration says.
const longestSession = 12 * time.Hour

// CutOff is what a rotation took away, once it has ended; nil when it was nothing.
func (w World) CutOff(ctx context.Context, n store.Rotation) (*CutOff, error) {
	if n.Outcome != store.RotationDone || n.Kind == store.Renewal || n.Environment == "" {
		return nil, nil
	}
	lost, err := w.lost(ctx, n)
	if err != nil {
		return nil, err
	}
	with, err := w.alive(ctx, n, n.To)
	if err != nil {
		return nil, err
	}
	c := CutOff{At: time.Unix(n.Ended, 0).UTC(), Certificates: lost, Without: []string{}, Roles: w.denied(n)}
	for _, one := range lost { // by workload
		if last := len(c.Without) - 1; !with.has[one.Workload] && (last < 0 || c.Without[last] != one.Workload) {
			c.Without = append(c.Without, one.Workload)
		}
	}
	if len(c.Certificates) == 0 && len(c.Roles) == 0 {
		return nil, nil
	}
	return &c, nil
}

// lost are the certificates of the old issuer that were valid when a rotation
// ended, by workload. The probe's are nobody's loss.
func (w World) lost(ctx context.Context, n store.Rotation) ([]Certificate, error) {
	all := []Certificate{}
	filter := store.Filter{Environment: n.Environment, Generation: n.From, Revoked: new(bool), ValidAt: n.Ended, Limit: pageSize}
	for {
		list, err := w.Folder.Store.ListIssued(ctx, filter)
		if err != nil {
			return nil, fmt.Errorf("reading the certificates of %s: %w", from(n), err)
		}
		for _, one := range list {
			if one.Workload != config.ProbeWorkload {
				all = append(all, certificate(one))
			}
		}
		if len(list) < pageSize {
			break
		}
		filter.Before = list[len(list)-1].Entry
	}
	slices.SortFunc(all, func(a, b Certificate) int {
		return cmp.Or(strings.Compare(a.Workload, b.Workload), strings.Compare(a.Serial, b.Serial))
	})
	return all, nil
}

// denied are the roles that an emergency ended the sessions of.
func (w World) denied(n store.Rotation) []Denied {
	list := []Denied{}
	if n.Kind != store.Emergency || w.Folder.Config.Roles == config.Verify {
		return list
	}
	for _, role := range estate.EndedWith(w.Folder.Config, n.Environment) {
		list = append(list, Denied{
			Role: role.String(), Policy: roles.EndAllSessions, Needed: time.Unix(n.Ended, 0).Add(longestSession).UTC(),
			Remove: fmt.Sprintf("aws iam delete-role-policy --role-name %s --policy-name %s", roles.Name(role), roles.EndAllSessions),
		})
	}
	return list
}

// CutOffNow is what the newest rotation of an environment took away.
func (w World) CutOffNow(ctx context.Context, environment string) (*CutOff, error) {
	all, err := w.Folder.Store.Rotations(ctx, environment)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return w.CutOff(ctx, all[0])
}

// Some are the first of the certificates, as people look for them.
func (c CutOff) Some() []Certificate {
	const few = 10
	return c.Certificates[:min(few, len(c.Certificates))]
}

// Account is the one of the role.
func (d Denied) Account() string {
	addr, err := plan.ParseAddr(d.Role)
	if err != nil {
		return ""
	}
	return addr.Target.Account
}

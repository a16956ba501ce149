package prove

import (
	"fmt"
	"slices"
	"time"

	"anchorctl/internal/plan"
	"anchorctl/internal/store"
)

// call is one session to ask for.
type call struct {
	workload plan.Addr
	anchor   anchor
	profile  profile
	role     role
}

// calls are the sessions that should be denied, of every workload that can get
// a certificate.
func (r *asking) calls() []call {
	var list []call
	granted := 0
	for _, env := range r.Scene.Config.EnvironmentNames() {
		if why := r.unissued(env); why != "" {
			r.untested("workloads of "+env, why, false)
			continue
		}
		for _, name := range r.Scene.Config.Environments[env].Holders() {
			workload := plan.Workload(env, name)
			for _, a := range r.stage.anchors {
				for _, p := range r.stage.here(a.at) {
					if r.closed(a, p) {
						continue
					}
					more, skipped := r.by(workload, a, p)
					list, granted = append(list, more...), granted+skipped
				}
			}
		}
	}
	if granted > 0 {
		r.untested("what the configuration grants", fmt.Sprintf("%d sessions are for their workloads alone; the model covers them", granted), false)
	}
	return list
}

// unissued says why an environment can give nobody a certificate.
func (r *asking) unissued(env string) string {
	for _, g := range r.Scene.Issuers {
		if g.Environment != env || g.Status != store.Active {
			continue
		}
		if r.Scene.Now.Add(life).After(g.Certificate.NotAfter) {
			return fmt.Sprintf("%s ends at %s", g.Addr, g.Certificate.NotAfter.UTC().Format(time.RFC3339))
		}
		return ""
	}
	return "the environment has no issuer yet"
}

// closed notes what is disabled: that it denies shows nothing.
func (r *asking) closed(a anchor, p profile) bool {
	const why = "it is disabled, so that it denies shows nothing; the model judges it as if it were enabled"
	if !a.Live.Enabled {
		r.untested(a.name(), why, false)
	}
	if !p.Live.Enabled {
		r.untested(p.name(), why, false)
	}
	return !a.Live.Enabled || !p.Live.Enabled
}

// by are the calls by one profile: every role that it lists and, at an anchor
// of the workload's own environment, one that it does not list. granted are
// those left out.
func (r *asking) by(workload plan.Addr, a anchor, p profile) (list []call, granted int) {
	for _, i := range p.listed {
		one := call{workload, a, p, r.stage.roles[i]}
		if r.stage.expected(class{workload: workload, active: true}, a, p, one.role) != expectDenied {
			granted++
			continue
		}
		list = append(list, one)
	}
	if a.Environment != workload.Environment {
		return list, granted
	}
	if i := r.unlisted(workload, p); i >= 0 {
		list = append(list, call{workload, a, p, r.stage.roles[i]})
	}
	return list, granted
}

// unlisted is a role that the profile does not list, best one whose trust
// policy lets the workload in: then the list alone denies it.
func (r *asking) unlisted(workload plan.Addr, p profile) int {
	for _, i := range r.takes[workload] {
		if r.stage.roles[i].addr.Target.Account == p.at.Account && !slices.Contains(p.listed, i) {
			return i
		}
	}
	if p.other >= 0 && r.stage.roles[p.other].addr.Target.Account == p.at.Account {
		return p.other
	}
	return -1
}

// taken are the roles that the configuration grants each workload, by whatever
// profile.
func (s *stage) taken() map[plan.Addr][]int {
	at := map[plan.Addr]int{}
	for i, one := range s.roles {
		at[one.addr] = i
	}
	taken := map[plan.Addr][]int{}
	for g := range s.grants {
		if i, there := at[g.role]; there && !slices.Contains(taken[g.workload], i) {
			taken[g.workload] = append(taken[g.workload], i)
		}
	}
	for workload := range taken {
		slices.Sort(taken[workload])
	}
	return taken
}

// spread leaves out calls, evenly, until there are no more than AtMost.
func (r *asking) spread(all []call) []call {
	if r.AtMost <= 0 || len(all) <= r.AtMost {
		return all
	}
	var kept []call
	for i := range r.AtMost {
		kept = append(kept, all[i*len(all)/r.AtMost])
	}
	r.untested("sessions beyond --at-most", fmt.Sprintf("%d of %d were asked for", len(kept), len(all)), false)
	return kept
}

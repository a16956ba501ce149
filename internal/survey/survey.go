package survey

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"anchorctl/internal/estate"
	"anchorctl/internal/plan"
	"anchorctl/internal/publicca"
	"anchorctl/internal/rules"
	"anchorctl/internal/scrutiny"
)

// Check reads every account of the estate, or the one that is named, and judges
// it.
func Check(ctx context.Context, w estate.World, account string) (Report, error) {
	census, err := w.Census(ctx, account)
	if err != nil {
		return Report{}, err
	}
	return Judge(census, publicca.Load()), nil
}

// Judge judges what was read. It asks nobody.
func Judge(c estate.Census, public *publicca.Set) Report {
	j := &judgement{census: c, public: public, report: Report{Accounts: []Account{}, Waived: []scrutiny.Waived{}, NotChecked: []string{}}}
	j.add(c.Findings...)
	for _, account := range c.Accounts {
		j.account(account)
	}
	j.unread()
	rest, waived := scrutiny.Waive(j.report.Findings, c.Config.Waivers, c.Now)
	slices.SortStableFunc(rest, byWeight)
	j.report.Findings, j.report.Waived = rest, append(j.report.Waived, waived...)
	return j.report
}

// byWeight puts what refuses first, then what holds, each by its place.
func byWeight(a, b rules.Finding) int {
	weight := func(f rules.Finding) int {
		return slices.Index([]rules.Severity{rules.Refuse, rules.Hold, rules.Warn}, f.Severity)
	}
	return cmp.Or(cmp.Compare(weight(a), weight(b)), cmp.Compare(a.At, b.At), cmp.Compare(a.Rule, b.Rule))
}

type judgement struct {
	census estate.Census
	public *publicca.Set
	report Report
}

func (j *judgement) add(findings ...rules.Finding) {
	j.report.Findings = append(j.report.Findings, findings...)
}

func (j *judgement) find(rule, at, format string, args ...any) {
	j.add(rules.Find(rule, at, fmt.Sprintf(format, args...)))
}

func (j *judgement) notChecked(format string, args ...any) {
	j.report.NotChecked = append(j.report.NotChecked, fmt.Sprintf(format, args...))
}

// account judges one account: its roles, then what each region has.
func (j *judgement) account(account estate.AccountRoles) {
	trusting := j.roles(account)
	out := Account{Account: account.Account, Regions: []Region{}, Roles: Roles{
		Listed: account.Unlisted == "", All: len(account.Roles), RolesAnywhere: len(trusting),
	}}
	for addr := range j.census.Mapped {
		if addr.Target.Account == account.Account {
			out.Roles.Mapped++
		}
	}
	if account.Unlisted != "" {
		j.notChecked("the roles of account %s that no profile lists: %s", account.Account, account.Unlisted)
	}
	for _, place := range j.census.Places {
		if place.Account == account.Account {
			out.Regions = append(out.Regions, j.region(place, trusting, account.Unlisted == ""))
		}
	}
	j.accepting(account.Account)
	j.report.Accounts = append(j.report.Accounts, out)
}

func (j *judgement) region(p estate.Place, trusting []trusting, all bool) Region {
	r := Region{Region: p.Target.Region, Anchors: []Anchor{}, Profiles: []Profile{}, RevocationLists: len(p.CRLs), Quotas: []Quota{}}
	for _, a := range p.Anchors {
		r.Anchors = append(r.Anchors, j.anchor(a, p.Account, trusting, all))
	}
	for _, profile := range p.Profiles {
		r.Profiles = append(r.Profiles, j.profile(profile))
	}
	r.Quotas = append(r.Quotas, j.quotas(p)...)
	return r
}

// unread says what could not be read, and what is never asked.
func (j *judgement) unread() {
	for _, at := range j.census.Closed {
		j.notChecked("%s, which left anchorctl.yaml and could not be opened", at)
	}
	for _, p := range j.census.Places {
		if p.CRLsUnread != "" {
			j.notChecked("the revocation lists at %s: %s", p.Target, p.CRLsUnread)
		}
	}
	for _, addr := range sorted(j.census.Mapped) {
		for _, why := range j.census.Mapped[addr].Unread {
			j.notChecked("what %s may do: %s", addr, why)
		}
	}
	for _, addr := range sorted(j.census.Unread) {
		j.notChecked("%s %s", addr, j.census.Unread[addr])
	}
}

// sorted are the addresses of m in the order of their text.
func sorted[V any](m map[plan.Addr]V) []plan.Addr {
	list := make([]plan.Addr, 0, len(m))
	for addr := range m {
		list = append(list, addr)
	}
	slices.SortFunc(list, func(a, b plan.Addr) int { return cmp.Compare(a.String(), b.String()) })
	return list
}

package main

import (
	"slices"
	"strings"
	"time"

	"anchorctl/internal/render"
	"anchorctl/internal/revocation"
)

// sessionLines say what sessions that were given out before can still do, and
// where.
func sessionLines(p *render.Page, r revoked, order revocationOrder) {
	until := "their end"
	if r.Sessions.Until == nil {
		p.Line("Sessions given out before: no role of anchorctl.yaml lists the workload. Look in CloudTrail for sessions named after the serial number.")
	} else {
		until = r.Sessions.Until.Format(time.RFC3339)
	}
	denied := slices.Clone(r.Ended)
	before := slices.DeleteFunc(slices.Clone(r.Sessions.Denied), func(role string) bool { return slices.Contains(r.Ended, role) })
	denied = append(denied, before...)
	for _, one := range r.Policies {
		denied = append(denied, one.Role)
	}
	open := slices.DeleteFunc(slices.Clone(r.Sessions.Roles), func(role string) bool { return slices.Contains(denied, role) })
	if len(r.Ended) > 0 {
		p.Line("Sessions given out before: denied everything as %s, once IAM has spread the policies, within moments. What they started goes on: resources they made, and roles they assumed further.",
			strings.Join(r.Ended, ", "))
	}
	if len(r.Policies) > 0 {
		p.Line("Sessions given out before: they go on until the policies above are in their roles, or until %s.", until)
	}
	if len(before) > 0 {
		p.Line("Sessions given out before: as %s they were denied everything by an earlier run, and are while its policies stay.", strings.Join(before, ", "))
	}
	if len(open) > 0 {
		p.Line("Sessions given out before: as %s they keep all permissions until they end, at %s at the latest%s. To end them now: --end-sessions.",
			strings.Join(open, ", "), until, unlessDenied(order))
	}
	wideLines(p, r, order)
}

// unlessDenied: with roles: verify, others write the policies, and whether they
// did is not on record.
func unlessDenied(order revocationOrder) string {
	if order.managed || !slices.ContainsFunc(order.certificates, func(c revocation.Certificate) bool { return c.RevokedAt != nil }) {
		return ""
	}
	return ", unless a policy that --end-sessions printed before is in the role"
}

// wideLines say whom a role-wide denial cuts off, and until when policies that
// deny have to stay.
func wideLines(p *render.Page, r revoked, order revocationOrder) {
	if len(r.Ended)+len(r.Policies) == 0 {
		return
	}
	if order.wide != "" {
		p.Line("Cut off: %s.", order.wide)
	}
	if r.Sessions.Needed != nil {
		p.Line("Once none of the sessions that they deny is left, after %s, the policies can be deleted.", r.Sessions.Needed.Format(time.RFC3339))
	}
}

func policyTexts(p *render.Page, list []rolePolicy) {
	more := max(0, len(list)-fleetAbove)
	for _, one := range list[:len(list)-more] {
		p.Heading("Inline policy " + one.Policy + ", to be written into " + one.Role)
		p.Text(string(one.Document))
	}
	if more > 0 {
		p.Blank()
		p.Line("and %d policies more; --json has all of them", more)
	}
}

// neededByAll is until when a policy that denies every session of a role has to
// stay: others than the configuration's workloads may have taken it, for as long
// as IAM lets any session last
// (https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html).
func neededByAll(now time.Time) *time.Time {
	at := now.Add(12 * time.Hour).UTC().Truncate(time.Second)
	return &at
}

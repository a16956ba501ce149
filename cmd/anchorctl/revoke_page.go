package main

import (
	"fmt"
	"time"

	"anchorctl/internal/estate"
	"anchorctl/internal/render"
	"anchorctl/internal/revocation"
)

// How many certificates are listed one by one, and how many of more are shown
// beside their counts.
const (
	fleetAbove = 20
	fleetFirst = 5
)

// certificateTable shows what is to be revoked: of a fleet the counts, and the
// first few.
func certificateTable(p *render.Page, list []revocation.Certificate) {
	shown := list
	if len(list) > fleetAbove {
		fleetTable(p, list)
		shown = list[:fleetFirst]
		p.Blank()
	}
	rows := make([][]string, len(shown))
	for i, one := range shown {
		state := "good"
		switch {
		case one.RevokedAt != nil:
			state = "revoked at " + one.RevokedAt.Format(time.RFC3339)
		case one.Expired:
			state = "expired"
		}
		rows[i] = []string{one.Name(), one.SerialHex, one.Issuer, one.NotAfter.Format(time.RFC3339), state}
	}
	p.Table([]string{"CERTIFICATE", "SERIAL", "ISSUER", "VALID UNTIL", "STATE"}, rows)
	if more := len(list) - len(shown); more > 0 {
		p.Line("and %d more; --json lists all of them", more)
	}
}

// fleetTable counts certificates by their workload and issuer.
func fleetTable(p *render.Page, list []revocation.Certificate) {
	type counts struct{ all, good, revoked, expired int }
	groups, order := map[[2]string]*counts{}, [][2]string{}
	for _, one := range list {
		key := [2]string{one.WorkloadName(), one.Issuer}
		if groups[key] == nil {
			groups[key] = &counts{}
			order = append(order, key)
		}
		g := groups[key]
		g.all++
		switch {
		case one.RevokedAt != nil:
			g.revoked++
		case one.Expired:
			g.expired++
		default:
			g.good++
		}
	}
	rows := make([][]string, len(order))
	for i, key := range order {
		g := groups[key]
		rows[i] = []string{key[0], key[1], fmt.Sprint(g.all), fmt.Sprint(g.good), fmt.Sprint(g.revoked), fmt.Sprint(g.expired)}
	}
	p.Table([]string{"WORKLOAD", "ISSUER", "CERTIFICATES", "GOOD", "REVOKED BEFORE", "EXPIRED"}, rows)
}

func revokedPage(p *render.Page, r revoked, order revocationOrder) {
	if len(r.Certificates) > 0 {
		certificateTable(p, r.Certificates)
	}
	policyTexts(p, r.Policies)
	p.Blank()
	for _, l := range r.Lists {
		listLine(p, l)
	}
	for _, id := range r.Done {
		p.Line("done: %s", id)
	}
	for _, n := range r.Notices {
		p.Line("Note: %s", n)
	}
	if len(r.Certificates) == 0 {
		wideLines(p, r, order)
		return
	}
	p.Blank()
	if ended := len(r.Certificates) - order.living; ended > 0 {
		p.Line("Expired: %d. There is nothing to revoke of these, they get no new sessions.", ended)
	}
	if order.living == 0 {
		sessionLines(p, r, order)
		return
	}
	p.Line("Recorded: %d revoked now, %d before.", r.Recorded, order.living-r.Recorded)
	if !order.listed {
		p.Line("Not everywhere yet: until the list is at every trust anchor, the certificates still get new sessions there.")
		return
	}
	p.Line("New sessions: the certificates get none wherever the list is at the trust anchor, within moments.")
	sessionLines(p, r, order)
}

// listLine says how a revocation list stands.
func listLine(p *render.Page, l estate.ListStatus) {
	if l.Number == 0 {
		p.Line("%s has no revocation list yet, %d revoked", l.Issuer, l.Revoked)
		return
	}
	entries := "1 entry"
	if l.Entries != 1 {
		entries = fmt.Sprintf("%d entries", l.Entries)
	}
	p.Line("%s list %d: %s, %d of %d bytes, room for %d more; next update by %s", l.Issuer, l.Number, entries, l.Bytes, l.Limit, l.Room,
		l.NextUpdate.Format(time.RFC3339))
}

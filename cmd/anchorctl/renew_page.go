package main

import (
	"fmt"
	"strings"
	"time"

	"anchorctl/internal/pki"
	"anchorctl/internal/render"
	"anchorctl/internal/renewal"
)

// renewPage is one line for each certificate that something came of, and a sum.
func renewPage(r renewal.Result) func(*render.Page) {
	return func(p *render.Page) {
		for _, o := range r.Certificates {
			if line := renewLine(o, len(r.Certificates) == 1); line != "" {
				p.Line("%s", line)
			}
		}
		if len(r.Certificates) == 1 {
			return
		}
		sum := fmt.Sprintf("%d renewed, %d not due", r.Renewed, r.Current)
		for _, more := range []struct {
			n    int
			what string
		}{{r.Skipped, "left alone"}, {r.Held, "held"}, {r.Failed, "failed"}, {r.Owed, "to be pushed"}} {
			if more.n > 0 {
				sum += fmt.Sprintf(", %d %s", more.n, more.what)
			}
		}
		p.Line("%s", sum)
		if r.Next != nil {
			p.Line("the next one is due at %s", r.Next.Format(time.RFC3339))
		}
	}
}

// renewLine says what came of a certificate. Of many, those that are not due
// say nothing; errors are said on stderr.
func renewLine(o renewal.Outcome, alone bool) string {
	name := pki.WorkloadName(strings.TrimPrefix(o.Address, "workload/"), o.Instance)
	line := ""
	switch o.Action {
	case renewal.Renewed:
		line = fmt.Sprintf("%s: renewed, serial %s, valid until %s", name, o.SerialHex, o.NotAfter.Format(time.RFC3339))
	case renewal.Skipped:
		return fmt.Sprintf("%s: left alone, %s", o.Folder, o.Why)
	case renewal.Current:
		if alone {
			line = fmt.Sprintf("%s: not due before %s, valid until %s", name, o.Due.Format(time.RFC3339), o.NotAfter.Format(time.RFC3339))
		} else if o.Push != "" {
			line = name + ": not due"
		}
	case renewal.Held, renewal.Failed, renewal.Interrupted:
		return ""
	}
	switch {
	case len(o.Probed) == 1:
		line += ", a session was given"
	case len(o.Probed) > 1:
		line += fmt.Sprintf(", %d sessions were given", len(o.Probed))
	}
	switch o.Push {
	case renewal.PushDone:
		line += ", pushed"
	case renewal.PushOwed:
		line += ", still to be pushed"
	}
	return line
}

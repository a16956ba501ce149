package denial

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"anchorctl/internal/gates"
)

// skew is how far the service lets a request's date be off ("about 10 minutes",
// seen; not documented).
const skew = 10 * time.Minute

// compare holds what the service said against the gate that fails first here.
func (v view) compare() (agrees bool, note string) {
	said := gates.GatesOf(v.c.Service.Message)
	first, closed := v.e.First()
	for _, gate := range said {
		if closed && gate == first.Gate {
			return true, ""
		}
	}
	switch {
	case len(said) == 1 && said[0] == gates.GateKey:
		return false, v.signature()
	case len(said) == 0 && v.c.Service.Message == "":
		return false, "the service gave no reason, so there is nothing to compare with"
	case len(said) == 0:
		return false, fmt.Sprintf("the service said %q, which is none of the messages that are known", v.c.Service.Message)
	case !closed && v.open(said):
		return false, fmt.Sprintf("the service said %q (%s), which was not checked here", v.c.Service.Message, strings.Join(said, ", or "))
	case !closed:
		return false, fmt.Sprintf("the service said %q (%s), and nothing fails there now: it was changed since, or the service saw what is not known here",
			v.c.Service.Message, strings.Join(said, ", or "))
	}
	return false, fmt.Sprintf("the service said %q (%s), and here %s fails first: something was changed since, or the model is wrong; look at both",
		v.c.Service.Message, strings.Join(said, ", or "), first.Gate)
}

// open says that one of the gates was not checked.
func (v view) open(names []string) bool {
	return slices.ContainsFunc(v.e.Open(), func(gate string) bool { return slices.Contains(names, gate) })
}

// signature tells what is left when the service could not verify one.
func (v view) signature() string {
	note := "the service could not verify the signature: another key, a clock that is more than 10 minutes off, or a proxy that changes headers"
	if v.c.Service.Date == nil || v.c.asked.IsZero() {
		return note
	}
	off := v.c.asked.Sub(*v.c.Service.Date)
	if off.Abs() < skew {
		return note + fmt.Sprintf("; the clocks were %s apart, which is not it", off.Abs().Round(time.Second))
	}
	return fmt.Sprintf("the service could not verify the signature: the clock of the machine that asked was %s off; run %q there and set it right",
		off.Abs().Round(time.Second), "timedatectl status")
}

// leaks says that a session which would be granted is none that the
// configuration gives: the role is one of its own, for other workloads.
func (v view) leaks() []string {
	role := roleOf(v.c.RoleARN)
	owner := v.k.environmentOf(role)
	if owner == "" {
		return nil
	}
	allowed := v.k.workloadsOf(owner, role)
	by, ours := v.k.signer(v.c.Leaf)
	env, workload := v.k.workload(v.c.Leaf)
	if ours && by.addr.Environment == owner && env == owner && slices.Contains(allowed, workload) {
		return nil
	}
	return []string{fmt.Sprintf("it is a leak: anchorctl.yaml gives %s to %s of %s alone; "+
		`run "anchorctl check account" for the statement that lets it in, and "anchorctl prove isolation" for all that leaks`,
		role, strings.Join(allowed, ", "), owner)}
}

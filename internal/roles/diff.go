package roles

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"anchorctl/internal/iampolicy"
	"anchorctl/internal/plan"
)

// Fields are those of a role that a plan shows, before and after.
type Fields struct {
	Trust json.RawMessage `json:"trust,omitempty"`
}

// Installed reports whether a trust policy gives exactly the trust of the pin,
// under whatever Sid, and returns the policy without the statement that does.
// rest is empty when nothing else is trusted.
func (p Pin) Installed(trust string) (installed bool, rest string, err error) {
	doc, err := iampolicy.Parse([]byte(trust))
	if err != nil {
		return false, "", fmt.Errorf("reading the trust policy of %s: %w", p.Addr, err)
	}
	if err := p.Trust().Check(); err != nil {
		return false, "", fmt.Errorf("writing the trust policy of %s: %w", p.Addr, err)
	}
	want, err := iampolicy.Parse(iampolicy.GenerateTrust(p.Trust()))
	if err != nil {
		return false, "", fmt.Errorf("writing the trust policy of %s: %w", p.Addr, err)
	}
	var others []iampolicy.Statement
	for _, statement := range doc.Statements {
		alone := *want
		alone.Statements = []iampolicy.Statement{statement}
		alone.Statements[0].Sid = want.Statements[0].Sid
		if iampolicy.Equal(&alone, want) {
			installed = true
			continue
		}
		others = append(others, statement)
	}
	if len(others) == 0 {
		return installed, "", nil
	}
	left := *doc
	left.Statements = others
	return installed, string(left.Encode()), nil
}

// Pinned is what is known of the pins that an environment's roles may hold in
// an account.
type Pinned struct {
	Environment string
	AnchorARNs  []string // every anchor of the environment in the account
	URIPrefix   string   // of its workloads' names
}

// Apart is a trust policy without the statements that are pins of one of the
// environments, under whatever Sid: those that let in nothing but workloads of
// the environment through its own anchors. What merely has our Sid stays. It is
// empty when nothing is left.
func Apart(addr plan.Addr, trust string, known []Pinned) (string, error) {
	doc, err := iampolicy.Parse([]byte(trust))
	if err != nil {
		return "", fmt.Errorf("reading the trust policy of %s: %w", addr, err)
	}
	left := *doc
	left.Statements = nil
	for _, statement := range doc.Statements {
		ours := slices.ContainsFunc(known, func(p Pinned) bool { return p.wrote(addr.Target.Account, statement) })
		if !ours {
			left.Statements = append(left.Statements, statement)
		}
	}
	if len(left.Statements) == 0 {
		return "", nil
	}
	return string(left.Encode()), nil
}

// wrote reports whether a statement is a pin of the environment: equal to the
// one that would be generated for the anchors and workloads it names, all of
// which are the environment's own.
func (p Pinned) wrote(account string, statement iampolicy.Statement) bool {
	trust, is := pinOf(p.Environment, account, statement)
	return is &&
		!slices.ContainsFunc(trust.AnchorARNs, func(arn string) bool { return !slices.Contains(p.AnchorARNs, arn) }) &&
		!slices.ContainsFunc(trust.WorkloadURIs, func(uri string) bool { return !strings.HasPrefix(uri, p.URIPrefix) })
}

// pinOf reads a statement as a pin of an environment, whatever anchors and
// workloads it names.
func pinOf(environment, account string, statement iampolicy.Statement) (trust iampolicy.Trust, is bool) {
	trust = iampolicy.Trust{Sid: iampolicy.Sid(environment), Account: account, Environment: environment}
	for _, c := range statement.Conditions {
		switch {
		case strings.EqualFold(c.Key, iampolicy.KeySourceARN):
			trust.AnchorARNs = c.Values
		case strings.EqualFold(c.Key, iampolicy.KeySANURI):
			trust.WorkloadURIs = c.Values
		}
	}
	if trust.Check() != nil {
		return trust, false
	}
	statement.Sid = trust.Sid
	one := &iampolicy.Document{Version: iampolicy.Version2012, Statements: []iampolicy.Statement{statement}}
	pin := &iampolicy.Document{Version: iampolicy.Version2012, Statements: []iampolicy.Statement{trust.Statement()}}
	return trust, iampolicy.Equal(one, pin)
}

// Resulting is the trust policy that l would have with the pin's statement in
// it, everything else as it is.
func (p Pin) Resulting(l Live) ([]byte, error) {
	doc, err := iampolicy.WithStatement([]byte(l.Trust), p.Trust())
	if err != nil {
		return nil, fmt.Errorf("adding the statement %s to %s: %w", iampolicy.Sid(p.Environment), p.Addr, err)
	}
	return doc, nil
}

// Put is the action that writes the pin's statement into the role's trust
// policy. before is the policy it has now, with references for our ARNs.
func (p Pin) Put(before, after json.RawMessage, needs []string) (plan.Action, error) {
	return plan.NewAction(plan.RolePin, p.Addr, Fields{Trust: before}, Fields{Trust: after}, needs)
}

// Verify is the action that waits until somebody has installed the pin.
func (p Pin) Verify(needs []string) (plan.Action, error) {
	return plan.NewAction(plan.RoleVerify, p.Addr, nil, verification{p.Environment, p.AnchorARNs, p.WorkloadURIs}, needs)
}

type verification struct {
	Environment string   `json:"environment"`
	Anchors     []string `json:"anchors"`
	Workloads   []string `json:"workloads"`
}

// Unpin is the action that takes the statement of an environment out of a role
// that left the configuration. Without documents it only forgets the role: its
// statement is gone already.
func Unpin(addr plan.Addr, before, after json.RawMessage, needs []string) (plan.Action, error) {
	return plan.NewAction(plan.RoleUnpin, addr, Fields{Trust: before}, Fields{Trust: after}, needs)
}

// Without is the trust policy of l without our statement for env. A policy
// cannot be empty: where ours is the only statement, its Allow becomes a Deny,
// which trusts nobody and which the next pin replaces.
func Without(l Live, env string) ([]byte, error) {
	sid := iampolicy.Sid(env)
	doc, left, err := iampolicy.WithoutStatement([]byte(l.Trust), sid)
	if err != nil {
		return nil, fmt.Errorf("taking the statement %s out of role %s: %w", sid, l.Name, err)
	}
	if left > 0 {
		return doc, nil
	}
	return []byte(`{"Version":"2012-10-17","Statement":[{"Sid":"` + sid + `","Effect":"Deny",` +
		`"Principal":{"Service":"rolesanywhere.amazonaws.com"},"Action":"sts:AssumeRole"}]}`), nil
}

package roles

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"anchorctl/internal/engine"
	"anchorctl/internal/hint"
	"anchorctl/internal/plan"
)

// Denial ends sessions of a role: an inline policy that denies them
// everything.
type Denial struct {
	Role     plan.Addr
	Policy   string // its name
	Document []byte
}

// The keys by which sessions are told apart
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html).
const (
	keyUserID    = "aws:userid"
	keyTokenTime = "aws:TokenIssueTime"
)

// DenialMargin is how long after the order sessions may still have been given
// out: until the revocation list is known everywhere, and clocks agree.
const DenialMargin = 15 * time.Minute

// DenySessions ends the sessions that one certificate was given for a role, and
// no others. Roles Anywhere names a session after the serial number of its
// certificate, in hexadecimal; the profiles here let nobody choose another name
// (https://docs.aws.amazon.com/rolesanywhere/latest/userguide/authentication-create-session.html).
// Both cases of the digits are named: which of them it writes is not promised.
func DenySessions(role plan.Addr, serialHex string, now time.Time) (Denial, error) {
	return deny(role, denialPrefix+serialHex, map[string]any{
		"StringLike":   map[string]any{keyUserID: []string{"*:" + strings.ToLower(serialHex), "*:" + strings.ToUpper(serialHex)}},
		"DateLessThan": map[string]any{keyTokenTime: before(now)},
	})
}

// denialPrefix begins the name of a policy that ends the sessions of one
// certificate: its serial number follows.
const denialPrefix = "AnchorctlEndSessions-"

// Denied are the serial numbers of the certificates whose sessions an action
// denies.
func Denied(a plan.Action) ([]string, error) {
	var after denials
	if err := json.Unmarshal(a.After, &after); err != nil {
		return nil, fmt.Errorf("reading action %s: %w", a.ID, err)
	}
	var serials []string
	for name := range after.Policies {
		if serial, ok := strings.CutPrefix(name, denialPrefix); ok {
			serials = append(serials, serial)
		}
	}
	slices.Sort(serials)
	return serials, nil
}

// DenyAllSessions ends every session of a role that was given out until now,
// whoever has it. New ones are not denied.
func DenyAllSessions(role plan.Addr, now time.Time) (Denial, error) {
	return deny(role, "AnchorctlEndAllSessions", map[string]any{
		"DateLessThan": map[string]any{keyTokenTime: now.UTC().Format(time.RFC3339)},
	})
}

func before(now time.Time) string { return now.Add(DenialMargin).UTC().Format(time.RFC3339) }

func deny(role plan.Addr, name string, condition map[string]any) (Denial, error) {
	document, err := json.Marshal(map[string]any{
		"Version": "2012-10-17",
		"Statement": []any{map[string]any{
			"Sid": "AnchorctlEndSessions", "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition,
		}},
	})
	if err != nil {
		return Denial{}, fmt.Errorf("writing the policy %s: %w", name, err)
	}
	return Denial{Role: role, Policy: name, Document: document}, nil
}

// denials are the fields of the action that puts them.
type denials struct {
	Policies map[string]json.RawMessage `json:"policies,omitempty"`
	// Sessions that are all denied which began before the action is done. A plan
	// holds no times.
	Sessions string `json:"sessions,omitempty"`
}

const sessionsUntilDone = "all that began before this is done"

// Deny is the action that writes them into their role.
func Deny(role plan.Addr, list []Denial) (plan.Action, error) {
	d := denials{Policies: map[string]json.RawMessage{}}
	for _, one := range list {
		d.Policies[one.Policy] = one.Document
	}
	return plan.NewAction(plan.RoleDeny, role, nil, d, nil)
}

// DenyUntilDone is the action that ends every session of a role that began before
// the action is done.
func DenyUntilDone(role plan.Addr, needs []string) (plan.Action, error) {
	return plan.NewAction(plan.RoleDeny, role, nil, denials{Sessions: sessionsUntilDone}, needs)
}

// deny puts inline policies: writing the same again changes nothing. A role that
// does not take them must not keep the sessions of others going.
func (d Doers) deny(ctx context.Context, s engine.Step) (plan.Outcome, error) {
	var after denials
	if err := json.Unmarshal(s.After, &after); err != nil {
		return plan.Outcome{}, fmt.Errorf("reading the action: %w", err)
	}
	if after.Sessions != "" {
		all, err := DenyAllSessions(s.Action.Addr, d.Clock.Now())
		if err != nil {
			return plan.Outcome{}, err
		}
		after.Policies = map[string]json.RawMessage{all.Policy: all.Document}
	}
	if len(after.Policies) == 0 {
		return plan.Outcome{}, errors.New("reading the action: there is no policy to write")
	}
	for _, name := range slices.Sorted(maps.Keys(after.Policies)) {
		if err := d.PutPolicy(ctx, s.Action.Addr, name, string(after.Policies[name])); err != nil {
			return plan.Outcome{}, errors.Join(&engine.HeldError{Action: s.Action.ID, Reason: err.Error(), Hints: hint.Of(err)}, err)
		}
	}
	return plan.Outcome{}, nil
}

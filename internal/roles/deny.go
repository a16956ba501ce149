package roles

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"anchorctl/internal/engine"
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

// DenySessions ends the sessions that some certificates were given for a role,
// and no others. Roles Anywhere names a session after the serial number of its
// certificate, in hexadecimal; the profiles here let nobody choose another name
// (https://docs.aws.amazon.com/rolesanywhere/latest/userguide/authentication-create-session.html).
// Both cases of the digits are named: which of them it writes is not promised.
// One policy has them all: a role has little room for policies.
func DenySessions(role plan.Addr, serials []string, now time.Time) (Denial, error) {
	var users []string
	for _, serial := range serials {
		users = append(users, anySession+strings.ToLower(serial), anySession+strings.ToUpper(serial))
	}
	return deny(role, denialOf(serials), map[string]any{
		"StringLike":   map[string]any{keyUserID: users},
		"DateLessThan": map[string]any{keyTokenTime: before(now)},
	})
}

// anySession stands for the role's id, which comes before a session's name.
const anySession = "*:"

// denialOf is the name of a policy: the same certificates, named again, are the
// same policy.
func denialOf(serials []string) string {
	id := strings.Join(slices.Sorted(slices.Values(serials)), " ")
	if len(serials) > 1 {
		digest := sha256.Sum256([]byte(id))
		id = hex.EncodeToString(digest[:16])
	}
	return "AnchorctlEndSessions-" + id
}

// Denied are the serial numbers of the certificates whose sessions an action
// denies.
func Denied(a plan.Action) ([]string, error) {
	var after struct {
		Policies map[string]struct {
			Statement []struct {
				Condition struct{ StringLike map[string][]string }
			}
		} `json:"policies"`
	}
	if err := json.Unmarshal(a.After, &after); err != nil {
		return nil, fmt.Errorf("reading action %s: %w", a.ID, err)
	}
	var serials []string
	for _, policy := range after.Policies {
		for _, statement := range policy.Statement {
			for _, user := range statement.Condition.StringLike[keyUserID] {
				serials = append(serials, strings.ToLower(strings.TrimPrefix(user, anySession)))
			}
		}
	}
	slices.Sort(serials)
	return slices.Compact(serials), nil
}

// EndAllSessions is the name of the policy of DenyAllSessions.
const EndAllSessions = "AnchorctlEndAllSessions"

// DenyAllSessions ends every session of a role that was given out until now,
// whoever has it. New ones are not denied.
func DenyAllSessions(role plan.Addr, now time.Time) (Denial, error) {
	return deny(role, EndAllSessions, map[string]any{
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

// EndsAll reports whether an action ends every session that began before it is done.
func EndsAll(a plan.Action) bool {
	var after denials
	return json.Unmarshal(a.After, &after) == nil && after.Sessions != ""
}

// deny puts inline policies: writing the same again changes nothing. A role that
// does not take them must not keep the sessions of others going.
func (d Doers) deny(ctx context.Context, s engine.Step) (plan.Outcome, error) {
	after, err := plan.FieldsOf[denials](s.After)
	if err != nil {
		return plan.Outcome{}, err
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
	if n := characters(after.Policies); n > mostInline {
		return plan.Outcome{}, &engine.HeldError{
			Action: s.Action.ID,
			Reason: fmt.Sprintf("its policies would have %d characters, and a role takes %d of inline policies: none was written", n, mostInline),
			Hints: []string{"end the sessions of those certificates that matter, by serial number or instance",
				fmt.Sprintf("or end all sessions of the role: run \"anchorctl revoke --end-all-sessions %s\"", s.Action.Addr)},
		}
	}
	for _, name := range slices.Sorted(maps.Keys(after.Policies)) {
		if err := d.PutPolicy(ctx, s.Action.Addr, name, string(after.Policies[name])); err != nil {
			return plan.Outcome{}, engine.HoldFailure(s.Action.ID, err)
		}
	}
	return plan.Outcome{}, nil
}

// mostInline is how many characters all inline policies of a role may have
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html).
const mostInline = 10_240

func characters(policies map[string]json.RawMessage) int {
	n := 0
	for _, document := range policies {
		n += len(document)
	}
	return n
}

package plan

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/gowebpki/jcs"
)

// Schema names the format of an encoded plan.
const Schema = "anchorctl.plan/v1"

// Kind says what an action does. Doers are found by it.
type Kind string

// The actions there are.
const (
	IssuerMint     Kind = "issuer.mint"
	IssuerRenew    Kind = "issuer.renew"    // same key, new dates
	IssuerActivate Kind = "issuer.activate" // the cut-over: it signs from now on
	IssuerRetire   Kind = "issuer.retire"
	AnchorCreate   Kind = "anchor.create"
	AnchorUpdate   Kind = "anchor.update"
	AnchorPublish  Kind = "anchor.publish"  // takes a certificate in
	AnchorWithdraw Kind = "anchor.withdraw" // gives one up
	AnchorReplace  Kind = "anchor.replace"  // both at once: whoever holds the old certificate is cut off
	AnchorTag      Kind = "anchor.tag"
	AnchorEnable   Kind = "anchor.enable"
	AnchorDisable  Kind = "anchor.disable"
	AnchorDelete   Kind = "anchor.delete"
	CRLSign        Kind = "crl.sign"
	CRLImport      Kind = "crl.import"
	CRLUpdate      Kind = "crl.update"
	CRLTag         Kind = "crl.tag"
	CRLEnable      Kind = "crl.enable"
	CRLDelete      Kind = "crl.delete"
	ProfileCreate  Kind = "profile.create"
	ProfileNarrow  Kind = "profile.narrow"
	ProfileUpdate  Kind = "profile.update"
	ProfileTag     Kind = "profile.tag"
	ProfileEnable  Kind = "profile.enable"
	ProfileDisable Kind = "profile.disable"
	ProfileDelete  Kind = "profile.delete"
	RolePin        Kind = "role.pin"
	RoleVerify     Kind = "role.verify"
	RoleUnpin      Kind = "role.unpin"
	RoleDeny       Kind = "role.deny"
	RoleWiden      Kind = "role.widen"    // the issuer's new name beside the old one, in conditions of others
	RoleNarrow     Kind = "role.narrow"   // the old name out again
	Forget         Kind = "object.forget" // off the record alone: nobody can ask for it any more
)

// Key says whose private key an action uses.
type Key string

// The keys an action may use.
const (
	NoKey   Key = ""
	RootKey Key = "root"
)

// Mark is the one rune that stands for the kind in a printed plan.
func (k Kind) Mark() string {
	switch k {
	case IssuerMint, AnchorCreate, AnchorPublish, ProfileCreate, CRLImport:
		return "+"
	case AnchorDelete, AnchorWithdraw, IssuerRetire, ProfileDelete, RoleUnpin, CRLDelete, Forget:
		return "-"
	case RoleVerify:
		return "?"
	default:
		return "~"
	}
}

// Action is one step of a plan, as data. Before and After are canonical JSON
// objects of the fields that change; what only AWS can answer stands in them
// as a reference, "${anchor/prod@111122223333/eu-central-1.arn}".
type Action struct {
	ID     string          `json:"id"`
	Kind   Kind            `json:"kind"`
	Addr   Addr            `json:"addr"`
	Target *Target         `json:"target,omitempty"`
	Before json.RawMessage `json:"before,omitempty"`
	After  json.RawMessage `json:"after,omitempty"`
	Needs  []string        `json:"needs,omitempty"` // IDs of earlier actions that must be done first
	Gate   string          `json:"gate,omitempty"`  // a rule that must hold just before it is done
	Key    Key             `json:"key,omitempty"`
	Once   bool            `json:"once,omitempty"` // sent at most once: repeating it would make a second object
}

// ID is the identity of an action within a plan: what is done to what. It is
// the same in every plan, so a resumed run can tell what is left.
func ID(kind Kind, addr Addr) string { return string(kind) + " " + addr.String() }

// NewAction builds an action from the fields it changes. Before and after are
// values whose JSON leaves out what is not set; nothing set is no document.
func NewAction(kind Kind, addr Addr, before, after any, needs []string) (Action, error) {
	a := Action{ID: ID(kind, addr), Kind: kind, Addr: addr, Needs: needs}
	a.Once = kind == AnchorCreate || kind == ProfileCreate || kind == CRLImport
	if addr.Target.Region != "" {
		a.Target = &addr.Target
	}
	var err error
	if a.Before, err = document(before); err != nil {
		return Action{}, fmt.Errorf("describing %s: %w", a.ID, err)
	}
	if a.After, err = document(after); err != nil {
		return Action{}, fmt.Errorf("describing %s: %w", a.ID, err)
	}
	return a, nil
}

// Basis is what a plan was computed from. Two plans with equal bases and
// unequal actions cannot both be honest.
type Basis struct {
	Lineage string            `json:"lineage"`           // the estate's random id
	Command string            `json:"command"`           // apply or destroy
	Config  string            `json:"config"`            // digest of the configuration's meaning
	State   string            `json:"state"`             // digest of what the store records of issuers and AWS objects
	Live    map[string]string `json:"live"`              // digest of what was observed, per target or account
	Delete  []string          `json:"delete,omitempty"`  // environments that left the configuration and whose removal is approved
	Restore []string          `json:"restore,omitempty"` // environments whose anchors may lose foreign certificates
	Forget  []string          `json:"forget,omitempty"`  // targets whose account is gone for good
}

// Plan is a complete, ordered list of actions.
type Plan struct {
	Basis   Basis
	Actions []Action
}

type encoded struct {
	Schema  string   `json:"schema"`
	Basis   Basis    `json:"basis"`
	Actions []Action `json:"actions"`
}

// Empty reports whether there is nothing to do.
func (p Plan) Empty() bool { return len(p.Actions) == 0 }

// Encode returns the plan's canonical bytes (RFC 8785), after checking it.
func (p Plan) Encode() ([]byte, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	actions := p.Actions
	if actions == nil {
		actions = []Action{}
	}
	raw, err := json.Marshal(encoded{Schema: Schema, Basis: p.Basis, Actions: actions})
	if err != nil {
		return nil, fmt.Errorf("encoding plan: %w", err)
	}
	canonical, err := jcs.Transform(raw)
	if err != nil {
		return nil, fmt.Errorf("encoding plan: %w", err)
	}
	return canonical, nil
}

// Digest is the SHA-256 of the canonical bytes, in hexadecimal.
func (p Plan) Digest() (string, error) {
	raw, err := p.Encode()
	if err != nil {
		return "", err
	}
	return digest(raw), nil
}

// Decode reads an encoded plan. It refuses unknown fields, other schemas,
// trailing bytes and plans that do not hold together.
func Decode(raw []byte) (Plan, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	var e encoded
	if err := dec.Decode(&e); err != nil {
		return Plan{}, fmt.Errorf("reading plan: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return Plan{}, errors.New("reading plan: more than one document")
	}
	if e.Schema != Schema {
		return Plan{}, fmt.Errorf("reading plan: schema is %q, this program reads %q", e.Schema, Schema)
	}
	p := Plan{Basis: e.Basis, Actions: e.Actions}
	if err := p.check(); err != nil {
		return Plan{}, fmt.Errorf("reading plan: %w", err)
	}
	return p, nil
}

// check holds what every plan must: IDs are derived, unique and ordered.
func (p Plan) check() error {
	seen := map[string]bool{}
	for _, a := range p.Actions {
		if a.ID != ID(a.Kind, a.Addr) {
			return fmt.Errorf("action %q: the ID does not follow from kind %q and address %q", a.ID, a.Kind, a.Addr)
		}
		if seen[a.ID] {
			return fmt.Errorf("action %q stands twice", a.ID)
		}
		for _, need := range a.Needs {
			if !seen[need] {
				return fmt.Errorf("action %q needs %q, which does not come before it", a.ID, need)
			}
		}
		seen[a.ID] = true
	}
	return nil
}

// Diff says in words in which basis two plans differ; it is empty when they
// rest on the same.
func (b Basis) Diff(other Basis) []string {
	var words []string
	add := func(differs bool, what string) {
		if differs {
			words = append(words, what)
		}
	}
	add(b.Lineage != other.Lineage, "it was made for another estate")
	add(b.Command != other.Command, fmt.Sprintf("it was made by %q", b.Command))
	add(b.Config != other.Config, "the configuration has changed")
	add(b.State != other.State, "the store has changed")
	add(!slices.Equal(b.Delete, other.Delete) || !slices.Equal(b.Restore, other.Restore) || !slices.Equal(b.Forget, other.Forget), "other approvals were given")
	targets := map[string]bool{}
	for t := range b.Live {
		targets[t] = true
	}
	for t := range other.Live {
		targets[t] = true
	}
	for _, t := range slices.Sorted(maps.Keys(targets)) {
		add(b.Live[t] != other.Live[t], "what is in AWS at "+t+" has changed")
	}
	return words
}

// SameActions reports whether two lists of actions are the same bytes.
func SameActions(a, b []Action) (bool, error) {
	x, err := Canonical(a)
	if err != nil {
		return false, err
	}
	y, err := Canonical(b)
	if err != nil {
		return false, err
	}
	return bytes.Equal(x, y), nil
}

// Canonical is v as canonical JSON (RFC 8785).
func Canonical(v any) (json.RawMessage, error) {
	if flat, ok := v.(map[string]any); ok {
		if raw, ok := canonicalFlat(flat); ok {
			return raw, nil
		}
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encoding: %w", err)
	}
	// jcs takes objects and arrays only; a list wraps whatever v is.
	wrapped, err := jcs.Transform(append(append([]byte{'['}, raw...), ']'))
	if err != nil {
		return nil, fmt.Errorf("encoding: %w", err)
	}
	return wrapped[1 : len(wrapped)-1], nil
}

// DigestOf is the SHA-256 of v's canonical JSON, in hexadecimal.
func DigestOf(v any) (string, error) {
	raw, err := Canonical(v)
	if err != nil {
		return "", err
	}
	return digest(raw), nil
}

func digest(raw []byte) string {
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

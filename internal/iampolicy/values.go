package iampolicy

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
)

// Place is one condition of a document, and where it stands.
type Place struct {
	Statement int // counted from 0
	Sid       string
	Effect    string
	Condition
}

// Places are the conditions of a document on some keys, in order.
func (d *Document) Places(chosen func(key string) bool) []Place {
	var all []Place
	for i, s := range d.Statements {
		for _, c := range s.Conditions {
			if chosen(c.Key) {
				all = append(all, Place{Statement: i, Sid: s.Sid, Effect: s.Effect, Condition: c})
			}
		}
	}
	return all
}

// Where is the statement of the place in words: its Sid, or its number counted
// from 1.
func (p Place) Where() string {
	if p.Sid != "" {
		return strconv.Quote(p.Sid)
	}
	return strconv.Itoa(p.Statement + 1)
}

// Admits reports whether more values in the condition's list let more in: a
// positive condition of an Allow, a negated one of a Deny.
func (p Place) Admits() bool {
	op, ok := ParseOperator(p.Operator)
	return ok && op.Negated == (p.Effect == Deny)
}

// Lists says whether one of the condition's values describes the text. Whether
// the condition then holds is another matter: under a negated operator it does
// not.
func (d *Document) Lists(c Condition, text string) Truth {
	op, ok := ParseOperator(c.Operator)
	if !ok {
		return Maybe
	}
	if op.compare == nil {
		return No // Null lists "true" and "false"
	}
	nothing := newContext(Request{Unknown: func(string) bool { return true }}, d.variables())
	result := No
	for _, v := range c.Values {
		result = max(result, op.compare(nothing, v, text))
	}
	return result
}

// WithValues returns the document with other values in the lists at the places.
// All other text stays as it is, byte for byte.
func WithValues(existing []byte, places []Place) ([]byte, error) {
	want, n, err := parse(existing, AnyKind)
	if err != nil {
		return nil, fmt.Errorf("reading the policy: %w", err)
	}
	version := want.Version
	type edit struct {
		at   *node
		text []byte
	}
	var edits []edit
	for _, p := range places {
		at := valuesAt(items(n), p)
		if at == nil || len(p.Values) == 0 {
			return nil, fmt.Errorf("editing the policy: statement %s has no condition %s on %s to write values into", p.Where(), quote(p.Operator), quote(p.Key))
		}
		edits = append(edits, edit{at, valuesText(p.Values)})
		want.setValues(p)
	}
	// The last first, so that the places of the others stay what they are.
	slices.SortFunc(edits, func(a, b edit) int { return b.at.start - a.at.start })
	out := slices.Clone(existing)
	for _, e := range edits {
		out = splice(out, e.at.start, e.at.end, e.text)
	}
	got, err := Parse(out)
	if err != nil {
		return nil, fmt.Errorf("editing the policy: %w", err)
	}
	if got.Version != version || !Equal(got, want) {
		return nil, errors.New("editing the policy: it did not come out as wanted")
	}
	return out, nil
}

// valuesAt is the value of the condition's key, or nil.
func valuesAt(statements []*node, p Place) *node {
	if p.Statement < 0 || p.Statement >= len(statements) {
		return nil
	}
	at := statements[p.Statement]
	for _, name := range []string{"Condition", p.Operator, p.Key} {
		if at = at.member(name); at == nil {
			return nil
		}
	}
	return at
}

// valuesText is a list of values on one line; one alone is a string.
func valuesText(values []string) []byte {
	if len(values) == 1 {
		return []byte(jsonString(values[0]))
	}
	var out []byte
	for i, v := range values {
		if i > 0 {
			out = append(out, ", "...)
		}
		out = append(out, jsonString(v)...)
	}
	return slices.Concat([]byte("["), out, []byte("]"))
}

// setValues changes a document that was parsed for this alone.
func (d *Document) setValues(p Place) {
	conditions := d.Statements[p.Statement].Conditions
	for i, c := range conditions {
		if c.Operator == p.Operator && c.Key == p.Key {
			conditions[i].Values = p.Values
		}
	}
}

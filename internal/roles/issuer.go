package roles

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"anchorctl/internal/iampolicy"
)

// A new generation of an issuer has another common name, which Roles Anywhere
// maps to the session tag x509Issuer/CN. Our own statements do not look at it;
// those of teams may, and then have to know the new name before certificates
// of the new generation are used, and may forget the old one afterwards.
// https://docs.aws.amazon.com/rolesanywhere/latest/userguide/attribute-mapping.html

// SizeError is a trust policy that would be longer than IAM takes (ANC310).
type SizeError struct{ Size int }

func (e *SizeError) Error() string {
	return fmt.Sprintf("the trust policy would have %d characters of at most %d", e.Size, SizeLimit)
}

// onIssuerName reports whether a condition key is the tag of the issuer's
// common name.
func onIssuerName(key string) bool {
	tag, ok := iampolicy.MappedTagOf(key)
	return ok && tag.Field == iampolicy.FieldIssuer && tag.Attribute == "CN"
}

// IssuerConditions are the conditions of a trust policy that name an issuer, or
// of which it cannot be told whether they do.
func IssuerConditions(trust, issuer string) ([]iampolicy.Place, error) {
	doc, err := iampolicy.Parse([]byte(trust))
	if err != nil {
		return nil, fmt.Errorf("reading the trust policy: %w", err)
	}
	return slices.DeleteFunc(doc.Places(onIssuerName), func(p iampolicy.Place) bool {
		return doc.Lists(p.Condition, issuer) == iampolicy.No
	}), nil
}

// Widened is the trust policy with the added name beside the known one wherever
// that one lets somebody in: in the positive conditions of Allow statements and
// in the negated ones of Deny statements. Those that keep the known one out stay
// as they are (Unchanged tells them): who is kept out is for the team to say.
// What cannot be understood is refused, and so is what would be too long.
func Widened(trust, known, added string) (document string, changed bool, err error) {
	document, changed, err = rewritten(trust, known, added, widening)
	if size := iampolicy.SizeOf([]byte(document)); changed && size > SizeLimit {
		return trust, false, &SizeError{Size: size}
	}
	return document, changed, err
}

// Narrowed is the trust policy without the gone name wherever the one to keep
// stands beside it. Patterns stay, even those that describe the gone name.
func Narrowed(trust, gone, keep string) (document string, changed bool, err error) {
	return rewritten(trust, gone, keep, narrowing)
}

// rewrite gives the values that a condition should have, nil when it may stay.
type rewrite func(doc *iampolicy.Document, p iampolicy.Place, from, to string) ([]string, error)

func rewritten(trust, from, to string, edit rewrite) (string, bool, error) {
	_, after, err := rewrites(trust, from, to, edit)
	if err != nil || len(after) == 0 {
		return trust, false, err
	}
	out, err := iampolicy.WithValues([]byte(trust), after)
	if err != nil {
		return trust, false, err
	}
	return string(out), true, nil
}

// rewrites are the conditions that change, as they are and as they should be.
func rewrites(trust, from, to string, edit rewrite) (before, after []iampolicy.Place, err error) {
	for _, name := range []string{from, to} {
		if name == "" || strings.ContainsAny(name, "*?$") {
			return nil, nil, fmt.Errorf("rewriting the trust policy: %q is not the name of an issuer", name)
		}
	}
	if from == to {
		return nil, nil, errors.New("rewriting the trust policy: the two issuers have one name")
	}
	doc, err := iampolicy.Parse([]byte(trust))
	if err != nil {
		return nil, nil, fmt.Errorf("reading the trust policy: %w", err)
	}
	for _, p := range doc.Places(onIssuerName) {
		values, err := edit(doc, p, from, to)
		if err != nil {
			return nil, nil, err
		}
		if values != nil {
			before = append(before, p)
			p.Values = values
			after = append(after, p)
		}
	}
	return before, after, nil
}

func widening(doc *iampolicy.Document, p iampolicy.Place, known, added string) ([]string, error) {
	there := doc.Lists(p.Condition, known)
	if there == iampolicy.No || doc.Lists(p.Condition, added) == iampolicy.Yes || keepsOut(p) {
		return nil, nil
	}
	if err := understood(p, there); err != nil {
		return nil, err
	}
	return append(slices.Clone(p.Values), added), nil
}

func narrowing(doc *iampolicy.Document, p iampolicy.Place, gone, keep string) ([]string, error) {
	rest := slices.DeleteFunc(slices.Clone(p.Values), func(v string) bool { return isName(doc, p, v, gone) })
	if len(rest) == len(p.Values) || keepsOut(p) {
		return nil, nil
	}
	without := p.Condition
	without.Values = rest
	kept := doc.Lists(without, keep)
	if kept == iampolicy.No {
		return nil, nil
	}
	return rest, understood(p, kept)
}

// keepsOut reports whether a condition keeps out those whom it lists.
func keepsOut(p iampolicy.Place) bool {
	_, known := iampolicy.ParseOperator(p.Operator)
	return known && !p.Admits()
}

// isName reports whether a value is the name itself, not a pattern for it.
func isName(doc *iampolicy.Document, p iampolicy.Place, value, name string) bool {
	if op, ok := iampolicy.ParseOperator(p.Operator); !ok || !strings.HasSuffix(op.Name, "IgnoreCase") {
		return value == name
	}
	p.Values = []string{value}
	return doc.Lists(p.Condition, name) == iampolicy.Yes
}

// understood refuses a condition of which it is not certain what another value
// would do.
func understood(p iampolicy.Place, listed iampolicy.Truth) error {
	op, ok := iampolicy.ParseOperator(p.Operator)
	why := ""
	switch {
	case !ok:
		why = "the operator is unknown"
	case op.Set != iampolicy.SetNone:
		why = "the tag has one value, and " + strings.TrimSuffix(op.Set, ":") + " is for keys with several"
	case slices.ContainsFunc(p.Values, func(v string) bool { return listed == iampolicy.Maybe && len(iampolicy.Variables(v)) > 0 }):
		why = "a value has a variable"
	case listed == iampolicy.Maybe, !strings.HasPrefix(op.Name, "String"):
		why = "the operator is not one for names"
	default:
		return nil
	}
	return fmt.Errorf("rewriting the trust policy: statement %s, %s on %s: %s, so what to write there is not certain",
		p.Where(), p.Operator, p.Key, why)
}

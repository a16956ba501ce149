package iampolicy_test

import (
	"bytes"
	"errors"
	"testing"

	"anchorctl/internal/iampolicy"
)

func seedTexts() []string {
	return []string{trustText, prodText,
		`{"Version":"2012-10-17","Statement":[` + foreignA + `,` + foreignB + `]}`,
		`{"Statement":{"Effect":"Deny","NotAction":"s3:${aws:username}","NotResource":"arn:aws:s3:::${a:b, 'c'}","Condition":{"Null":{"a":true}}}}`,
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{
			"ForAllValues:StringNotLikeIfExists":{"k:a":["${k:b}*","?"]},"NumericLessThan":{"k:n":-1.5e3},"DateEquals":{"k:d":"2020-01"},
			"IpAddress":{"k:ip":"10.0.0.0/8"},"BinaryEquals":{"k:b":"QQ=="},"ArnLike":{"k:arn":"arn:*:*:*:*:${k:a}"}}}}`,
	}
}

// kinds says whether a document is of a kind, as far as its elements tell.
func kinds(d *iampolicy.Document) (trust, permission bool) {
	trust, permission = true, true
	for _, s := range d.Statements {
		trust = trust && (s.Principal != nil || s.NotPrincipal != nil) && s.Resources == nil && s.NotResources == nil
		permission = permission && s.Principal == nil && s.NotPrincipal == nil && (s.Resources != nil || s.NotResources != nil)
	}
	return trust, permission
}

func FuzzParse(f *testing.F) {
	for _, s := range seedTexts() {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := iampolicy.Parse(text)
		_, asTrust := iampolicy.ParseKind(text, iampolicy.TrustKind)
		_, asPermission := iampolicy.ParseKind(text, iampolicy.PermissionKind)
		iampolicy.KindOf(text)
		if err != nil {
			placed(t, err, asTrust, asPermission)
			return
		}
		if trust, permission := kinds(d); trust != (asTrust == nil) || permission != (asPermission == nil) {
			t.Fatalf("trust %v: %v; permission %v: %v", trust, asTrust, permission, asPermission)
		}
		encoded := d.Encode()
		again, err := iampolicy.Parse(encoded)
		if err != nil {
			t.Fatalf("%v in what was written:\n%s", err, encoded)
		}
		if !iampolicy.Equal(d, again) {
			t.Fatalf("the meaning changed:\n%s", encoded)
		}
		if !bytes.Equal(again.Encode(), encoded) {
			t.Fatal("the text is not stable")
		}
		edited, err := iampolicy.WithStatement(text, prod())
		if err != nil {
			t.Fatalf("adding a statement: %v", err)
		}
		if _, left, err := iampolicy.WithoutStatement(edited, prod().Sid); err != nil || left < len(d.Statements)-1 {
			t.Fatalf("removing it again: %d left, %v", left, err)
		}
	})
}

// placed: every fault is at a place, and is a fault of every kind.
func placed(t *testing.T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		var fault *iampolicy.SyntaxError
		if !errors.As(err, &fault) {
			t.Fatalf("%v is no SyntaxError", err)
		}
		for _, one := range append(fault.Others, fault) {
			if one.Line < 1 || one.Column < 1 || one.Message == "" {
				t.Fatalf("%+v", one)
			}
		}
	}
}

// Whatever is asked of whatever document: no panic, a document that cannot be
// read allows nothing, what is allowed is possible, and knowing less of the
// request neither allows what was denied nor makes impossible what was possible.
func FuzzEvaluate(f *testing.F) {
	for _, s := range seedTexts() {
		f.Add([]byte(s), "k:a", "x*", "s3:GetObject")
	}
	f.Add([]byte(trustText), "AWS:sourcearn", "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/a", "STS:assumerole")
	f.Add([]byte(`{"Statement":{"Effect":"Allow","Action":"\u017fts:*","Resource":"*"}}`), "\u212a:a", "\x00", "sts:AssumeRole")
	f.Fuzz(func(t *testing.T, text []byte, key, value, action string) {
		d, err := iampolicy.Parse(text)
		if err != nil {
			if got := d.Evaluate(iampolicy.Request{Actions: []string{action}}); got.Allowed || got.Possible {
				t.Fatal("what cannot be read allows something")
			}
			return
		}
		ask := iampolicy.Request{Actions: []string{action}, Resource: "arn:aws:s3:::b/k",
			Context: ctx{"k:a": {"x*"}, "k:b": {"A"}, "k:n": {"1"}, "k:d": {"2020-01-01"}, "k:ip": {"10.1.1.1"}, "k:arn": {"arn:aws:s3:::b"}, "k:m": {"a", ""}, key: {value}}}
		for _, who := range []iampolicy.Principal{{}, {Kind: iampolicy.Service, Value: iampolicy.RolesAnywhere}, {Kind: iampolicy.AWS, Value: "arn:aws:iam::111122223333:user/x"}} {
			for _, resource := range []string{"", "arn:aws:s3:::b/k", value} {
				ask.Principal, ask.Resource = who, resource
				evaluatedSoundly(t, d, ask)
			}
		}
		unknownNeverAllows(t, d, ask)
	})
}

func evaluatedSoundly(t *testing.T, d *iampolicy.Document, ask iampolicy.Request) {
	t.Helper()
	got := d.Evaluate(ask)
	if got.Allowed && !got.Possible {
		t.Fatal("allowed, but not possible")
	}
	if got.Allowed != (len(got.Denied) == 0) || got.Explain() == "" {
		t.Fatalf("allowed %v with %v denied", got.Allowed, got.Denied)
	}
	less := ask
	less.Unknown = func(string) bool { return true }
	open := d.Evaluate(less)
	if got.Possible && !open.Possible {
		t.Fatal("knowing less made it impossible")
	}
	if !got.Allowed && open.Allowed {
		t.Fatal("knowing less made it allowed")
	}
	none := ask
	none.Actions = nil
	if d.Evaluate(none).Allowed {
		t.Fatal("nothing was asked for, and allowed")
	}
}

// unknownNeverAllows spoils one condition of each Allow statement: whatever
// else the document says, nothing may be allowed then.
func unknownNeverAllows(t *testing.T, d *iampolicy.Document, ask iampolicy.Request) {
	t.Helper()
	for i := range d.Statements {
		if s := &d.Statements[i]; s.Effect == iampolicy.Allow {
			s.Conditions = append(s.Conditions, iampolicy.Condition{Operator: "StringResembles", Key: "k:a", Values: []string{"x"}})
		}
	}
	if got := d.Evaluate(ask); got.Allowed {
		t.Fatal("an unknown operator allowed something")
	}
}

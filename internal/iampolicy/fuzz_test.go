package iampolicy_test

import (
	"bytes"
	"testing"

	"anchorctl/internal/iampolicy"
)

func seeds(f *testing.F) {
	f.Helper()
	for _, s := range []string{trustText, prodText,
		`{"Version":"2012-10-17","Statement":[` + foreignA + `,` + foreignB + `]}`,
		`{"Statement":{"Effect":"Deny","NotAction":"s3:${aws:username}","NotResource":"arn:aws:s3:::${a:b, 'c'}","Condition":{"Null":{"a":true}}}}`,
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{
			"ForAllValues:StringNotLikeIfExists":{"k:a":["${k:b}*","?"]},"NumericLessThan":{"k:n":-1.5e3},"DateEquals":{"k:d":"2020-01"},
			"IpAddress":{"k:ip":"10.0.0.0/8"},"BinaryEquals":{"k:b":"QQ=="},"ArnLike":{"k:arn":"arn:*:*:*:*:${k:a}"}}}}`,
	} {
		f.Add([]byte(s))
	}
}

func FuzzParse(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := iampolicy.Parse(text)
		if err != nil {
			return
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

func FuzzEvaluate(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := iampolicy.Parse(text)
		if err != nil {
			return
		}
		ask := iampolicy.Request{Actions: []string{"s3:GetObject"}, Resource: "arn:aws:s3:::b/k",
			Context: ctx{"k:a": {"x*"}, "k:b": {"A"}, "k:n": {"1"}, "k:d": {"2020-01-01"}, "k:ip": {"10.1.1.1"}, "k:arn": {"arn:aws:s3:::b"}, "k:m": {"a", ""}}}
		for _, who := range []iampolicy.Principal{{}, {Kind: iampolicy.Service, Value: iampolicy.RolesAnywhere}, {Kind: iampolicy.AWS, Value: "arn:aws:iam::111122223333:user/x"}} {
			ask.Principal = who
			got := d.Evaluate(ask)
			if got.Allowed && !got.Possible {
				t.Fatal("allowed, but not possible")
			}
			if got.Allowed != (len(got.Denied) == 0) || got.Explain() == "" {
				t.Fatalf("allowed %v with %v denied", got.Allowed, got.Denied)
			}
			open := ask
			open.Unknown = func(string) bool { return true }
			if got.Possible && !d.Evaluate(open).Possible {
				t.Fatal("knowing less made it impossible")
			}
			if !got.Allowed && d.Evaluate(open).Allowed {
				t.Fatal("knowing less made it allowed")
			}
		}
		unknownNeverAllows(t, d, ask)
	})
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

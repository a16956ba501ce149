package iampolicy_test

import (
	"strings"
	"testing"

	"anchorctl/internal/iampolicy"
)

// valuesPolicy is a policy as teams write them: a statement without a Sid, a
// list of one, a string alone, spaces where they please.
const valuesPolicy = `{ "Version": "2012-10-17",
  "Statement": [
    {"Sid": "Team", "Effect": "Allow", "Principal": {"Service": "rolesanywhere.amazonaws.com"}, "Action": "sts:AssumeRole",
     "Condition": {"StringEquals": {"k:a":   "one", "k:b": ["one", "two"]}, "StringLike": {"K:A": ["o*"]}}},
    {"Effect": "Deny", "Principal": "*", "Action": "sts:*", "Condition": {"StringNotEquals": {"k:a": ["one"]}}}
  ] }`

func onKeyA(key string) bool { return strings.EqualFold(key, "k:a") }

func TestPlacesAreTheConditionsOnAKeyInOrder(t *testing.T) {
	doc, err := iampolicy.Parse([]byte(valuesPolicy))
	if err != nil {
		t.Fatal(err)
	}
	want := []struct {
		where, operator string
		admits          bool
	}{{`"Team"`, "StringEquals", true}, {`"Team"`, "StringLike", true}, {"2", "StringNotEquals", true}}
	places := doc.Places(onKeyA)
	if len(places) != len(want) {
		t.Fatalf("%d places, want %d", len(places), len(want))
	}
	for i, w := range want {
		if p := places[i]; p.Where() != w.where || p.Operator != w.operator || p.Admits() != w.admits {
			t.Errorf("place %d is %s %s, admits %v; want %+v", i, p.Where(), p.Operator, p.Admits(), w)
		}
	}
}

func TestOtherValuesLeaveAllOtherText(t *testing.T) {
	doc, err := iampolicy.Parse([]byte(valuesPolicy))
	if err != nil {
		t.Fatal(err)
	}
	places := doc.Places(onKeyA)
	places[0].Values = []string{"one", "thr\"ee"}
	places[2].Values = []string{"é"}
	got, err := iampolicy.WithValues([]byte(valuesPolicy), places)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Replace(valuesPolicy, `"k:a":   "one"`, `"k:a":   ["one", "thr\"ee"]`, 1)
	want = strings.Replace(want, `"StringNotEquals": {"k:a": ["one"]}`, `"StringNotEquals": {"k:a": "\u00e9"}`, 1)
	want = strings.Replace(want, `["o*"]`, `"o*"`, 1)
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestValuesAreNotWrittenWhereThereIsNoCondition(t *testing.T) {
	at := iampolicy.Condition{Operator: "StringEquals", Key: "k:a", Values: []string{"x"}}
	none, other := at, at
	none.Values, other.Operator = nil, "StringNotEquals"
	for name, p := range map[string]iampolicy.Place{
		"no such statement":        {Statement: 2, Condition: at},
		"a statement before all":   {Statement: -1, Condition: at},
		"no such operator":         {Statement: 0, Condition: other},
		"a list that would be nil": {Statement: 0, Condition: none},
	} {
		t.Run(name, func(t *testing.T) {
			if out, err := iampolicy.WithValues([]byte(valuesPolicy), []iampolicy.Place{p}); err == nil {
				t.Errorf("it wrote %s", out)
			}
		})
	}
	if _, err := iampolicy.WithValues([]byte(`{}`), nil); err == nil {
		t.Error("what cannot be read was edited")
	}
}

func TestListsSaysWhetherAValueDescribesTheText(t *testing.T) {
	for _, c := range []struct {
		name     string
		version  string
		operator string
		values   []string
		want     iampolicy.Truth
	}{
		{"the text itself", iampolicy.Version2012, "StringEquals", []string{"other", "prod issuer 1"}, iampolicy.Yes},
		{"another text", iampolicy.Version2012, "StringEquals", []string{"prod issuer 2"}, iampolicy.No},
		{"the text under a negated operator", iampolicy.Version2012, "StringNotEqualsIfExists", []string{"prod issuer 1"}, iampolicy.Yes},
		{"other letters", iampolicy.Version2012, "StringEqualsIgnoreCase", []string{"PROD issuer 1"}, iampolicy.Yes},
		{"a pattern", iampolicy.Version2012, "StringLike", []string{"prod issuer ?"}, iampolicy.Yes},
		{"a pattern that is none here", iampolicy.Version2012, "StringEquals", []string{"prod issuer ?"}, iampolicy.No},
		{"a pattern for others", iampolicy.Version2012, "StringNotLike", []string{"dev *"}, iampolicy.No},
		{"a variable", iampolicy.Version2012, "StringEquals", []string{"${aws:PrincipalTag/x509Subject/OU} issuer 1"}, iampolicy.Maybe},
		{"a variable where there are none", iampolicy.Version2008, "StringEquals", []string{"${aws:PrincipalTag/x509Subject/OU} issuer 1"}, iampolicy.No},
		{"whether the key is there", iampolicy.Version2012, "Null", []string{"false"}, iampolicy.No},
		{"an unknown operator", iampolicy.Version2012, "StringIs", []string{"prod issuer 1"}, iampolicy.Maybe},
	} {
		t.Run(c.name, func(t *testing.T) {
			doc := &iampolicy.Document{Version: c.version}
			if got := doc.Lists(iampolicy.Condition{Operator: c.operator, Key: "k:a", Values: c.values}, "prod issuer 1"); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

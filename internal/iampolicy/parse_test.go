package iampolicy_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"anchorctl/internal/iampolicy"
)

const trustText = `{
  "Version": "2012-10-17",
  "Id": "roles anywhere",
  "Statement": [
    {
      "Sid": "One",
      "Effect": "Allow",
      "Principal": {"Service": "rolesanywhere.amazonaws.com", "AWS": ["111122223333", "*"]},
      "Action": ["sts:AssumeRole", "sts:TagSession"],
      "Condition": {
        "ArnEquals": {"aws:SourceArn": "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/a"},
        "Bool": {"aws:SecureTransport": true},
        "NumericLessThan": {"aws:MultiFactorAuthAge": [300, "60.5"]}
      }
    }
  ]
}`

func TestParseReadsEveryElement(t *testing.T) {
	got, err := iampolicy.Parse([]byte(trustText))
	if err != nil {
		t.Fatal(err)
	}
	want := &iampolicy.Document{Version: "2012-10-17", ID: "roles anywhere", Statements: []iampolicy.Statement{{
		Sid: "One", Effect: "Allow",
		Principal: &iampolicy.Principals{Service: []string{"rolesanywhere.amazonaws.com"}, AWS: []string{"111122223333", "*"}},
		Actions:   []string{"sts:AssumeRole", "sts:TagSession"},
		Conditions: []iampolicy.Condition{
			{Operator: "ArnEquals", Key: "aws:SourceArn", At: iampolicy.Position{Line: 11, Column: 23},
				Values: []string{"arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/a"}},
			{Operator: "Bool", Key: "aws:SecureTransport", Values: []string{"true"}, At: iampolicy.Position{Line: 12, Column: 18}},
			{Operator: "NumericLessThan", Key: "aws:MultiFactorAuthAge", Values: []string{"300", "60.5"}, At: iampolicy.Position{Line: 13, Column: 29}},
		},
		At: iampolicy.Position{Line: 5, Column: 5},
	}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if s, found := got.Statement("One"); !found || s.Effect != "Allow" {
		t.Errorf("Statement(One) = %+v, %v", s, found)
	}
	if _, found := got.Statement("Two"); found {
		t.Error("found a statement that is not there")
	}
	if _, found := got.Statement(""); found {
		t.Error("the empty Sid names no statement")
	}
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
func TestParseAcceptsUnusualButValid(t *testing.T) {
	for name, text := range map[string]string{
		"a single statement that is not in a list": `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`,
		"the older version":                        `{"Version":"2008-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`,
		"elements in another order":                `{"Statement":[{"Resource":"*","Action":"*","Effect":"Deny"}],"Version":"2012-10-17"}`,
		"an empty Sid, twice":                      `{"Statement":[{"Sid":"","Effect":"Allow","Action":"*"},{"Sid":"","Effect":"Deny","Action":"*"}]}`,
		"an empty Condition":                       `{"Statement":{"Effect":"Allow","Action":"*","Condition":{}}}`,
		"an operator without keys":                 `{"Statement":{"Effect":"Allow","Action":"*","Condition":{"StringEquals":{}}}}`,
		"an empty condition value":                 `{"Statement":{"Effect":"Allow","Action":"*","Condition":{"StringLike":{"s3:prefix":["","home/"]}}}}`,
		"principal everyone":                       `{"Statement":{"Effect":"Allow","Principal":"*","Action":"*"}}`,
		"a canonical user":                         `{"Statement":{"Effect":"Allow","Principal":{"CanonicalUser":"79a5"},"Action":"*"}}`,
		"NotPrincipal, NotAction, NotResource":     `{"Statement":{"Effect":"Deny","NotPrincipal":{"AWS":"1"},"NotAction":"a:b","NotResource":"*"}}`,
		"escaped characters":                       `{"Id":"a\n","Statement":{"Effect":"Allow","Action":"s\u0033:\ud83d\ude00"}}`,
		"white space of all four kinds":            " \t\r\n{\"Statement\"\t:\r\n{\"Effect\":\"Allow\",\"Action\":\"*\"}}\n",
		"an operator that nobody knows":            `{"Statement":{"Effect":"Allow","Action":"*","Condition":{"Maybe":{"a:b":"c"}}}}`,
	} {
		if _, err := iampolicy.Parse([]byte(text)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParseRefusesWithLineAndColumn(t *testing.T) {
	statement := func(elements string) string { return `{"Statement":[{` + elements + `}]}` }
	for _, c := range []struct {
		name         string
		text         string
		line, column int
		message      string
	}{
		{"nothing", "", 1, 1, "the document ends where a value"},
		{"only white space", "\n  ", 2, 3, "the document ends where a value"},
		{"a list", `[]`, 1, 1, "the document is a list, not an object"},
		{"text after the document", "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"*\"}}\n{}", 2, 1, "after the end"},
		{"a byte order mark", "\xef\xbb\xbf{}", 1, 1, "byte order mark"},
		{"text that is not UTF-8", "{\n\"\xff\":1}", 2, 2, "not UTF-8"},
		{"a trailing comma", "{\"Statement\":[],\n}", 2, 1, "a name in quotation marks"},
		{"a comment", "{ // no\n}", 1, 3, "a name in quotation marks"},
		{"single quotes", "{'Statement':1}", 1, 2, "a name in quotation marks"},
		{"an unclosed string", `{"Statement`, 1, 2, "not closed"},
		{"a line feed in a string", "{\"a\nb\":1}", 1, 4, "control character"},
		{"an unknown escape", `{"a\q":1}`, 1, 4, "unknown escape"},
		{"a lone surrogate", `{"a\ud800":1}`, 1, 4, `broken \u escape`},
		{"a signed escape", `{"a\u+123":1}`, 1, 4, `broken \u escape`},
		{"a number with a leading zero", `{"Statement":01}`, 1, 15, `found '1'`},
		{"a missing colon", `{"Statement" []}`, 1, 14, `where ":" is expected`},
		{"a missing comma in a list", `{"Statement":[1 2]}`, 1, 17, `"," or "]"`},
		{"a missing comma in an object", `{"a":1 "b":2}`, 1, 8, `"," or "}"`},
		{"too deep", `{"Statement":` + strings.Repeat("[", 40), 1, 29, "deeper than 16"},
		{"too large", strings.Repeat(" ", 300<<10), 1, 1, "larger than"},
		{"an element twice", "{\"Version\":\"2012-10-17\",\n \"Version\":\"2012-10-17\"}", 2, 2, `"Version" appears twice`},
		{"an element twice, once escaped", `{"Version":"2012-10-17","\u0056ersion":"2012-10-17"}`, 1, 25, "appears twice"},
		{"another version", `{"Version":"2012-10-18","Statement":{"Effect":"Allow","Action":"*"}}`, 1, 12, "the Version is"},
		{"a version that is a number", `{"Version":2012,"Statement":{"Effect":"Allow","Action":"*"}}`, 1, 12, "Version is a number"},
		{"no statement", `{"Version":"2012-10-17"}`, 1, 1, "has no Statement"},
		{"no statements", `{"Statement":[]}`, 1, 14, "list is empty"},
		{"an unknown element of the document", `{"Statment":[]}`, 1, 2, `unknown element "Statment"`},
		{"an element in lower case", statement(`"effect":"Allow","Action":"*"`), 1, 16, `it is spelled "Effect"`},
		{"an unknown element of a statement", statement(`"Effect":"Allow","Action":"*","Ressource":"*"`), 1, 46, `unknown element "Ressource"`},
		{"no effect", statement(`"Action":"*"`), 1, 15, "no Effect"},
		{"another effect", statement(`"Effect":"allow","Action":"*"`), 1, 25, `the Effect is "allow"`},
		{"no action", statement(`"Effect":"Allow"`), 1, 15, "neither Action nor NotAction"},
		{"both action and its negation", statement(`"Effect":"Allow","Action":"*","NotAction":"*"`), 1, 15, "both Action and NotAction"},
		{"both resource and its negation", statement(`"Effect":"Allow","Action":"*","Resource":"*","NotResource":"*"`), 1, 15, "both Resource"},
		{"both principal and its negation", statement(`"Effect":"Allow","Action":"*","Principal":"*","NotPrincipal":"*"`), 1, 15, "both Principal"},
		{"an empty list of actions", statement(`"Effect":"Allow","Action":[]`), 1, 42, "list of Action is empty"},
		{"an empty action", statement(`"Effect":"Allow","Action":[""]`), 1, 43, "empty string"},
		{"an action that is null", statement(`"Effect":"Allow","Action":null`), 1, 42, "Action is null"},
		{"a principal that is a name", statement(`"Effect":"Allow","Action":"*","Principal":"bob"`), 1, 58, "only string"},
		{"a principal without anyone", statement(`"Effect":"Allow","Action":"*","Principal":{}`), 1, 58, "Principal is empty"},
		{"an unknown kind of principal", statement(`"Effect":"Allow","Action":"*","Principal":{"User":"bob"}`), 1, 59, `unknown element "User"`},
		{"an empty list of condition values", statement(`"Effect":"Allow","Action":"*","Condition":{"Bool":{"a:b":[]}}`), 1, 73, "empty list of values"},
		{"a condition value that is an object", statement(`"Effect":"Allow","Action":"*","Condition":{"Bool":{"a:b":{}}}`), 1, 73, "is an object"},
		{"a condition value that is null", statement(`"Effect":"Allow","Action":"*","Condition":{"Bool":{"a:b":null}}`), 1, 73, "is null"},
		{"an operator that is a string", statement(`"Effect":"Allow","Action":"*","Condition":{"Bool":"x"}`), 1, 66, "is a string, not an object"},
		{"a condition key twice in two cases", statement(`"Effect":"Allow","Action":"*","Condition":{"Bool":{"a:b":"x","A:B":"y"}}`), 1, 77, "appears twice"},
		{"a Sid with a hyphen", statement(`"Sid":"a-b","Effect":"Allow","Action":"*"`), 1, 22, "characters other than"},
		{"a Sid twice", `{"Statement":[{"Sid":"A","Effect":"Allow","Action":"*"},{"Sid":"A","Effect":"Allow","Action":"*"}]}`, 1, 57, "used by two statements"},
		{"columns count characters", "{\"Statement\":{\"Sid\":\"ÄÖ\",\"Effect\":\"Allow\",\"Action\":7}}", 1, 21, "characters other than"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := iampolicy.Parse([]byte(c.text))
			var fault *iampolicy.SyntaxError
			if !errors.As(err, &fault) {
				t.Fatalf("got %v, want a SyntaxError", err)
			}
			if fault.Line != c.line || fault.Column != c.column || !strings.Contains(fault.Message, c.message) {
				t.Errorf("got %v, want line %d, column %d and %q", fault, c.line, c.column, c.message)
			}
		})
	}
}

func TestEncodeRoundTrips(t *testing.T) {
	d, err := iampolicy.Parse([]byte(trustText))
	if err != nil {
		t.Fatal(err)
	}
	again, err := iampolicy.Parse(d.Encode())
	if err != nil {
		t.Fatalf("%v in\n%s", err, d.Encode())
	}
	if diff := cmp.Diff(d, again, cmpopts.IgnoreTypes(iampolicy.Position{})); diff != "" {
		t.Error(diff)
	}
}

func TestEqualComparesMeaning(t *testing.T) {
	const base = `{"Version":"2012-10-17","Statement":[
		{"Sid":"A","Effect":"Allow","Principal":{"AWS":["111122223333"],"Service":"x.amazonaws.com"},"Action":["sts:AssumeRole","sts:TagSession"],
		 "Condition":{"ArnEquals":{"aws:SourceArn":["arn:a","arn:b"]},"Bool":{"aws:SecureTransport":"true"}}},
		{"Sid":"B","Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"}]}`
	for _, c := range []struct {
		name string
		text string
		want bool
	}{
		{"itself", base, true},
		{"other order, other spelling", `{"Statement":[
			{"Action":["STS:assumerole"],"Sid":"B","Principal":{"AWS":["*"]},"Effect":"Deny","Condition":{}},
			{"Condition":{"Bool":{"AWS:securetransport":true},"ArnLike":{"aws:SourceArn":["arn:b","arn:a","arn:b"]}},
			 "Sid":"A","Effect":"Allow","Action":["sts:TagSession","sts:AssumeRole"],
			 "Principal":{"Service":["x.amazonaws.com"],"AWS":"arn:aws:iam::111122223333:root"}}],"Version":"2012-10-17"}`, true},
		{"another version, without variables", strings.Replace(base, "2012-10-17", "2008-10-17", 1), true},
		{"no version, without variables", strings.Replace(base, `"Version":"2012-10-17",`, "", 1), true},
		{"an Id", strings.Replace(base, `{"Version"`, `{"Id":"x","Version"`, 1), false},
		{"another Sid", strings.Replace(base, `"Sid":"A"`, `"Sid":"C"`, 1), false},
		{"another effect", strings.Replace(base, "Deny", "Allow", 1), false},
		{"an action more", strings.Replace(base, `"sts:TagSession"]`, `"sts:TagSession","sts:*"]`, 1), false},
		{"another operator", strings.Replace(base, "ArnEquals", "ArnNotEquals", 1), false},
		{"a value less", strings.Replace(base, `,"arn:b"`, "", 1), false},
		{"a value in another case", strings.Replace(base, `"arn:b"`, `"arn:B"`, 1), false},
		{"another principal kind", strings.Replace(base, `"Service"`, `"Federated"`, 1), false},
		{"a negated principal", strings.Replace(base, `"Principal":"*"`, `"NotPrincipal":"*"`, 1), false},
		{"a resource", strings.Replace(base, `"Effect":"Deny"`, `"Effect":"Deny","Resource":"*"`, 1), false},
	} {
		a, b := parse(t, base), parse(t, c.text)
		if got := iampolicy.Equal(a, b); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
		if got := iampolicy.Equal(b, a); got != c.want {
			t.Errorf("%s, other way round: got %v, want %v", c.name, got, c.want)
		}
	}
	variable := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::${aws:username}"}}`
	if iampolicy.Equal(parse(t, variable), parse(t, strings.Replace(variable, "2012-10-17", "2008-10-17", 1))) {
		t.Error("with a variable the version counts")
	}
	if iampolicy.Equal(nil, parse(t, base)) || !iampolicy.Equal(nil, nil) {
		t.Error("nil is equal to nil alone")
	}
}

func parse(t testing.TB, text string) *iampolicy.Document {
	t.Helper()
	d, err := iampolicy.Parse([]byte(text))
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return d
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
func TestSizeOfLeavesOutWhiteSpaceBetweenTokens(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       int
	}{
		{"nothing", "", 0},
		{"tokens", "{ \"a\" :\t\"b\" }\r\n", 9},
		{"space in a string", `{"a":"b c"}`, 11},
		{"an escaped quotation mark", `{"a":"\" "}`, 11},
		{"an escaped backslash", `{"a":"\\" }`, 10},
		{"characters, not bytes", `{"a":"é"}`, 9},
	} {
		if got := iampolicy.SizeOf([]byte(c.text)); got != c.want {
			t.Errorf("%s: got %d, want %d", c.name, got, c.want)
		}
	}
}

// The service takes no characters above U+00FF in a document.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAssumeRolePolicy.html
func TestEncodeWritesASCII(t *testing.T) {
	d := parse(t, `{"Id":"é 東 😀 <&> \u0001 \u2028","Statement":{"Effect":"Allow","NotPrincipal":"*","Action":"*","Condition":{"Odd":{"a:b":"c"}}}}`)
	text := d.Encode()
	for _, c := range text {
		if c > '~' {
			t.Fatalf("%q in %s", c, text)
		}
	}
	if !strings.Contains(string(text), `"\u00e9 \u6771 \ud83d\ude00 <&> \u0001 \u2028"`) {
		t.Errorf("got %s", text)
	}
	if again := parse(t, string(text)); again.ID != d.ID || !iampolicy.Equal(d, again) {
		t.Errorf("got %+v", again)
	}
}

func TestNumbersAreTakenAsTheyAreWritten(t *testing.T) {
	d := parse(t, `{"Statement":{"Effect":"Allow","Action":"*","Condition":{"NumericEquals":{"k:n":[0,-1.50,2e+3,1E-2,10]}}}}`)
	if diff := cmp.Diff([]string{"0", "-1.50", "2e+3", "1E-2", "10"}, d.Statements[0].Conditions[0].Values); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{"-", "1.", "1.e3", "1e", "1e+", ".5", "+1", "--1", "0x1", "1_0"} {
		if _, err := iampolicy.Parse([]byte(`{"Statement":{"Effect":"Allow","Action":"*","Condition":{"NumericEquals":{"k:n":` + bad + `}}}}`)); err == nil {
			t.Errorf("%s was taken for a number", bad)
		}
	}
}

func TestSessionSizeCountsAsSizeOf(t *testing.T) {
	if got, want := iampolicy.SessionSize([]byte(trustText)), iampolicy.SizeOf([]byte(trustText)); got != want || got == 0 {
		t.Errorf("got %d, want %d", got, want)
	}
}

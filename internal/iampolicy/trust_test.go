package iampolicy_test

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/iampolicy"
)

func prod() iampolicy.Trust {
	return iampolicy.Trust{
		Sid:          "AnchorctlProd",
		AnchorARNs:   []string{"arn:aws:rolesanywhere:us-east-1:111122223333:trust-anchor/b", "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/a"},
		Account:      "111122223333",
		Environment:  "prod",
		WorkloadURIs: []string{"spiffe://prod.example.internal/backup"},
	}
}

const prodText = `{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "AnchorctlProd",
      "Effect": "Allow",
      "Principal": {
        "Service": "rolesanywhere.amazonaws.com"
      },
      "Action": [
        "sts:AssumeRole",
        "sts:TagSession",
        "sts:SetSourceIdentity"
      ],
      "Condition": {
        "ArnEquals": {
          "aws:SourceArn": [
            "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/a",
            "arn:aws:rolesanywhere:us-east-1:111122223333:trust-anchor/b"
          ]
        },
        "StringEquals": {
          "aws:SourceAccount": "111122223333",
          "aws:PrincipalTag/x509Subject/OU": "prod",
          "aws:PrincipalTag/x509SAN/URI": "spiffe://prod.example.internal/backup"
        }
      }
    }
  ]
}
`

func TestGenerateTrustIsStable(t *testing.T) {
	if diff := cmp.Diff(prodText, string(iampolicy.GenerateTrust(prod()))); diff != "" {
		t.Error(diff)
	}
}

// What the generated document must allow and must not, from
// https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html
func TestGeneratedTrustPinsTheRole(t *testing.T) {
	good := func() ctx {
		return ctx{
			"aws:SourceArn":                   {"arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/a"},
			"aws:SourceAccount":               {"111122223333"},
			"aws:PrincipalTag/x509Subject/OU": {"prod"},
			"aws:PrincipalTag/x509SAN/URI":    {"spiffe://prod.example.internal/backup"},
		}
	}
	d := parse(t, prodText)
	for _, c := range []struct {
		name   string
		change func(c ctx)
		want   bool
	}{
		{"its workload through its anchor", func(ctx) {}, true},
		{"through the anchor of the other region", func(c ctx) { c["aws:SourceArn"] = []string{prod().AnchorARNs[0]} }, true},
		{"through a foreign anchor", func(c ctx) {
			c["aws:SourceArn"] = []string{"arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/c"}
		}, false},
		{"without an anchor", func(c ctx) { delete(c, "aws:SourceArn") }, false},
		{"from another account", func(c ctx) { c["aws:SourceAccount"] = []string{"444455556666"} }, false},
		{"another environment", func(c ctx) { c["aws:PrincipalTag/x509Subject/OU"] = []string{"dev"} }, false},
		{"two environments in one certificate", func(c ctx) { c["aws:PrincipalTag/x509Subject/OU"] = []string{"prod/dev"} }, false},
		{"an environment that is not mapped", func(c ctx) { delete(c, "aws:PrincipalTag/x509Subject/OU") }, false},
		{"another workload", func(c ctx) {
			c["aws:PrincipalTag/x509SAN/URI"] = []string{"spiffe://prod.example.internal/backup2"}
		}, false},
		{"a workload that is not mapped", func(c ctx) { delete(c, "aws:PrincipalTag/x509SAN/URI") }, false},
	} {
		context := good()
		c.change(context)
		got := d.Evaluate(iampolicy.Request{Principal: iampolicy.Principal{Kind: iampolicy.Service, Value: iampolicy.RolesAnywhere},
			Actions: iampolicy.TrustActions(), Context: context})
		if got.Allowed != c.want || got.Possible != c.want {
			t.Errorf("%s: allowed %v, possible %v, want %v", c.name, got.Allowed, got.Possible, c.want)
		}
	}
}

func TestTrustIsRefusedWhenItWouldNotPin(t *testing.T) {
	for name, change := range map[string]func(*iampolicy.Trust){
		"no anchors":              func(t *iampolicy.Trust) { t.AnchorARNs = nil },
		"no workloads":            func(t *iampolicy.Trust) { t.WorkloadURIs = nil },
		"no account":              func(t *iampolicy.Trust) { t.Account = "" },
		"no environment":          func(t *iampolicy.Trust) { t.Environment = "" },
		"no sid":                  func(t *iampolicy.Trust) { t.Sid = "" },
		"a sid with a hyphen":     func(t *iampolicy.Trust) { t.Sid = "Anchorctl-x" },
		"an anchor with wildcard": func(t *iampolicy.Trust) { t.AnchorARNs[0] = "arn:aws:rolesanywhere:*:111122223333:trust-anchor/a" },
		"a profile for an anchor": func(t *iampolicy.Trust) {
			t.AnchorARNs[0] = strings.Replace(t.AnchorARNs[0], "trust-anchor", "profile", 1)
		},
		"another account's anchor": func(t *iampolicy.Trust) {
			t.AnchorARNs[0] = strings.Replace(t.AnchorARNs[0], "111122223333", "444455556666", 1)
		},
		"a variable": func(t *iampolicy.Trust) { t.WorkloadURIs = []string{"${aws:PrincipalTag/x}"} },
	} {
		trust := prod()
		change(&trust)
		if trust.Check() == nil {
			t.Errorf("%s: not refused", name)
		}
		if iampolicy.GenerateTrust(trust) != nil {
			t.Errorf("%s: a document was made", name)
		}
		if _, err := iampolicy.WithStatement([]byte(prodText), trust); err == nil {
			t.Errorf("%s: a document was edited", name)
		}
	}
}

func TestSidIsAlphanumericAndDistinct(t *testing.T) {
	for name, want := range map[string]string{
		"prod": "AnchorctlProd", "pre-prod": "AnchorctlPreProd", "preprod": "AnchorctlPreprod", "a1": "AnchorctlA1",
		"a-1": "AnchorctlAZ01", "a-": "AnchorctlAZ0", "a--b": "AnchorctlAZ0B", "a-zoo": "AnchorctlAZzoo", "zoo": "AnchorctlZoo",
	} {
		if got := iampolicy.Sid(name); got != want {
			t.Errorf("Sid(%q) = %q, want %q", name, got, want)
		}
	}
	seen := map[string]string{}
	const letters = "az0-"
	names := []string{"a", "z"}
	for i := 0; i < len(names) && len(names[i]) < 7; i++ {
		for _, c := range letters {
			names = append(names, names[i]+string(c))
		}
	}
	for _, name := range names {
		sid := iampolicy.Sid(name)
		if !regexp.MustCompile(`^[A-Za-z0-9]+$`).MatchString(sid) {
			t.Fatalf("Sid(%q) = %q", name, sid)
		}
		if other, taken := seen[sid]; taken {
			t.Fatalf("%q and %q share %q", name, other, sid)
		}
		seen[sid] = name
	}
}

// Foreign statements, written as nobody but their owner would.
const (
	foreignA = `{ "Effect":"Allow","Action":"sts:AssumeRole" ,
	"Principal":{"AWS":"111122223333","Federated":[ "accounts.google.com"]},
	"Condition":{"ForAnyValue:StringLike":{"accounts.google.com:aud":["a\u0062*"]},"Bool":{"aws:SecureTransport":true}}}`
	foreignB = `{"Sid":"","Effect":"Deny","NotPrincipal":{"AWS":["arn:aws:iam::111122223333:root"]},"NotAction":["sts:Tag*"]}`
)

func TestWithStatementLeavesTheRestAlone(t *testing.T) {
	mine := strings.TrimSuffix(strings.TrimPrefix(prodText, "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    "), "\n  ]\n}\n")
	old := `{"Sid":"AnchorctlProd","Effect":"Allow","Principal":"*","Action":"*"}`
	for _, c := range []struct {
		name, existing, want string
	}{
		{"a document without statements of ours",
			`{"Version":"2012-10-17","Statement":[` + foreignA + `,` + foreignB + "\n]}",
			`{"Version":"2012-10-17","Statement":[` + foreignA + `,` + foreignB + ",\n    " + mine + "\n]}"},
		{"a single statement that is not in a list",
			`{"Statement":` + foreignA + `,"Version":"2008-10-17","Id":"x"}`,
			"{\"Statement\":[\n    " + foreignA + ",\n    " + mine + "\n  ],\"Version\":\"2008-10-17\",\"Id\":\"x\"}"},
		{"our statement as it was, in the middle",
			`{"Statement":[` + foreignA + `, ` + old + ` ,` + foreignB + `]}`,
			`{"Statement":[` + foreignA + `, ` + mine + ` ,` + foreignB + `]}`},
		{"our statement alone and not in a list", `{"Statement":` + old + `}`, `{"Statement":` + mine + `}`},
		{"nothing", " \n", prodText},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := iampolicy.WithStatement([]byte(c.existing), prod())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, string(got)); diff != "" {
				t.Error(diff)
			}
			again, err := iampolicy.WithStatement(got, prod())
			if err != nil || !bytes.Equal(again, got) {
				t.Errorf("a second time changes it (%v):\n%s", err, again)
			}
		})
	}
}

func TestWithStatementKeepsAnEqualStatementAsItIsWritten(t *testing.T) {
	var compact bytes.Buffer
	for _, field := range strings.Fields(prodText) {
		fmt.Fprint(&compact, field)
	}
	text := strings.Replace(compact.String(), `"sts:AssumeRole"`, `"STS:assumerole"`, 1)
	got, err := iampolicy.WithStatement([]byte(text), prod())
	if err != nil || string(got) != text {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestWithoutStatementRemovesExactlyOne(t *testing.T) {
	text := `{"Version":"2012-10-17","Statement":[ ` + foreignA + ` , {"Sid":"Mine","Effect":"Allow","Action":"*"},` + foreignB + ` ]}`
	for _, c := range []struct {
		name, existing, sid, want string
		left                      int
	}{
		{"in the middle", text, "Mine", `{"Version":"2012-10-17","Statement":[ ` + foreignA + `,` + foreignB + ` ]}`, 2},
		{"the first", `{"Statement":[{"Sid":"Mine","Effect":"Allow","Action":"*"}, ` + foreignA + `]}`, "Mine", `{"Statement":[` + foreignA + `]}`, 1},
		{"the last", `{"Statement":[` + foreignA + ` , {"Sid":"Mine","Effect":"Allow","Action":"*"} ]}`, "Mine", `{"Statement":[` + foreignA + ` ]}`, 1},
		{"not there", text, "Other", text, 3},
		{"no Sid names no statement", text, "", text, 3},
		{"the only one", `{"Statement":{"Sid":"Mine","Effect":"Allow","Action":"*"}}`, "Mine", "", 0},
	} {
		got, left, err := iampolicy.WithoutStatement([]byte(c.existing), c.sid)
		if err != nil || string(got) != c.want || left != c.left {
			t.Errorf("%s: got %s, %d left, %v", c.name, got, left, err)
		}
	}
	if _, _, err := iampolicy.WithoutStatement([]byte("{"), "Mine"); err == nil {
		t.Error("a broken document was taken")
	}
}

package render_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/plan"
	"anchorctl/internal/render"
	"anchorctl/internal/rules"
)

func action(kind plan.Kind, addr plan.Addr, before, after string) plan.Action {
	a := plan.Action{ID: plan.ID(kind, addr), Kind: kind, Addr: addr}
	if before != "" {
		a.Before = json.RawMessage(before)
	}
	if after != "" {
		a.After = json.RawMessage(after)
	}
	return a
}

func TestPlanPage(t *testing.T) {
	target := plan.Target{Account: "111122223333", Region: "eu-central-1"}
	enable := action(plan.AnchorEnable, plan.Anchor("prod", target), `{"enabled":false}`, `{"enabled":true}`)
	enable.Gate = "ANC603"
	p := render.Page{}
	p.Plan(plan.Plan{Actions: []plan.Action{
		action(plan.IssuerMint, plan.Issuer("prod", 1), "", `{"key":"ecdsa-p256","dns":[]}`),
		action(plan.AnchorCreate, plan.Anchor("prod", target), `{}`, `{"name":"example-prod","tags":{"a":"b\u001b[2J"}}`),
		action(plan.ProfileUpdate, plan.Profile("prod", "backup", target),
			`{"durationSeconds":3600,"roles":["role/a","role/b"],"sessionPolicy":null}`,
			`{"durationSeconds":7200,"roles":["role/b","role/c"],"sessionPolicy":{"Version":"2012-10-17","Statement":[]}}`),
		action(plan.RoleVerify, plan.Role("111122223333", "team/x"), "", `{"anchors":["one"]}`),
		enable,
		action(plan.ProfileDelete, plan.Profile("prod", "old", target), `{"name":"old"}`, ""),
	}})
	want := `+ mint    issuer/prod#1
      dns  none
      key  ecdsa-p256
+ create  anchor/prod@111122223333/eu-central-1
      name  example-prod
      tags  a = b\x1b[2J
~ update  profile/prod/backup@111122223333/eu-central-1
      durationSeconds  3600 → 7200
      roles
        - role/a
          role/b
        + role/c
      sessionPolicy    none → {"Statement": [], "Version": "2012-10-17"}
? verify  role/111122223333/team/x
      anchors  one
~ enable  anchor/prod@111122223333/eu-central-1  ‖ ANC603
      enabled  false → true
- delete  profile/prod/old@111122223333/eu-central-1
      name  old

Plan: 2 to create, 2 to change, 1 to delete, 1 to check.
‖ ANC603  is checked just before the step
`
	if diff := cmp.Diff(want, string(p.Bytes())); diff != "" {
		t.Error(diff)
	}
}

func TestStepsSayWhatWasDoneAndWhyNot(t *testing.T) {
	target := plan.Target{Account: "111122223333", Region: "eu-central-1"}
	p := render.Page{}
	p.Steps([]render.Step{
		{Action: action(plan.IssuerMint, plan.Issuer("prod", 1), "", "")},
		{Action: action(plan.AnchorEnable, plan.Anchor("prod", target), "", ""), Why: "held: a\x1b [ANC603]"},
		{Action: action(plan.ProfileDelete, plan.Profile("prod", "old", target), "", "")},
	})
	want := `+ mint    issuer/prod#1
‖ enable  anchor/prod@111122223333/eu-central-1  held: a\x1b [ANC603]
- delete  profile/prod/old@111122223333/eu-central-1
`
	if diff := cmp.Diff(want, string(p.Bytes())); diff != "" {
		t.Error(diff)
	}
}

func TestANarrowScreenGetsOneFieldALine(t *testing.T) {
	draw := func(width int) string {
		p := render.Page{Width: width}
		p.Table([]string{"OBJECT", "STATE", "ARN"}, [][]string{
			{"anchor/prod@111122223333/eu-central-1", "ok", "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/x"}, {"role/x", "missing"},
		})
		p.Findings([]rules.Finding{{Rule: "ANC001", Name: "self-signed", Severity: rules.Refuse, At: "x.pem",
			Evidence: "the certificate says of itself who it is, and everybody below it would be accepted", Remedy: "r"}})
		return string(p.Bytes())
	}
	narrow := `object  anchor/prod@111122223333/eu-central-1
state   ok
arn     arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/x

object  role/x
state   missing

refuse  ANC001 self-signed
  at      x.pem
  found   the certificate says of itself who it is, and
          everybody below it would be accepted
  remedy  r
`
	wide := `OBJECT                                 STATE    ARN
anchor/prod@111122223333/eu-central-1  ok       arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/x
role/x                                 missing

refuse  ANC001 self-signed
  at      x.pem
  found   the certificate says of itself who it is, and everybody below it would be accepted
  remedy  r
`
	for width, want := range map[int]string{60: narrow, 200: wide, 0: wide} {
		if diff := cmp.Diff(want, draw(width)); diff != "" {
			t.Errorf("%d columns: %s", width, diff)
		}
	}
}

func TestAnEmptyPlanSaysSo(t *testing.T) {
	var p render.Page
	p.Plan(plan.Plan{})
	if got := string(p.Bytes()); !strings.HasPrefix(got, "Nothing to do") {
		t.Errorf("got %q", got)
	}
}

func TestColourIsNeverTheOnlySign(t *testing.T) {
	draw := func(colour bool) string {
		p := render.Page{Colour: colour}
		p.Heading("Findings")
		p.Findings([]rules.Finding{{Rule: "ANC001", Name: "self-signed", Severity: rules.Refuse, At: "x.pem", Evidence: "e", Remedy: "r"}})
		p.Plan(plan.Plan{Actions: []plan.Action{action(plan.IssuerMint, plan.Issuer("prod", 1), "", `{"key":["a","b"]}`)}})
		p.Table([]string{"NAME", "STATE"}, [][]string{{"anchor", "ok"}})
		return string(p.Bytes())
	}
	coloured, plain := draw(true), draw(false)
	if coloured == plain {
		t.Error("colour changes nothing")
	}
	if strings.Contains(plain, "\x1b") {
		t.Errorf("a plain page holds escapes: %q", plain)
	}
	stripped := coloured
	for _, sgr := range []string{"0", "1", "31", "32", "33", "36"} {
		stripped = strings.ReplaceAll(stripped, "\x1b["+sgr+"m", "")
	}
	if diff := cmp.Diff(plain, stripped); diff != "" {
		t.Errorf("without its colours the page says something else:\n%s", diff)
	}
}

func TestTableAlignsByCharacters(t *testing.T) {
	var p render.Page
	p.Table([]string{"NAME", "WHERE"}, [][]string{{"grün", "here"}, {"x\x1b", "there"}, {"lonely"}})
	want := "NAME   WHERE\ngrün   here\nx\\x1b  there\nlonely\n"
	want = strings.ReplaceAll(want, "NAME   WHERE\ngrün   here\nx\\x1b  there", "NAME    WHERE\ngrün    here\nx\\x1b   there")
	if got := string(p.Bytes()); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestEnvelope(t *testing.T) {
	out, err := render.JSON(render.Envelope{
		Schema: "anchorctl.plan/v1", OK: true, Result: map[string]string{"at": "a<b>\u009b\u202e\U000e0001"}, Findings: []rules.Finding{},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `{
  "schema": "anchorctl.plan/v1",
  "ok": true,
  "result": {
    "at": "a<b>\u009b\u202e\udb40\udc01"
  },
  "findings": []
}
`
	if diff := cmp.Diff(want, string(out)); diff != "" {
		t.Error(diff)
	}
}

// FuzzJSON holds that escaping changes no value and leaves nothing a terminal
// acts on.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{"", "\x1b[2J", "\u009b2J", "\u202e", "\U000e0041", "a\"b\\c\n", "\u2028"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		out, err := render.JSON(render.Envelope{Result: s})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range string(out) {
			if r != '\n' && !unicode.IsPrint(r) {
				t.Fatalf("%q holds %U", out, r)
			}
		}
		plain, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var got struct{ Result string }
		var want string
		if err := json.Unmarshal(out, &got); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(plain, &want); err != nil {
			t.Fatal(err)
		}
		if got.Result != want {
			t.Fatalf("%q became %q", want, got.Result)
		}
	})
}

// FuzzPage holds that no text from outside brings control characters onto a
// page, wherever it stands.
func FuzzPage(f *testing.F) {
	f.Add("plain", []byte(`{"a":"b"}`))
	f.Add("\x1b]0;x\a", []byte(`{"\u001b":["\u009b"]}`))
	f.Add("a\nb", []byte(`{"a":`))
	f.Fuzz(func(t *testing.T, s string, raw []byte) {
		var p render.Page
		p.Line("%s", s)
		p.Heading(s)
		p.Text(s)
		p.Fields(render.Field{Name: s, Value: s})
		p.Table([]string{s, s}, [][]string{{s, s}})
		p.Findings([]rules.Finding{{Rule: s, Name: s, At: s, Element: s, Evidence: s, Remedy: s}})
		p.Plan(plan.Plan{Actions: []plan.Action{
			{Kind: plan.Kind(s), Gate: s, Addr: plan.Role(s, s), Before: raw, After: json.RawMessage(`{"a":[],"value":"x"}`)},
			{Kind: plan.RolePin, Before: raw, After: raw},
		}})
		for _, r := range string(bytes.ToValidUTF8(p.Bytes(), []byte{0})) {
			if r != '\n' && !unicode.IsPrint(r) {
				t.Fatalf("the page of %q holds %U", s, r)
			}
		}
	})
}

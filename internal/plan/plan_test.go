package plan_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/plan"
)

var target = plan.Target{Account: "111122223333", Region: "eu-central-1"}

func sample(t *testing.T) plan.Plan {
	t.Helper()
	anchor := plan.Anchor("prod", target)
	create, err := plan.NewAction(plan.AnchorCreate, anchor, nil, map[string]any{"name": "x", "enabled": false}, nil)
	if err != nil {
		t.Fatal(err)
	}
	enable, err := plan.NewAction(plan.AnchorEnable, anchor, map[string]bool{"enabled": false}, map[string]bool{"enabled": true}, []string{create.ID})
	if err != nil {
		t.Fatal(err)
	}
	return plan.Plan{
		Basis:   plan.Basis{Lineage: "l", Command: "apply", Config: "c", State: "s", Live: map[string]string{"b": "2", "a": "1"}},
		Actions: []plan.Action{create, enable},
	}
}

func TestEncodeAndDecode(t *testing.T) {
	p := sample(t)
	raw, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(raw, []byte(`{"actions":[{"addr":"anchor/prod@111122223333/eu-central-1","after":{"enabled":false,"name":"x"},`)) {
		t.Errorf("not canonical: %s", raw)
	}
	got, err := plan.Decode(raw)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(p, got); diff != "" {
		t.Error(diff)
	}
	if !p.Actions[0].Once || p.Actions[1].Once {
		t.Error("a create, and only it, is sent once")
	}
}

func TestDecodeRefuses(t *testing.T) {
	raw, err := sample(t).Encode()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ from, to, want string }{
		"an unknown field":        {`"schema":`, `"extra":1,"schema":`, "unknown field"},
		"another schema":          {plan.Schema, "anchorctl.plan/v9", "this program reads"},
		"an ID of something else": {`"id":"anchor.create anchor`, `"id":"anchor.delete anchor`, "does not follow"},
		"an address of no form":   {`"addr":"anchor/prod@`, `"addr":"anchor/PROD@`, "reading address"},
		"a second document":       {`"schema":"anchorctl.plan/v1"}`, `"schema":"anchorctl.plan/v1"}{}`, "more than one"},
		"a need that never comes": {`"needs":["anchor.create`, `"needs":["anchor.tag`, "does not come before"},
		"no JSON":                 {`{"actions"`, `{actions`, "reading plan"},
	} {
		t.Run(name, func(t *testing.T) {
			changed := strings.Replace(string(raw), c.from, c.to, 1)
			if changed == string(raw) {
				t.Fatal("the case changes nothing")
			}
			if _, err := plan.Decode([]byte(changed)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestBasisDiffSaysWhatMoved(t *testing.T) {
	base := sample(t).Basis
	moved := base
	moved.Config = "other"
	moved.Live = map[string]string{"a": "1", "b": "3", "c": "4"}
	want := []string{"the configuration has changed", "what is in AWS at b has changed", "what is in AWS at c has changed"}
	if diff := cmp.Diff(want, base.Diff(moved)); diff != "" {
		t.Error(diff)
	}
	if words := base.Diff(base); len(words) != 0 {
		t.Errorf("a basis differs from itself: %v", words)
	}
}

func TestPartition(t *testing.T) {
	for region, want := range map[string]string{
		"eu-central-1": "aws", "cn-north-1": "aws-cn", "us-gov-west-1": "aws-us-gov", "eusc-de-east-1": "aws-eusc", "us-iso-east-1": "aws-iso",
		"us-isob-east-1": "aws-iso-b",
	} {
		if got := (plan.Target{Region: region}).Partition(); got != want {
			t.Errorf("partition of %s is %s, want %s", region, got, want)
		}
	}
}

func FuzzParseAddr(f *testing.F) {
	for _, seed := range []string{
		"root#1", "issuer/prod#2", "anchor/prod@111122223333/eu-central-1", "crl/prod/2@111122223333/eu-central-1", "profile/prod/backup@111122223333/eu-central-1",
		"role/111122223333/team/prod-backup", "workload/prod/backup", "anchor/prod", "issuer/prod#0", "role/1/x", "",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		addr, err := plan.ParseAddr(text)
		if err != nil {
			return
		}
		if addr.String() != text {
			t.Errorf("%q was read as %q", text, addr)
		}
	})
}

func FuzzDecodePlan(f *testing.F) {
	f.Add([]byte(`{"actions":[],"basis":{"command":"apply","config":"","lineage":"","live":null,"state":""},"schema":"anchorctl.plan/v1"}`))
	f.Add([]byte(`{"schema":"anchorctl.plan/v1","actions":[{"id":"role.pin role/111122223333/x","kind":"role.pin","addr":"role/111122223333/x","after":{"a":1e3}}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := plan.Decode(raw)
		if err != nil {
			return
		}
		first, err := p.Encode()
		if err != nil {
			if json.Valid(raw) {
				return // valid JSON without a canonical form, such as a number out of range
			}
			t.Fatalf("what was decoded cannot be encoded: %v", err)
		}
		again, err := plan.Decode(first)
		if err != nil {
			t.Fatalf("what was encoded cannot be decoded: %v", err)
		}
		second, err := again.Encode()
		if err != nil || !bytes.Equal(first, second) {
			t.Errorf("encoding is not stable: %v\n%s\n%s", err, first, second)
		}
	})
}

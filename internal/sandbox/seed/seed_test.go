package seed_test

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"anchorctl/internal/sandbox/seed"
	"anchorctl/internal/sandbox/world"
)

const policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}`

func read(path string) ([]byte, error) {
	if path == filepath.Join("dir", "policies", "backup.json") {
		return []byte(policy), nil
	}
	return nil, fs.ErrNotExist
}

func TestASeedFillsAWorld(t *testing.T) {
	s, err := seed.Parse(filepath.Join("dir", "seed.yaml"), []byte(`
accounts:
  "111122223333":
    accessKeys: [{id: AKIAEXAMPLEPROD, secret: sandbox-only}]
    policies: {team/own: policies/backup.json}
    roles:
      team/prod-backup: {maxSessionDuration: 7200, attachedPolicies: ["arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::111122223333:policy/team/own"], inlinePolicies: {s3: policies/backup.json}, tags: {a: b}}
      anchorctl-probe: {}
  "444455556666":
    partition: aws-cn
`), read)
	if err != nil {
		t.Fatal(err)
	}
	w := world.New()
	if err := s.Apply(w, time.Unix(0, 0)); err != nil {
		t.Fatal(err)
	}
	a := w.Accounts["111122223333"]
	r := a.Roles["prod-backup"]
	if r.ARN != "arn:aws:iam::111122223333:role/team/prod-backup" || r.MaxSession != 7200 || r.Inline["s3"] != policy || r.Tags["a"] != "b" || len(r.Attached) != 2 {
		t.Errorf("the role is %+v", r)
	}
	if got := a.Roles["anchorctl-probe"].Trust; got != seed.NoTrustYet {
		t.Errorf("a role without trust has %s", got)
	}
	if p := a.Policies["arn:aws:iam::111122223333:policy/team/own"]; p == nil || p.Document != policy || p.Path != "/team/" {
		t.Errorf("the policy is %+v", p)
	}
	if k := a.AccessKeys[0]; k.User != "sandbox" || k.Profile != "111122223333" || w.Accounts["444455556666"].Partition != "aws-cn" {
		t.Errorf("defaults are %+v", k)
	}

	r.MaxSession, a.AccessKeys[0].Secret = 3600, "old"
	id := r.ID
	if err := s.Apply(w, time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	if r := a.Roles["prod-backup"]; r.MaxSession != 3600 || r.ID != id || len(a.AccessKeys) != 1 || a.AccessKeys[0].Secret != "sandbox-only" {
		t.Errorf("applied again, it made %+v, %+v", r, a.AccessKeys)
	}
}

func TestSeedsThatAreRefused(t *testing.T) {
	account := func(rest string) string { return "accounts:\n  \"111122223333\":\n" + rest }
	tests := map[string]struct{ text, want string }{
		"nothing":                  {"", "no accounts"},
		"an unknown key":           {account("    rols: {}\n"), "rols"},
		"a key twice":              {account("    roles: {a: {}, a: {}}\n"), "a"},
		"two documents":            {account("    roles: {}\n---\na: b\n"), "more than one document"},
		"an anchor":                {account("    roles: &a {}\n"), "anchors, aliases and tags"},
		"a tag":                    {account("    accessKeys: !0\n"), "anchors, aliases and tags"},
		"a wrong type":             {account("    roles: {a: {maxSessionDuration: long}}\n"), "maxSessionDuration"},
		"an account's short id":    {"accounts: {\"1\": {}}", "12 digits"},
		"an unknown partition":     {account("    partition: mars\n"), "mars"},
		"a key without a secret":   {account("    accessKeys: [{id: A}]\n"), "needs an id and a secret"},
		"a slash in a key":         {account("    accessKeys: [{id: A/B, secret: s}]\n"), "needs an id and a secret"},
		"a key of two accounts":    {account("    accessKeys: [{id: A, secret: s}]\n  \"444455556666\": {accessKeys: [{id: A, secret: s}]}\n"), "already"},
		"a session that is short":  {account("    roles: {a: {maxSessionDuration: 60}}\n"), "maxSessionDuration"},
		"a trust that is no JSON":  {account("    roles: {a: {trust: \"{\"}}\n"), "MalformedPolicyDocument"},
		"a file that is not there": {account("    roles: {a: {trust: none.json}}\n"), "trust of role a"},
		"a name with a space":      {account("    roles: {\"a b\": {}}\n"), "roleName"},
		"a policy of nobody":       {account("    roles: {a: {attachedPolicies: [x]}}\n"), "NoSuchEntity"},
		"a policy nobody wrote":    {account("    roles: {a: {attachedPolicies: [\"arn:aws:iam::111122223333:policy/x\"]}}\n"), "NoSuchEntity"},
		"a policy that is none":    {account("    policies: {a: \"{}\"}\n"), "MalformedPolicyDocument"},
		"a policy's missing file":  {account("    policies: {a: none.json}\n"), "policy a"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := seed.Parse("seed.yaml", []byte(tt.text), read)
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "seed.yaml") {
				t.Errorf("the error is %v, want one about %q", err, tt.want)
			}
		})
	}
	if _, err := seed.Load(filepath.Join(t.TempDir(), "none.yaml")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("loading nothing gave %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("accounts:\n  \"111122223333\":\n    accessKeys: [{id: A, secret: s}]\n    roles: {a/b: {trust: x.json}}\n")
	f.Add("a: &a [*a]")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := seed.Parse("seed.yaml", []byte(text), read)
		if err != nil {
			return
		}
		if err := s.Apply(world.New(), time.Unix(0, 0)); err != nil {
			t.Errorf("a seed that was read does not apply: %v", err)
		}
	})
}

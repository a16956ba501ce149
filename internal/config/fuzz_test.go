package config_test

import (
	"encoding/json"
	"errors"
	"os"
	"testing"

	"anchorctl/internal/config"
)

// FuzzLoadConfig: no input makes the reader panic; what it refuses, it refuses
// with a place; what it accepts means the same when it is written and read
// again.
func FuzzLoadConfig(f *testing.F) {
	text, err := os.ReadFile("testdata/full.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{
		string(text), small, string(config.Starter(config.StarterOptions{})), "", "a", "- a", "a: [", "{", "? a\n: b", "a: &b c\nd: *b", "---\n---\n",
		"version: 1\nestate:\n  name: |\n    a\n", "a: \"\\ud800\"", "\ufeffa: 1", "a:\r\n  b: 'c'\r\n", "a: >-\n\n  b\n", "a: !!binary x", "<<: a",
		"a: b #c\n#d\n\n...\n", "[a: b, c: d]", "a: 'b''c'", "\"a\\nb\": c", "- - - a\n", "a:\n- b\n-\n- c", "1: 2", ": a", "a: 0x1f", "a: .inf",
	} {
		f.Add([]byte(seed))
	}
	read := files(map[string]string{"estate/policies/backup.json": policy})
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := config.Parse("estate/anchorctl.yaml", data, read)
		if err != nil {
			refusedWithAPlace(t, err)
			return
		}
		want, err := c.Digest()
		if err != nil {
			t.Fatal(err)
		}
		again, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		c, err = config.Parse("estate/anchorctl.yaml", again, read)
		if err != nil {
			t.Fatalf("accepted once, then refused: %v\n%s", err, again)
		}
		if got, err := c.Digest(); err != nil || got != want {
			t.Fatalf("the digest is %s, %v, was %s", got, err, want)
		}
	})
}

func refusedWithAPlace(t *testing.T, err error) {
	var list *config.Errors
	if !errors.As(err, &list) || len(list.Problems) == 0 {
		t.Fatalf("refused with %T: %v", err, err)
	}
	for _, p := range list.Problems {
		if p.Message == "" || p.Line < 1 || p.Column < 1 {
			t.Fatalf("a problem without a place or a message: %+v", p)
		}
		for _, r := range p.Error() {
			if r < ' ' && r != '\n' {
				t.Fatalf("a control character in %q", p.Error())
			}
		}
	}
}

package config_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"anchorctl/internal/config"
)

// noFiles is for configurations that name no other file.
func noFiles(path string) ([]byte, error) { return nil, fmt.Errorf("nobody should read %q", path) }

// problems are those that the configuration has, as "line:column message".
func problems(t *testing.T, text string) []*config.Error {
	t.Helper()
	_, err := config.Parse("anchorctl.yaml", []byte(text), noFiles)
	if err == nil {
		return nil
	}
	var list *config.Errors
	if !errors.As(err, &list) {
		t.Fatalf("the error is %T: %v", err, err)
	}
	return list.Problems
}

const small = `version: 1
estate: {name: example, organization: Example Corp, trustDomain: example.internal}
environments: {}
`

func TestWhatIsNotTheGrammarIsRefusedWithItsPlace(t *testing.T) {
	for _, test := range []struct {
		name, text   string
		line, column int
		message      string
	}{
		{"an unknown key", small + "enviroments: {}\n", 4, 1, `unknown key "enviroments"`},
		{"a key that stands twice", small + "version: 1\n", 4, 1, `the key "version" stands here a second time; first in line 1`},
		{"a key that stands twice in a flow mapping", "version: 1\nestate: {name: a, organization: b, trustDomain: c, name: d}\nenvironments: {}\n", 2, 52, `the key "name" stands here a second time`},
		{"a key that stands twice, once in quotes", small + "\"version\": 1\n", 4, 1, `the key "version" stands here a second time`},
		{"two documents", small + "---\nversion: 1\n", 5, 8, "a second document"},
		{"an anchor", "version: &v 1\n", 1, 10, "an anchor (&)"},
		{"an alias", "version: *v\n", 1, 10, "an alias (*)"},
		{"a bomb of aliases", "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n", 1, 4, "an anchor (&)"},
		{"a merge key", "estate:\n  <<: {name: a}\n", 2, 3, "a merge key (<<)"},
		{"a tag", "version: !!int 1\n", 1, 10, "a tag (!)"},
		{"a local tag", "version: !x 1\n", 1, 10, "a tag (!)"},
		{"a directive", "%YAML 1.2\n---\n" + small, 1, 1, "a directive (%)"},
		{"a complex key", "? version\n: 1\n", 1, 1, "a complex key (?)"},
		{"a tab as indentation", "estate:\n\tname: a\n", 2, 1, "a tab"},
		{"a tab elsewhere", "version:\t1\n", 1, 9, "a tab"},
		{"invalid UTF-8", "version: 1 # \xff\n", 1, 14, "not UTF-8"},
		{"a NUL byte", "version: 1\n# é\x00\n", 2, 4, "a NUL byte"},
		{"an escape sequence", "version: 1 # \x1b[2J\n", 1, 14, "the character U+001B"},
		{"a change of text direction", "version: 1 # \u202e\n", 1, 14, "the character U+202E"},
		{"a line separator", "version: 1 # \u2028\n", 1, 14, "the character U+2028"},
		{"a lone carriage return", "version: 1\rversion: 2\n", 1, 11, "a carriage return"},
		{"nothing", "", 1, 1, "the file says nothing"},
		{"comments alone", "# nothing\n", 1, 1, "the file says nothing"},
		{"a list", "- version: 1\n", 1, 1, "expected a mapping, found a list"},
		{"a text", "version\n", 1, 1, "expected a mapping, found text"},
		{"a flow mapping that does not end", small + "root: {key: {type: rsa-4096}\n", 4, 7, ""},
		{"quotes that do not end", small + "store: \"x\n", 4, 8, ""},
		{"indentation that does not fit", "version: 1\nestate:\n   name: a\n  organization: b\n", 4, 3, ""},
		{"a mapping where a line goes on", "version: 1: 2\n", 1, 10, ""},
		{"an unknown escape", small + `store: "\q"` + "\n", 4, 10, ""},
		{"a key that is a number", "version: 1\nestate: {name: example, organization: b, trustDomain: c}\nenvironments: {1: {}}\n", 3, 16, "a key that is a number"},
		{"a key that is a truth value", small + "true: 1\n", 4, 1, "a key that is true or false"},
		{"a key that is nothing", small + "~: 1\n", 4, 1, "a key that is nothing"},
		{"too many levels", "a: " + strings.Repeat("[", 33) + strings.Repeat("]", 33), 1, 35, "more than 32 levels"},
		{"too many levels of lists", strings.Repeat("- ", 40) + "a\n", 1, 65, "more than 32 levels"},
		{"too many levels of mappings", deepMapping(40), 33, 34, "more than 32 levels"},
		{"too many keys", "environments:\n" + manyKeys(4200), 4098, 8, "more than 4096 keys in one mapping"},
		{"a megabyte and more", small + strings.Repeat("# padding\n", 120_000), 0, 0, "more than 1048576 bytes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			list := problems(t, test.text)
			if len(list) == 0 {
				t.Fatal("it was accepted")
			}
			got := list[0]
			for _, p := range list { // others may follow from it
				if p.Line == test.line && strings.Contains(p.Message, test.message) {
					got = p
				}
			}
			if got.Line != test.line || got.Column != test.column || !strings.Contains(got.Message, test.message) {
				t.Errorf("got %d:%d %q, want %d:%d %q", got.Line, got.Column, got.Message, test.line, test.column, test.message)
			}
			if got.Line > 0 && !strings.HasSuffix(got.Excerpt, "^") {
				t.Errorf("the excerpt has no caret:\n%s", got.Excerpt)
			}
		})
	}
}

func deepMapping(levels int) string {
	var b strings.Builder
	for i := range levels {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "  e%d: {}\n", i)
	}
	return b.String()
}

func TestWhatReadsAsTheSameIsTheSame(t *testing.T) {
	want, err := config.Parse("a.yaml", []byte(small), noFiles)
	if err != nil {
		t.Fatal(err)
	}
	digest, err := want.Digest()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"line ends of Windows":   strings.ReplaceAll(small, "\n", "\r\n"),
		"a byte order mark":      "\ufeff" + small,
		"JSON":                   `{"version": 1, "estate": {"name": "example", "organization": "Example Corp", "trustDomain": "example.internal"}, "environments": {}}`,
		"a document mark":        "---\n" + small + "...\n",
		"comments":               "# here\n" + strings.ReplaceAll(small, "\n", " # there\n"),
		"block instead of flow":  "version: 1\nestate:\n  name: 'example'\n  organization: >-\n    Example\n    Corp\n  trustDomain: \"example.internal\"\nenvironments: {}\n",
		"the defaults, written":  small + "roles: verify\nstore: .anchorctl/state.db\nroot: {key: {type: ecdsa-p384}, lifetime: 87600h}\n",
		"another order of keys":  "environments: {}\nestate: {trustDomain: example.internal, organization: Example Corp, name: example}\nversion: 1\n",
		"no line feed at an end": strings.TrimSpace(small),
	} {
		t.Run(name, func(t *testing.T) {
			c, err := config.Parse("b.yaml", []byte(text), noFiles)
			if err != nil {
				t.Fatal(err)
			}
			got, err := c.Digest()
			if err != nil || got != digest {
				t.Errorf("the digest is %s, %v, want %s", got, err, digest)
			}
		})
	}
}

// Inputs that make readers of YAML slow must not make this one slow.
func TestHostileInputIsRefusedQuickly(t *testing.T) {
	const size = 1 << 18 // what took quadratic time would take minutes already
	fill := func(part string) string { return strings.Repeat(part, size/len(part)) }
	for name, text := range map[string]string{
		"open brackets": fill("["), "open braces": fill("{"), "dashes": fill("- "), "questions": fill("? "), "colons": fill("a: "),
		"one long word": fill("a"), "spaces": fill(" "), "empty lines": fill("\n"), "comments": fill("#\n"), "commas": "[" + fill("a,"),
		"keys": fill("a: 1\n"), "keys without values": fill("a:\n"), "lists": fill("- a\n"), "a literal": "a: |\n" + fill(" x\n"),
		"quotes": fill(`"`), "lines in quotes": `"` + fill("a\n"), "escapes": `"` + fill(`\n`), "stars": fill("*a "), "bangs": fill("! "),
		"a deep ladder": fill("a:\n b:\n  c:\n"), "full mappings": fill("a:\n" + strings.Repeat("  a: 1\n", 4095)), "wrong items in one line": "environments: {a: {targets: [" + strings.Repeat("{}, ", 4000) + "]}, " + fill("A: [], ")[:200_000] + "}",
		"unknown workloads": small[:len(small)-4] + "\n  a:\n    targets: [{account: '111122223333', region: eu-west-1}]\n    profiles:\n" + strings.Repeat(
			"      p:\n        roles: {r: {workloads: ["+strings.Repeat("abcdefgh, ", 4000)+"a]}}\n", 20),
		"unknown keys": strings.Repeat("ab: {"+strings.Repeat("unknown: 1, ", 4000)+"}\n", 20), "pairs in braces": "{" + fill("a: 1, "), "commas alone": "{" + fill(","),
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			if len(problems(t, text)) == 0 {
				t.Error("it was accepted")
			}
			if took := time.Since(start); took > 10*time.Second { // about a quarter of a second each on a machine that is not busy
				t.Errorf("it took %s", took)
			}
		})
	}
}

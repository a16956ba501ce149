package grants_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"anchorctl/internal/grants"
	"anchorctl/internal/iampolicy"
)

// nobody is a holder whom no value of the document names.
func nobody(d *iampolicy.Document) holder {
	for n := 0; ; n++ {
		h := holder{fmt.Sprintf("nobody%d", n), fmt.Sprintf("nowhere%d", n), fmt.Sprintf("%016x", 0xfeed0000+n)}
		if !named(d, h.name) && !named(d, h.unit) && !named(d, h.serial) {
			return h
		}
	}
}

func named(d *iampolicy.Document, text string) bool {
	return slices.ContainsFunc(d.Statements, func(s iampolicy.Statement) bool {
		return slices.ContainsFunc(s.Conditions, func(c iampolicy.Condition) bool {
			return slices.ContainsFunc(c.Values, func(v string) bool { return strings.Contains(strings.ToLower(v), text) })
		})
	})
}

// asks reports whether a condition is on the key. Whether the service sends
// aws:OriginIdentity/Subject depends on the profile, so the evaluator never knows.
func asks(d *iampolicy.Document, key string) bool {
	return slices.ContainsFunc(d.Statements, func(s iampolicy.Statement) bool {
		return slices.ContainsFunc(s.Conditions, func(c iampolicy.Condition) bool { return strings.EqualFold(c.Key, key) })
	})
}

// Judging never panics, is the same twice, and a document in which no rule
// about pins finds anything can never let in whom it does not name, nor the one it
// names through an anchor that it does not name, however AWS reads what is unclear.
func FuzzJudgeTrust(f *testing.F) {
	for _, c := range trustCorpus(f) {
		f.Add(c.document)
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		c := grants.TrustCase{At: "fuzzed", Document: document, Anchors: []string{anchorHere}, Mappings: map[string]map[string][]string{"p": nil}}
		findings := grants.JudgeTrust(c)
		if again := grants.JudgeTrust(c); !slices.Equal(findings, again) {
			t.Fatal("judged in two ways")
		}
		d, err := iampolicy.Parse(document)
		ids := rulesOf(findings)
		if err != nil || finds(ids, "ANC312") {
			if !finds(ids, "ANC312") {
				t.Fatalf("unreadable, and found %v", ids)
			}
			return
		}
		if finds(ids, "ANC304", "ANC305", "ANC306") {
			return
		}
		if got := lets(document, nobody(d).asks(anchorHere)); got == "in" || got == "unclear" && !asks(d, "aws:OriginIdentity/Subject") {
			t.Fatalf("found %v, and whom nobody named is %s:\n%s", ids, got, document)
		}
		if got := lets(document, owner().asks(anchorElse)); got != "out" {
			t.Fatalf("found %v, and another anchor is %s:\n%s", ids, got, document)
		}
	})
}

package grants_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"anchorctl/internal/grants"
	"anchorctl/internal/iampolicy"
)

// mutation spoils a document at one place. n tells which of the places, values
// and forms there are.
type mutation func(d *iampolicy.Document, n int)

func pick[T any](list []T, n int) (int, bool) {
	if len(list) == 0 {
		return 0, false
	}
	return n % len(list), true
}

func conditionOf(d *iampolicy.Document, n int) *iampolicy.Condition {
	i, ok := pick(d.Statements, n)
	if !ok {
		return nil
	}
	s := &d.Statements[i]
	if i, ok = pick(s.Conditions, n/len(d.Statements)); !ok {
		return nil
	}
	return &s.Conditions[i]
}

func mutations() []mutation {
	operators := []string{"StringLike", "StringNotLike", "StringNotEquals", "StringEqualsIgnoreCase", "StringEquals", "StringEqualsIfExists",
		"ArnLike", "ArnNotEquals", "ArnEqualsIfExists", "ForAllValues:StringEquals", "ForAnyValue:StringLike", "ForAnyValue:StringNotEquals",
		"ForAllValues:StringNotLikeIfExists", "Null", "Bool", "NumericNotEquals", "stringlike"}
	values := []string{"*", "?*", "s*", "", "true", "false", anchorElse, "arn:aws:rolesanywhere:*", "arn:*:*:*:*:*",
		"${aws:SourceArn}", "${aws:PrincipalTag/x509Subject/OU}", "${aws:PrincipalTag/x509Subject/CN}", "${aws:RequestTag/x509SAN/URI}",
		"CN=${aws:PrincipalTag/x509Subject/CN}", "${*}", "spiffe://prod.example.internal/*", "prod issuer 1"}
	keys := []string{"aws:PrincipalTag/x509Issuer/CN", "aws:PrincipalTag/x509Subject/L", "aws:SourceAccount", "aws:PrincipalTag/x509Subject/O",
		"aws:principaltag/X509san/uri", "aws:TagKeys", "sts:RoleSessionName", "aws:sourceARN", "aws:PrincipalServiceName", "sts:ExternalId"}
	return []mutation{
		func(d *iampolicy.Document, n int) { // a condition less
			if i, ok := pick(d.Statements, n); ok {
				s := &d.Statements[i]
				if at, has := pick(s.Conditions, n/len(d.Statements)); has {
					s.Conditions = slices.Delete(slices.Clone(s.Conditions), at, at+1)
				}
			}
		},
		func(d *iampolicy.Document, n int) { // another operator
			if c := conditionOf(d, n); c != nil {
				c.Operator = operators[n/7%len(operators)]
			}
		},
		func(d *iampolicy.Document, n int) { // another value
			if c := conditionOf(d, n); c != nil {
				c.Values = []string{values[n/7%len(values)]}
			}
		},
		func(d *iampolicy.Document, n int) { // one value more
			if c := conditionOf(d, n); c != nil {
				c.Values = append(slices.Clone(c.Values), values[n/7%len(values)])
			}
		},
		func(d *iampolicy.Document, n int) { // another key
			if c := conditionOf(d, n); c != nil {
				c.Key = keys[n/7%len(keys)]
			}
		},
		func(d *iampolicy.Document, n int) { // more actions
			if i, ok := pick(d.Statements, n); ok {
				d.Statements[i].Actions, d.Statements[i].NotActions = nil, nil
				if n/7%2 == 0 {
					d.Statements[i].Actions = []string{"sts:*"}
				} else {
					d.Statements[i].NotActions = []string{"s3:*"}
				}
			}
		},
		func(d *iampolicy.Document, n int) { // more principals
			if i, ok := pick(d.Statements, n); ok {
				s := &d.Statements[i]
				s.Principal, s.NotPrincipal = &iampolicy.Principals{All: true}, nil
				if n/7%2 == 0 {
					s.Principal, s.NotPrincipal = nil, &iampolicy.Principals{Service: []string{"ec2.amazonaws.com"}}
				}
			}
		},
		func(d *iampolicy.Document, n int) { // Deny becomes Allow
			if i, ok := pick(d.Statements, n); ok {
				d.Statements[i].Effect = iampolicy.Allow
			}
		},
		func(d *iampolicy.Document, n int) { // variables come and go
			d.Version = []string{iampolicy.Version2008, iampolicy.Version2012}[n%2]
		},
	}
}

// spoil makes a mutant of a document by mutations at random.
func spoil(document []byte, r *rand.Rand, times int) []byte {
	d, err := iampolicy.Parse(document)
	if err != nil {
		return nil
	}
	for range times {
		all := mutations()
		all[r.IntN(len(all))](d, r.IntN(1<<20))
	}
	seen := map[string]bool{}
	for _, s := range d.Statements {
		for _, c := range s.Conditions {
			key := fmt.Sprint(s.At, c.Operator, strings.ToLower(c.Key))
			if seen[key] {
				return nil // what has a key twice is no document
			}
			seen[key] = true
		}
	}
	return d.Encode()
}

// Whatever is done to a good policy: when it could let a stranger in, or the
// same certificate through another anchor, something is found.
func TestMutantsThatLetOthersInAreFound(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 304))
	const rounds = 160
	let := 0
	for _, c := range trustCorpus(t) {
		if c.verdict != "fine" || c.stranger == "unclear" {
			continue
		}
		for i := range rounds {
			mutant := spoil(c.document, r, 1+i%3)
			if mutant == nil {
				continue
			}
			one, other := lets(mutant, stranger().asks(anchorHere)), lets(mutant, owner().asks(anchorElse))
			if one == "out" && other == "out" {
				continue
			}
			if one == "in" || other == "in" {
				let++
			}
			found := rulesOf(grants.JudgeTrust(grants.TrustCase{At: "mutant", Document: mutant, Anchors: []string{anchorHere}, Workloads: []string{backupURI}}))
			if !finds(found, "ANC304", "ANC305", "ANC306") {
				t.Fatalf("mutant of %s lets others in, found %v:\n%s", c.file, found, mutant)
			}
		}
	}
	if let < 1000 {
		t.Errorf("only %d mutants let others in: the mutations are too tame to prove anything", let)
	}
}

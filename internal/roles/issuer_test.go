package roles_test

import (
	"errors"
	"strings"
	"testing"

	"anchorctl/internal/iampolicy"
	"anchorctl/internal/roles"
)

const (
	first  = "prod issuer 1"
	second = "prod issuer 2"
)

// allow and deny are statements about Roles Anywhere with a condition.
func allow(condition string) string { return statement("Allow", condition) }
func deny(condition string) string  { return statement("Deny", condition) }

func statement(effect, condition string) string {
	return `{"Sid":"Team` + effect + `","Effect":"` + effect + `","Principal":{"Service":"rolesanywhere.amazonaws.com"},` +
		`"Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"],"Condition":{` + condition + `}}`
}

// on is a condition on the issuer's common name; values is JSON.
func on(operator, values string) string {
	return `"` + operator + `":{"aws:PrincipalTag/x509Issuer/CN":` + values + `}`
}

func TestWidenedAndNarrowed(t *testing.T) {
	for _, c := range []struct {
		name     string
		trust    string
		widened  string // empty: it stays
		narrowed string // of the widened; empty: that stays
	}{
		{"an Allow that names the old", policy(allow(on("StringEquals", `"prod issuer 1"`))),
			policy(allow(on("StringEquals", `["prod issuer 1", "prod issuer 2"]`))), policy(allow(on("StringEquals", `"prod issuer 2"`)))},
		{"a Deny of all but the old", policy(ec2, deny(on("StringNotEquals", `["prod issuer 1"]`))),
			policy(ec2, deny(on("StringNotEquals", `["prod issuer 1", "prod issuer 2"]`))), policy(ec2, deny(on("StringNotEquals", `"prod issuer 2"`)))},
		{"both, and another issuer", policy(allow(on("StringEquals", `["dev issuer 7","prod issuer 1"]`)), deny(on("StringNotLike", `["dev issuer *","prod issuer 1"]`))),
			policy(allow(on("StringEquals", `["dev issuer 7", "prod issuer 1", "prod issuer 2"]`)), deny(on("StringNotLike", `["dev issuer *", "prod issuer 1", "prod issuer 2"]`))),
			policy(allow(on("StringEquals", `["dev issuer 7", "prod issuer 2"]`)), deny(on("StringNotLike", `["dev issuer *", "prod issuer 2"]`)))},
		{"without regard to case", policy(allow(on("StringEqualsIgnoreCase", `"Prod Issuer 1"`))),
			policy(allow(on("StringEqualsIgnoreCase", `["Prod Issuer 1", "prod issuer 2"]`))), policy(allow(on("StringEqualsIgnoreCase", `"prod issuer 2"`)))},
		{"where the tag exists", policy(allow(on("StringEqualsIfExists", `"prod issuer 1"`))),
			policy(allow(on("StringEqualsIfExists", `["prod issuer 1", "prod issuer 2"]`))), policy(allow(on("StringEqualsIfExists", `"prod issuer 2"`)))},
		{"a key of other letters, of the request", policy(allow(`"StringEquals":{"AWS:requesttag/X509issuer/cn":"prod issuer 1"}`)),
			policy(allow(`"StringEquals":{"AWS:requesttag/X509issuer/cn":["prod issuer 1", "prod issuer 2"]}`)),
			policy(allow(`"StringEquals":{"AWS:requesttag/X509issuer/cn":"prod issuer 2"}`))},
		{"a pattern for the old alone stays beside the new", policy(allow(on("StringLike", `"*issuer 1"`))),
			policy(allow(on("StringLike", `["*issuer 1", "prod issuer 2"]`))), ""},

		{"a pattern for both", policy(allow(on("StringLike", `"prod issuer *"`))), "", ""},
		{"a pattern for all of one digit", policy(deny(on("StringNotLike", `"prod issuer ?"`))), "", ""},
		{"a pattern that is text", policy(allow(on("StringEquals", `"prod issuer *"`))), "", ""},
		{"both already", policy(allow(on("StringEquals", `["prod issuer 1","prod issuer 2"]`))), "", policy(allow(on("StringEquals", `"prod issuer 2"`)))},
		{"another environment's issuer", policy(allow(on("StringEquals", `"dev issuer 1"`))), "", ""},
		{"a name that begins so", policy(allow(on("StringEquals", `"prod issuer 11"`))), "", ""},
		{"another attribute of the issuer", policy(allow(`"StringEquals":{"aws:PrincipalTag/x509Issuer/O":"prod issuer 1"}`)), "", ""},
		{"the subject's name", policy(allow(`"StringEquals":{"aws:PrincipalTag/x509Subject/CN":"prod issuer 1"}`)), "", ""},
		{"whether there is an issuer", policy(allow(on("Null", `"false"`))), "", ""},
		{"an Allow of all but the old keeps it out", policy(allow(on("StringNotEquals", `"prod issuer 1"`))), "", ""},
		{"a Deny of the old keeps it out", policy(deny(on("StringEquals", `["prod issuer 1","x"]`))), "", ""},
		{"a variable beside other names", policy(allow(on("StringEquals", `["${aws:SourceIdentity}","prod issuer 1","prod issuer 2"]`))), "",
			policy(allow(on("StringEquals", `["${aws:SourceIdentity}", "prod issuer 2"]`)))},
		{"no condition on the issuer", policy(ec2), "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			widened := stays(t, roles.Widened, c.trust, first, second, c.widened)
			stays(t, roles.Widened, widened, first, second, "")
			narrowed := stays(t, roles.Narrowed, widened, first, second, c.narrowed)
			stays(t, roles.Narrowed, narrowed, first, second, "")
		})
	}
}

// stays runs an edit that should give want, or change nothing when that is
// empty, and returns the outcome.
func stays(t *testing.T, edit func(trust, from, to string) (string, bool, error), trust, from, to, want string) string {
	t.Helper()
	got, changed, err := edit(trust, from, to)
	if err != nil {
		t.Fatal(err)
	}
	if changed != (want != "") {
		t.Errorf("changed: %v\n%s", changed, got)
	}
	if want == "" {
		want = trust
	}
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	return got
}

func TestAbortTakesTheNewNameOutAgain(t *testing.T) {
	trust := policy(allow(on("StringEquals", `"prod issuer 1"`)), deny(on("StringNotEquals", `"prod issuer 1"`)))
	widened, _, err := roles.Widened(trust, first, second)
	if err != nil {
		t.Fatal(err)
	}
	stays(t, roles.Narrowed, widened, second, first, trust)
}

func TestNothingIsNarrowedToNobody(t *testing.T) {
	for name, trust := range map[string]string{
		"the old name alone":             policy(allow(on("StringEquals", `"prod issuer 1"`))),
		"the old name beside others":     policy(allow(on("StringEquals", `["prod issuer 1","dev issuer 1"]`))),
		"the old name in two cases":      policy(allow(on("StringEqualsIgnoreCase", `["prod issuer 1","PROD ISSUER 1"]`))),
		"a Deny of all but the old name": policy(deny(on("StringNotEquals", `"prod issuer 1"`))),
	} {
		t.Run(name, func(t *testing.T) { stays(t, roles.Narrowed, trust, first, second, "") })
	}
}

func TestWhatIsNotUnderstoodIsRefused(t *testing.T) {
	for _, c := range []struct {
		name, trust, says string
	}{
		{"no policy", `{"Statement":[]}`, "reading the trust policy"},
		{"ForAnyValue", policy(allow(on("ForAnyValue:StringEquals", `"prod issuer 1"`))), "ForAnyValue is for keys with several"},
		{"ForAllValues", policy(allow(on("ForAllValues:StringLike", `"prod issuer 1"`))), "ForAllValues is for keys with several"},
		{"a variable", policy(allow(on("StringEquals", `"${aws:PrincipalTag/x509Subject/OU} issuer 1"`))), "a value has a variable"},
		{"an unknown operator", policy(allow(on("stringequals", `"prod issuer 1"`))), "the operator is unknown"},
		{"an operator for numbers", policy(allow(on("NumericEquals", `"prod issuer 1"`))), "the operator is not one for names"},
		{"an operator for bytes", policy(allow(on("BinaryEquals", `"cHJvZCBpc3N1ZXIgMQ=="`))), "the operator is not one for names"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, changed, err := roles.Widened(c.trust, first, second)
			if err == nil || changed || got != c.trust || !strings.Contains(err.Error(), c.says) {
				t.Errorf("changed %v, error %v, want one with %q", changed, err, c.says)
			}
		})
	}
	if _, _, err := roles.Narrowed(policy(allow(on("ForAnyValue:StringEquals", `["prod issuer 1","prod issuer 2"]`))), first, second); err == nil {
		t.Error("a set operator was narrowed")
	}
	for _, names := range [][2]string{{"", second}, {first, ""}, {first, first}, {first, "prod *"}, {"${x}", second}} {
		if _, _, err := roles.Widened(policy(ec2), names[0], names[1]); err == nil {
			t.Errorf("%q to %q was taken", names[0], names[1])
		}
	}
}

func TestAPolicyThatWouldBeTooLongIsNotWidened(t *testing.T) {
	condition := on("StringEquals", `"prod issuer 1"`)
	room := roles.SizeLimit - iampolicy.SizeOf([]byte(policy(allow(condition)))) - len(`["",""]`) + len(`""`) - len(second)
	fill := func(n int) string {
		return strings.Replace(policy(allow(condition)), `"Version"`, `"Id":"`+strings.Repeat("x", n-len(`"Id":"",`))+`","Version"`, 1)
	}
	if _, changed, err := roles.Widened(fill(room), first, second); err != nil || !changed {
		t.Errorf("at the limit: changed %v, %v", changed, err)
	}
	_, changed, err := roles.Widened(fill(room+1), first, second)
	var long *roles.SizeError
	if !errors.As(err, &long) || long.Size != roles.SizeLimit+1 || changed {
		t.Errorf("over the limit: changed %v, %v", changed, err)
	}
}

func TestIssuerConditions(t *testing.T) {
	trust := policy(allow(on("StringEquals", `["prod issuer 1","x"]`)+`,`+on("StringLike", `"dev*"`)), deny(on("StringNotEquals", `"${aws:username}"`)))
	places, err := roles.IssuerConditions(trust, first)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range places {
		got = append(got, p.Where()+" "+p.Operator+" "+strings.Join(p.Values, ","))
	}
	if want := `"TeamAllow" StringEquals prod issuer 1,x; "TeamDeny" StringNotEquals ${aws:username}`; strings.Join(got, "; ") != want {
		t.Errorf("got %q, want %q", strings.Join(got, "; "), want)
	}
	if _, err := roles.IssuerConditions("{", first); err == nil {
		t.Error("what is no policy has conditions")
	}
}

func TestUnchangedSaysWhatDoesNotFollowTheName(t *testing.T) {
	const (
		key  = "aws:PrincipalTag/x509Issuer/CN"
		read = `{"Sid":"Read","Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{`
	)
	for _, c := range []struct {
		name     string
		document string
		kind     iampolicy.Kind
		want     string
	}{
		{"a permission on the old name", policy(read + on("StringEquals", `"prod issuer 1"`) + `}}`), iampolicy.PermissionKind,
			`statement "Read": StringEquals on ` + key + ` names "prod issuer 1" and not "prod issuer 2"`},
		{"a permission on the new name", policy(read + on("StringNotLike", `"*2"`) + `}}`), iampolicy.PermissionKind,
			`statement "Read": StringNotLike on ` + key + ` names "prod issuer 2" and not "prod issuer 1"`},
		{"a permission that may tell them apart", policy(read + on("StringEquals", `"${aws:SourceIdentity}"`) + `}}`), iampolicy.PermissionKind,
			`statement "Read": StringEquals on ` + key + ` may tell "prod issuer 1" from "prod issuer 2"`},
		{"a permission on both", policy(read + on("StringLike", `"prod issuer *"`) + `}}`), iampolicy.PermissionKind, ""},
		{"a permission on neither", policy(read + on("StringEquals", `"dev issuer 1"`) + `}}`), iampolicy.PermissionKind, ""},
		{"a resource with a variable", policy(`{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/${aws:PrincipalTag/x509Issuer/CN}/*"}`), iampolicy.PermissionKind,
			`statement 1: a variable stands for the issuer's name, which becomes "prod issuer 2"`},
		{"text that is no variable", strings.Replace(policy(`{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/${aws:PrincipalTag/x509Issuer/CN}/*"}`), "2012", "2008", 1), iampolicy.PermissionKind, ""},
		{"a trust that is widened", policy(allow(on("StringEquals", `"prod issuer 1"`))), iampolicy.TrustKind, ""},
		{"a trust that keeps the old one out", policy(deny(on("StringEquals", `"prod issuer 1"`))), iampolicy.TrustKind,
			`statement "TeamDeny": StringEquals on ` + key + ` names "prod issuer 1" and not "prod issuer 2"`},
		{"a trust that keeps the new one out", policy(allow(on("StringNotEquals", `"prod issuer 2"`))), iampolicy.TrustKind,
			`statement "TeamAllow": StringNotEquals on ` + key + ` names "prod issuer 2" and not "prod issuer 1"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := roles.Unchanged(c.document, c.kind, first, second)
			if err != nil || strings.Join(got, "; ") != c.want {
				t.Errorf("got %q (%v), want %q", got, err, c.want)
			}
		})
	}
	if _, err := roles.Unchanged("{", iampolicy.PermissionKind, first, second); err == nil {
		t.Error("what is no policy has nothing to say")
	}
}

// Whatever the policy: widening lets nobody out and nobody in but the new
// issuer, narrowing changes nothing for anybody but the one who is gone, and
// the two together leave what was there.
func FuzzRename(f *testing.F) {
	for _, seed := range []string{
		policy(allow(on("StringEquals", `"prod issuer 1"`))),
		policy(allow(on("StringLike", `["*issuer 1","dev*"]`)), deny(on("StringNotEqualsIfExists", `["prod issuer 1"]`))),
		policy(ec2, deny(on("StringEquals", `"prod issuer 1"`)+`,"Null":{"aws:PrincipalTag/x509Issuer/CN":false}`)),
		policy(allow(on("StringEqualsIgnoreCase", `["PROD ISSUER 1","${aws:username}"]`))),
		policy(allow(on("ForAnyValue:StringEquals", `["prod issuer 1","prod issuer 2"]`))),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, trust string) {
		_, errConditions := roles.IssuerConditions(trust, first)
		_, errUnchanged := roles.Unchanged(trust, iampolicy.AnyKind, first, second)
		widened, changed, err := roles.Widened(trust, first, second)
		if err != nil || errConditions != nil || errUnchanged != nil {
			if changed || widened != trust || err != nil && strings.Contains(err.Error(), "editing the policy") {
				t.Fatalf("changed %v, with %v", changed, err)
			}
			return
		}
		for _, issuer := range []string{first, "dev issuer 1", "PROD ISSUER 1", ""} {
			if before, after := lets(t, trust, issuer), lets(t, widened, issuer); before != after {
				t.Fatalf("widening changes what %q may: %v, then %v\n%s", issuer, before, after, widened)
			}
		}
		if before, after := lets(t, trust, second), lets(t, widened, second); before && !after {
			t.Fatalf("widening keeps the new issuer out\n%s", widened)
		}
		if again, changed, err := roles.Widened(widened, first, second); err != nil || changed || again != widened {
			t.Fatalf("widening again changes: %v", err)
		}
		if narrowed, _, err := roles.Narrowed(widened, first, second); err == nil && lets(t, narrowed, second) != lets(t, widened, second) {
			t.Fatalf("narrowing changes what the new issuer may\n%s", narrowed)
		}
		aborted, _, err := roles.Narrowed(widened, second, first)
		if named := strings.Contains(strings.ToLower(strings.ReplaceAll(trust, `\u`, second)), second); err == nil && !named && !roles.SamePolicy(aborted, trust) {
			t.Fatalf("taking the new name out leaves something else than there was\n%s\n%s", trust, aborted)
		}
	})
}

// lets reports whether a trust policy lets somebody in with a certificate of
// the issuer.
func lets(t *testing.T, trust, issuer string) bool {
	t.Helper()
	doc, err := iampolicy.Parse([]byte(trust))
	if err != nil {
		t.Fatal(err)
	}
	return doc.Evaluate(iampolicy.Request{
		Principal: iampolicy.Principal{Kind: iampolicy.Service, Value: iampolicy.RolesAnywhere},
		Actions:   iampolicy.TrustActions(),
		Context:   map[string][]string{"aws:PrincipalTag/x509Issuer/CN": {issuer}, "aws:RequestTag/x509Issuer/CN": {issuer}},
	}).Allowed
}

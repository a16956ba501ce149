package iampolicy_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"anchorctl/internal/iampolicy"
)

func TestADocumentIsOfItsKind(t *testing.T) {
	const (
		trust      = `{"Statement":{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}}`
		permission = `{"Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}`
		bucket     = `{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"*"}}`
		neither    = `{"Statement":{"Effect":"Allow","Action":"sts:AssumeRole"}}`
		notBoth    = `{"Statement":[{"Effect":"Allow","NotPrincipal":{"AWS":"*"},"Action":"a:b"},{"Effect":"Allow","Action":"a:b","NotResource":"*"}]}`
	)
	for _, c := range []struct {
		name, text        string
		kind              iampolicy.Kind
		trust, permission string // the faults
	}{
		{"a trust policy", trust, iampolicy.TrustKind, "", "column 14: a statement of a permission policy says on what; column 32: a permission policy has no Principal"},
		{"a permission policy", permission, iampolicy.PermissionKind, "column 14: a statement of a trust policy says whom it means; column 56: a trust policy has no Resource", ""},
		{"a bucket's policy", bucket, iampolicy.TrustKind, "column 72: a trust policy has no Resource", "column 32: a permission policy has no Principal"},
		{"a trust policy without a principal", neither, iampolicy.TrustKind, "column 14: a statement of a trust policy says whom it means", "column 14: a statement of a permission policy says on what"},
		{"one statement of each", notBoth, iampolicy.TrustKind, "column 76: a statement of a trust policy says whom it means; column 109: a trust policy has no Resource", "column 15: a statement of a permission policy says on what; column 33: a permission policy has no Principal"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := iampolicy.KindOf([]byte(c.text)); got != c.kind {
				t.Errorf("kind %d, want %d", got, c.kind)
			}
			for kind, want := range map[iampolicy.Kind]string{iampolicy.AnyKind: "", iampolicy.TrustKind: c.trust, iampolicy.PermissionKind: c.permission} {
				if got := faultsOf(t, c.text, kind); got != want {
					t.Errorf("kind %d: got %q, want %q", kind, got, want)
				}
			}
		})
	}
	for _, text := range []string{"", "[]x", `{"Statement":[],"Statement":[]}`} {
		if got := iampolicy.KindOf([]byte(text)); got != iampolicy.AnyKind {
			t.Errorf("%q is of kind %d", text, got)
		}
	}
}

// faultsOf are the faults of a text in one line, each up to its colon.
func faultsOf(t *testing.T, text string, kind iampolicy.Kind) string {
	t.Helper()
	_, err := iampolicy.ParseKind([]byte(text), kind)
	if err == nil {
		return ""
	}
	var fault *iampolicy.SyntaxError
	if !errors.As(err, &fault) {
		t.Fatal(err)
	}
	var all []string
	for _, one := range append([]*iampolicy.SyntaxError{fault}, fault.Others...) {
		_, place, _ := strings.Cut(one.Error(), ", ")
		all = append(all, strings.Join(strings.SplitN(place, ":", 3)[:2], ":"))
	}
	return strings.Join(all, "; ")
}

func TestFaultsAreBounded(t *testing.T) {
	_, err := iampolicy.Parse([]byte(`{"Statement":[` + strings.Repeat(`{"x":1},`, 1000) + `{"y":2}]}`))
	var fault *iampolicy.SyntaxError
	if !errors.As(err, &fault) || len(fault.Others) != 9 {
		t.Errorf("%d faults after the first", len(fault.Others))
	}
}

// Letters that only look like ASCII, or become ASCII when case is ignored, are
// other letters.
func TestNamesAreASCII(t *testing.T) {
	const statement = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"rolesanywhere.amazonaws.com"},"Action":"@","Condition":{"StringEquals":{"#":"v"}}}}`
	ask := iampolicy.Request{Principal: iampolicy.Principal{Kind: iampolicy.Service, Value: iampolicy.RolesAnywhere}, Actions: []string{"sts:TagKeys"},
		Context: ctx{"aws:TagKeys": {"v"}}, Unknown: func(key string) bool { return key != "aws:tagkeys" }}
	for _, c := range []struct {
		action, key string
		want        bool
	}{
		{"STS:tagkeys", "AWS:tagkeys", true},
		{"\u017fts:TagKeys", "aws:TagKeys", false}, // long s
		{"sts:Tag\u212aeys", "aws:TagKeys", false}, // Kelvin sign
		{"sts:TagKeys", "aws:Tag\u212aeys", false},
		{"sts:TagKeys", "aw\u017f:TagKeys", false},
	} {
		d, err := iampolicy.Parse([]byte(strings.NewReplacer("@", c.action, "#", c.key).Replace(statement)))
		if err != nil {
			t.Fatal(err)
		}
		if got := d.Evaluate(ask).Allowed; got != c.want {
			t.Errorf("%s with %s: %v, want %v", c.action, c.key, got, c.want)
		}
	}
}

func TestRespell(t *testing.T) {
	for text, want := range map[string]string{
		"stringequals": "StringEquals", "STRINGNOTLIKE": "StringNotLike", "forallvalues:stringLike": "ForAllValues:StringLike",
		"arnequalsifexists": "ArnEqualsIfExists", "foranyvalue:numericNotEqualsIFEXISTS": "ForAnyValue:NumericNotEqualsIfExists",
		"null": "Null", "StringEquals": "StringEquals", "StringEqual": "", "": "", "IfExists": "", "ForAnyValue:": "", "\u017ftringEquals": "",
	} {
		if got, found := iampolicy.Respell(text); got != want || found != (want != "") {
			t.Errorf("%q: got %q, %v", text, got, found)
		}
	}
}

func TestVariables(t *testing.T) {
	for text, want := range map[string][]string{
		"": nil, "plain": nil, "$x {y}": nil,
		"${a:b}":             {"a:b"},
		"x${a:b}y${c:d}z":    {"a:b", "c:d"},
		"${a:b, 'c'}${d:e}":  {"a:b", "d:e"},
		"${*}${?}${$}":       {"*", "?", "$"},
		"${ a:b }":           {"a:b"},
		"${a:b":              {"a:b"},
		"${a:b,'c'}":         {"a:b"},
		"${}":                {""},
		"${${a:b}}":          {"${a:b", "a:b"},
		"CN=${a:PrincipalX}": {"a:PrincipalX"},
	} {
		if got := iampolicy.Variables(text); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestWhomAndWhatAStatementIsAbout(t *testing.T) {
	service := iampolicy.Principal{Kind: iampolicy.Service, Value: iampolicy.RolesAnywhere}
	for _, c := range []struct {
		name, statement string
		trusts, covers  iampolicy.Truth
	}{
		{"by name", `"Principal":{"Service":"rolesanywhere.amazonaws.com"},"Action":"sts:AssumeRole"`, iampolicy.Yes, iampolicy.Yes},
		{"everybody and everything", `"Principal":"*","Action":"*"`, iampolicy.Yes, iampolicy.Yes},
		{"another service and action", `"Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRoleWithSAML"`, iampolicy.No, iampolicy.No},
		{"all but another service and action", `"NotPrincipal":{"Service":"ec2.amazonaws.com"},"NotAction":"sts:TagSession"`, iampolicy.Yes, iampolicy.Yes},
		{"all but this service and action", `"NotPrincipal":{"Service":"rolesanywhere.amazonaws.com"},"NotAction":"sts:Assume*"`, iampolicy.No, iampolicy.No},
		{"by pattern", `"Principal":{"Service":"roles*"},"Action":"STS:?ssumerole"`, iampolicy.Maybe, iampolicy.Yes},
	} {
		d, err := iampolicy.Parse([]byte(`{"Statement":{"Effect":"Allow",` + c.statement + `}}`))
		if err != nil {
			t.Fatal(err)
		}
		s := d.Statements[0]
		if got, covers := s.Trusts(service), s.Covers("sts:AssumeRole"); got != c.trusts || covers != c.covers {
			t.Errorf("%s: trusts %v, covers %v; want %v, %v", c.name, got, covers, c.trusts, c.covers)
		}
	}
}

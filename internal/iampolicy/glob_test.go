package iampolicy_test

import (
	"strings"
	"testing"

	"anchorctl/internal/iampolicy"
)

func glob(pattern string) iampolicy.Glob {
	return (&iampolicy.Document{Version: iampolicy.Version2012}).Glob(pattern)
}

func TestPatternsMeetKindsOfResources(t *testing.T) {
	const bucket, object = "arn:${Partition}:s3:::${BucketName}", "arn:${Partition}:s3:::${BucketName}/${ObjectName}"
	const role = "arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}"
	for _, test := range []struct {
		name, pattern, kind string
		want                bool
	}{
		{"everything", "*", bucket, true},
		{"a bucket is a bucket", "arn:aws:s3:::b", bucket, true},
		{"an object is no bucket", "arn:aws:s3:::b/k", bucket, false},
		{"the objects of a bucket are no bucket", "arn:aws:s3:::b/*", bucket, false},
		{"a bucket is no object", "arn:aws:s3:::b", object, false},
		{"what begins like a bucket can be an object", "arn:aws:s3:::b*", object, true},
		{"any bucket's objects", "arn:aws:s3:::*/*", object, true},
		{"one character may be the slash", "arn:aws:s3:::b?k", object, true},
		{"another partition", "arn:aws-cn:s3:::b", bucket, true},
		{"another service", "arn:aws:sqs:::b", bucket, false},
		{"wildcards reach over colons", "arn:*b", bucket, true},
		{"a role with a path", "arn:aws:iam::111122223333:role/team/x", role, true},
		{"a user is no role", "arn:aws:iam::111122223333:user/x", role, false},
		{"any account", "arn:aws:iam::*:role/x", role, true},
		{"case is not told apart", "ARN:aws:IAM::111122223333:Role/x", role, true},
		{"a variable can be anything", "arn:aws:iam::111122223333:${aws:PrincipalTag/kind}", role, true},
		{"a variable has no wildcards around it", "arn:aws:iam::111122223333:user/${aws:username}", role, false},
		{"a star that is no wildcard", "arn:aws:s3:::${*}/k", bucket, false},
		{"a broken variable can be anything", "arn:aws:s3:::${oops", bucket, true},
		{"nothing", "", bucket, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, k := glob(test.pattern), iampolicy.Resources(test.kind)
			if got := p.Meets(k); got != test.want {
				t.Errorf("meets is %v, want %v", got, test.want)
			}
			if got := k.Meets(p); got != test.want {
				t.Errorf("the other way round, meets is %v, want %v", got, test.want)
			}
		})
	}
}

func TestPatternsCoverKindsOfResources(t *testing.T) {
	const bucket, role = "arn:aws:s3:::${BucketName}", "arn:aws:iam::${Account}:role/${RoleNameWithPath}"
	for _, test := range []struct {
		name, pattern, kind string
		want                bool
	}{
		{"everything", "*", bucket, true},
		{"everything that is not empty", "?*", bucket, true},
		{"every bucket", "arn:aws:s3:::*", bucket, true},
		{"every bucket, by two wildcards", "arn:aws:s3:::*?", bucket, true},
		{"every bucket but those of one letter", "arn:aws:s3:::??*", bucket, false},
		{"buckets that begin alike", "arn:aws:s3:::b*", bucket, false},
		{"every role of every account", "arn:aws:iam::*:role/*", role, true},
		{"every role of one account", "arn:aws:iam::111122223333:role/*", role, false},
		{"every role of the caller's account", "arn:aws:iam::${aws:PrincipalAccount}:role/*", role, false},
		{"a variable names one thing", "arn:aws:iam::*:role/${aws:username}", role, false},
		{"a star that is no wildcard", "arn:aws:s3:::${*}", bucket, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := glob(test.pattern).Covers(iampolicy.Resources(test.kind)); got != test.want {
				t.Errorf("covers is %v, want %v", got, test.want)
			}
		})
	}
	if !glob("?*").Everything() || !glob("**").Everything() || glob("??*").Everything() || glob("arn:*").Everything() {
		t.Error("it is wrong what everything is")
	}
}

func TestKindsWithoutNames(t *testing.T) {
	table := iampolicy.Resources("arn:${Partition}:dynamodb:${Region}:${Account}:table/${TableName}")
	for _, test := range []struct {
		pattern, instead string
		want             bool
	}{
		{"arn:aws:dynamodb:eu-central-1:111122223333:table/*", "*", true},
		{"arn:aws:dynamodb:eu-central-1:111122223333:table/*", "", true},
		{"arn:aws:dynamodb:eu-central-1:111122223333:table/?", "*", true},
		{"arn:aws:dynamodb:eu-central-1:111122223333:table/", "", true},
		{"arn:aws:dynamodb:eu-central-1:111122223333:table/orders", "*", false},
		{"arn:aws:dynamodb:eu-central-1:111122223333:table/o*", "*", false},
		{"arn:aws:dynamodb:eu-central-1:111122223333:table/o*", "", false},
	} {
		if got := glob(test.pattern).Meets(table.Unnamed(test.instead)); got != test.want {
			t.Errorf("%s meets tables named %q: %v, want %v", test.pattern, test.instead, got, test.want)
		}
	}
}

func TestVariablesAreTextInOlderDocuments(t *testing.T) {
	older := &iampolicy.Document{Version: iampolicy.Version2008}
	if older.Glob("a${b}").Meets(glob("ax")) {
		t.Error("a variable of a version that has none is taken for one")
	}
}

// FuzzGlob holds both comparisons against trying every short string.
func FuzzGlob(f *testing.F) {
	for _, pair := range [][2]string{
		{"a*/", "a/"}, {"*", "?"}, {"a?", "?/"}, {"*a", "/*"}, {"a/*", "*/a"}, {"?*", "*?"}, {"a*a", "*aa*"}, {"", "*"}, {"*a??", "aaa*"}, {"?*", "*a"},
	} {
		f.Add(pair[0], pair[1])
	}
	strs := shorts("a/z", 8)
	f.Fuzz(func(t *testing.T, a, b string) {
		if strings.Trim(a+b, "a/*?") != "" || len(a) > 4 || len(b) > 4 {
			t.Skip()
		}
		meets, covers := false, true
		for _, s := range strs {
			inA, inB := like(a, s), like(b, s)
			meets = meets || inA && inB
			covers = covers && (inA || !inB)
		}
		// Patterns of four symbols that meet do so within eight characters. One
		// that leaves something out of the other, with one star, does so too.
		if got := glob(a).Meets(glob(b)); got != meets {
			t.Errorf("%q meets %q is %v, want %v", a, b, got, meets)
		}
		if got := glob(a).Covers(glob(b)); got != covers && strings.Count(b, "*") <= 1 {
			t.Errorf("%q covers %q is %v, want %v", a, b, got, covers)
		}
	})
}

// shorts are all strings over the letters, up to a length.
func shorts(letters string, most int) []string {
	all, last := []string{""}, []string{""}
	for range most {
		var next []string
		for _, s := range last {
			for _, c := range letters {
				next = append(next, s+string(c))
			}
		}
		all, last = append(all, next...), next
	}
	return all
}

// like is the definition of a pattern, as plainly as it can be said.
func like(pattern, s string) bool {
	switch {
	case pattern == "":
		return s == ""
	case pattern[0] == '*':
		return like(pattern[1:], s) || s != "" && like(pattern, s[1:])
	case s == "":
		return false
	default:
		return (pattern[0] == '?' || pattern[0] == s[0]) && like(pattern[1:], s[1:])
	}
}

func TestAnyPartsOfAnARN(t *testing.T) {
	const queue = "arn:${Partition}:sqs:${Region}:${Account}:${QueueName}"
	for _, test := range []struct {
		pattern string
		parts   []int
		want    bool
	}{
		{"arn:aws:sqs:eu-central-1:111122223333:*", []int{1, 3}, false},
		{"arn:aws:sqs:eu-central-1:111122223333:*", []int{1, 3, 4}, true},
		{"arn:aws:sqs:eu-central-1:${aws:PrincipalAccount}:*", []int{1, 3, 4}, true},
		{"arn:aws:sqs:eu-central-1:*:*", []int{1, 3}, true},
		{"arn:aws:sqs:eu-central-1:*:a*", []int{1, 3}, false},
		{"arn:aws:sqs:eu-central-1:*", []int{1, 3}, true}, // the last wildcard reaches over colons
		{"arn:aws:sqs*", []int{1, 3}, true},
		{"arn:aws:sns*", []int{1, 3}, false},
		{"arn:aws:sqs:eu-central-1", []int{1, 3}, false},
		{"*", []int{1, 3}, true},
	} {
		if got := glob(test.pattern).WithAny(test.parts...).Covers(iampolicy.Resources(queue)); got != test.want {
			t.Errorf("%s with any %v covers every queue: %v, want %v", test.pattern, test.parts, got, test.want)
		}
	}
}

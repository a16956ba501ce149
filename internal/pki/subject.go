package pki

import (
	"crypto/x509/pkix"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// CheckSubject holds that every attribute of a subject can be a session tag of
// STS, so that CreateSession never fails on a name
// (https://docs.aws.amazon.com/STS/latest/APIReference/API_Tag.html).
func CheckSubject(n pkix.Name) error {
	if utf8.RuneCountInString(n.CommonName) > MaxCommonName {
		return fmt.Errorf("the common name %q has more than %d characters", n.CommonName, MaxCommonName)
	}
	values := append([]string{n.CommonName}, append(n.Organization, n.OrganizationalUnit...)...)
	for _, v := range values {
		if v == "" || utf8.RuneCountInString(v) > 64 {
			return fmt.Errorf("the subject attribute %q must have 1 to 64 characters", v)
		}
		if v != strings.Join(strings.Fields(v), " ") {
			return fmt.Errorf("the subject attribute %q has white space at an end or twice in a row", v)
		}
		if i := strings.IndexFunc(v, notInTag); i >= 0 {
			r, _ := utf8.DecodeRuneInString(v[i:])
			return fmt.Errorf("the subject attribute %q holds %q, which a session tag cannot carry: letters, digits, spaces and _.:/=+-@ are allowed", v, r)
		}
	}
	return nil
}

func notInTag(r rune) bool {
	return r == utf8.RuneError || r != ' ' && !unicode.IsLetter(r) && !unicode.IsNumber(r) && !strings.ContainsRune("_.:/=+-@", r)
}

func checkName(what, name string) error {
	if !regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`).MatchString(name) {
		return fmt.Errorf("the %s %q must be of the form [a-z][a-z0-9-]{0,31}", what, name)
	}
	return nil
}

// checkInstance: the common name becomes the source identity
// (https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html) and
// a session tag; these are the characters both take.
func checkInstance(instance string) error {
	if instance != "" && !regexp.MustCompile(`^[A-Za-z0-9_+=.@-]+$`).MatchString(instance) {
		return fmt.Errorf("the instance %q may hold only letters, digits and _+=.@-", instance)
	}
	return nil
}

func checkDomain(what, name string) error {
	if len(name) > 253 {
		return fmt.Errorf("the %s %q has more than 253 characters", what, name)
	}
	for label := range strings.SplitSeq(name, ".") {
		if !regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`).MatchString(label) {
			return fmt.Errorf("the %s %q is no lower-case host name", what, name)
		}
	}
	return nil
}

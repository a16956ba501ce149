package pki

import (
	"crypto/x509/pkix"
	"fmt"
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

const (
	lower   = "abcdefghijklmnopqrstuvwxyz"
	upper   = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	numbers = "0123456789"
)

// made reports whether text is 1 to most characters of an alphabet.
func made(text, alphabet string, most int) bool {
	return text != "" && len(text) <= most && strings.Trim(text, alphabet) == ""
}

func checkName(what, name string) error {
	if !made(name, lower+numbers+"-", 32) || !strings.Contains(lower, name[:1]) {
		return fmt.Errorf("the %s %q must be of the form [a-z][a-z0-9-]{0,31}", what, name)
	}
	return nil
}

// checkInstance: the common name becomes the source identity
// (https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html) and
// a session tag; these are the characters both take.
func checkInstance(instance string) error {
	if strings.Trim(instance, lower+upper+numbers+"_+=.@-") != "" {
		return fmt.Errorf("the instance %q may hold only letters, digits and _+=.@-", instance)
	}
	return nil
}

func checkDomain(what, name string) error {
	if len(name) > 253 {
		return fmt.Errorf("the %s %q has more than 253 characters", what, name)
	}
	for label := range strings.SplitSeq(name, ".") {
		if !made(label, lower+numbers+"-", 63) || strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") {
			return fmt.Errorf("the %s %q is no lower-case host name", what, name)
		}
	}
	return nil
}

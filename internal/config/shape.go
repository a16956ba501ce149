package config

import (
	"net/netip"
	"regexp"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"
)

// The shapes of names. They are shared with the schema.
const (
	namePattern    = `^[a-z][a-z0-9-]{0,31}$`
	labelPattern   = `^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$` // a name that is a label of a host name besides
	accountPattern = `^[0-9]{12}$`
	// Every region of every partition: us-east-1, us-gov-west-1, us-isob-east-1,
	// eusc-de-east-1. https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html
	regionPattern = `^[a-z]{2,4}(-[a-z]{2,10}){1,3}-[0-9]{1,2}$`
	domainPattern = `^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`
	// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html: a
	// path of printable ASCII, then a name. Wildcards and what opens a policy
	// variable are left out of the path: the ARN goes into trust policies.
	rolePattern = `^([!-#%-)+-.0->@-~]+/)*[A-Za-z0-9_+=,.@-]{1,64}$`
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
	policyPattern = `^arn:aws[a-z-]*:iam::(aws|[0-9]{12}):policy/[!-)+->@-~]+$`
	assumePattern = `^arn:aws[a-z-]*:iam::[0-9]{12}:role/([!-#%-)+-.0->@-~]+/)*[A-Za-z0-9_+=,.@-]{1,64}$`
	rulePattern   = `^ANC[0-9]{3}$`
)

// Compiled when first used: most commands read no configuration, and start
// sooner.
var (
	nameShape    = compiled(namePattern)
	accountShape = compiled(accountPattern)
	regionShape  = compiled(regionPattern)
	domainShape  = compiled(domainPattern)
	roleShape    = compiled(rolePattern)
	policyShape  = compiled(policyPattern)
	assumeShape  = compiled(assumePattern)
	ruleShape    = compiled(rulePattern)
)

func compiled(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}

// is makes a compiled pattern a condition.
func is(shape func() *regexp.Regexp) func(string) bool {
	return func(text string) bool { return shape().MatchString(text) }
}

// The maxima of the services.
// https://docs.aws.amazon.com/rolesanywhere/latest/APIReference/API_CreateProfile.html
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const (
	minSession        = Duration(900 * time.Second)
	maxSession        = Duration(43200 * time.Second)
	maxSensitive      = Duration(time.Hour)
	maxRoles          = 250
	maxManaged        = 50
	maxManagedARN     = 200
	maxSessionPolicy  = 100_000
	maxRolePath       = 512 // with both slashes; the ARN then keeps far below the 1,011 characters a profile takes
	maxSpecifier      = 60
	maxTrustDomain    = 181 // spiffe://ENVIRONMENT.TRUSTDOMAIN/WORKLOAD fits the 256 characters of a session tag
	maxDomain         = 253 // RFC 1035 section 2.3.4, without the final dot
	maxOrganization   = 64  // RFC 5280 appendix A.1, ub-organization-name
	maxProse          = 256
	maxDNSNames       = 20
	maxDNSDomains     = 20
	maxRootLifetime   = Duration(25 * 365 * day)
	maxIssuerLifetime = Duration(2 * 365 * day)
	minCertificate    = Duration(5 * time.Minute)
	minAuthority      = Duration(day)
	minRenewal        = Duration(time.Minute)
	maxRenewal        = Duration(31 * day)
	minCRLInterval    = Duration(10 * time.Minute)
	maxCRLValidity    = Duration(90 * day)
	maxURL            = 1024
)

// The certificate fields that attributes are mapped from.
const (
	fieldSubject = "x509Subject"
	fieldIssuer  = "x509Issuer"
	fieldSAN     = "x509SAN"
)

// domainProblem says what keeps a name from being a lower-case host name, or "".
func domainProblem(name string, longest int) string {
	_, number := netip.ParseAddr(name)
	last := name[strings.LastIndexByte(name, '.')+1:]
	switch {
	case len(name) > longest:
		return "is too long"
	case strings.ToLower(name) != name:
		return "must be in lower case"
	case strings.HasPrefix(name, "spiffe://"), strings.HasPrefix(name, "https://"):
		return "must be a name without a scheme"
	case strings.HasPrefix(name, "*."):
		return "must not be a wildcard"
	case strings.HasSuffix(name, "."):
		return "must not end in a dot"
	case !domainShape().MatchString(name):
		return "is no host name: labels of letters, digits and inner hyphens, with dots between"
	case number == nil, strings.Trim(last, "0123456789") == "":
		// RFC 1123 section 2.1: the last label is what tells a name from an address.
		return "is or looks like an IP address"
	}
	return ""
}

// within reports whether name is the domain or lies below it.
func within(name, domain string) bool {
	return name == domain || strings.HasSuffix(name, "."+domain)
}

// proseProblem says what keeps a text from being shown on one line, or "".
func proseProblem(text string, longest int) string {
	switch {
	case utf8.RuneCountInString(text) > longest:
		return "is too long"
	case text != strings.Join(strings.Fields(text), " "):
		return "must be one line without white space at its ends or twice in a row"
	case strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }):
		return "must hold printable characters only"
	}
	return ""
}

// notInTag finds what a session tag cannot carry.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_Tag.html
func notInTag(r rune) bool {
	return r != ' ' && !unicode.IsLetter(r) && !unicode.IsNumber(r) && !strings.ContainsRune("_.:/=+-@", r)
}

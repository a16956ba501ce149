package grants

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"anchorctl/internal/config"
	"anchorctl/internal/iampolicy"
	"anchorctl/internal/rules"
)

// SensitiveTag is the tag with which a team says in IAM that a role is
// sensitive; its value is "true".
const SensitiveTag = "anchorctl:sensitive"

// RoleCase is a role that profiles hand out, as it stands.
type RoleCase struct {
	Trust TrustCase
	// MaxSession is the longest session that the role allows; zero when it is
	// not known.
	MaxSession time.Duration
	Uses       []RoleUse // the profiles that list it
	Sensitive  string    // what says that it is sensitive; empty when nothing does
	Probe      bool      // it is a probe role: nothing but the built-in probe takes it
	Attached   []string  // ARNs of the policies attached to it
	Policies   []RolePolicy
}

// RolePolicy is a document of what a role may do.
type RolePolicy struct {
	Name     string // "inline policy s3"
	Document string
}

// RoleUse is a profile that lists a role.
type RoleUse struct {
	Profile string // its address
	Roles   int    // how many it lists
	Session time.Duration
	// MostSensitive is how long the session of a sensitive role may be there.
	MostSensitive time.Duration
}

// JudgeRole holds a role against every rule for roles.
func JudgeRole(c RoleCase) []rules.Finding {
	findings := JudgeTrust(c.Trust)
	findings = append(findings, judgeSessions(c)...)
	findings = append(findings, judgeSensitive(c)...)
	findings = append(findings, judgeProbe(c)...)
	findings = append(findings, JudgeAttached(c.Trust.At, c.Attached)...)
	for _, p := range c.Policies {
		findings = append(findings, judgePolicy(c.Trust.At, p)...)
	}
	return findings
}

// judgePolicy judges a document of what a role may do. IAM took it: when it is
// not understood here, that is said and holds nothing, since no isolation rests
// on it.
func judgePolicy(at string, p RolePolicy) []rules.Finding {
	found := JudgePermissions(PermissionCase{At: at, Name: p.Name, Document: []byte(p.Document), Kind: RolePermissions})
	for i := range found {
		if found[i].Rule == "ANC312" {
			found[i].Severity = rules.Warn
		}
	}
	return found
}

// AdmitsRolesAnywhere reports whether a session of Roles Anywhere could rest on
// a trust policy. The error is that of reading it.
func AdmitsRolesAnywhere(trust []byte) (bool, error) {
	document, err := iampolicy.ParseKind(trust, iampolicy.TrustKind)
	if err != nil {
		return false, fmt.Errorf("reading the trust policy: %w", err)
	}
	return slices.ContainsFunc(document.Statements, func(s iampolicy.Statement) bool { return newTrustStatement(0, s).admits() }), nil
}

// judgeSessions: the role allows sessions as long as the profiles ask for
// (ANC309).
func judgeSessions(c RoleCase) []rules.Finding {
	var findings []rules.Finding
	for _, use := range c.Uses {
		if c.MaxSession > 0 && use.Session > c.MaxSession {
			findings = append(findings, rules.Find("ANC309", c.Trust.At, fmt.Sprintf("sessions of %s are to last %s, the role allows %s: they are denied",
				use.Profile, config.Duration(use.Session), config.Duration(c.MaxSession))))
		}
	}
	return findings
}

// judgeSensitive: a sensitive role is alone in its profiles, its sessions are
// short, and each statement that lets sessions in means one workload (ANC318).
func judgeSensitive(c RoleCase) []rules.Finding {
	if c.Sensitive == "" {
		return nil
	}
	var findings []rules.Finding
	find := func(format string, args ...any) *rules.Finding {
		findings = append(findings, rules.Find("ANC318", c.Trust.At, c.Sensitive, fmt.Sprintf(format, args...)))
		return &findings[len(findings)-1]
	}
	for _, use := range c.Uses {
		if use.Roles > 1 {
			find("it shares %s with %s", use.Profile, OtherRoles(use.Roles-1))
		}
		if use.Session > use.MostSensitive {
			find("its sessions by %s last %s, limits.sensitiveSessionDuration is %s", use.Profile,
				config.Duration(use.Session), config.Duration(use.MostSensitive))
		}
	}
	document, err := iampolicy.ParseKind(c.Trust.Document, iampolicy.TrustKind)
	if err != nil {
		return findings // ANC312 says so
	}
	for i, statement := range document.Statements {
		if s := newTrustStatement(i, statement); s.admits() {
			if why := s.severalHolders(); why != "" {
				find("%s", why).Element = s.String()
			}
		}
	}
	return findings
}

// judgeProbe: a probe role may do nothing (ANC319). A policy is meant whatever
// it says: the next version of it may say more.
func judgeProbe(c RoleCase) []rules.Finding {
	if !c.Probe {
		return nil
	}
	has := slices.Clone(c.Attached)
	for _, p := range c.Policies {
		// A document of an attached policy is named by its ARN.
		if !slices.ContainsFunc(c.Attached, func(arn string) bool { return strings.HasSuffix(p.Name, arn) }) {
			has = append(has, p.Name)
		}
	}
	if len(has) == 0 {
		return nil
	}
	slices.Sort(has)
	return []rules.Finding{rules.Find("ANC319", c.Trust.At, "it is a probe role and has permissions: "+strings.Join(has, ", "))}
}

// severalHolders says why a statement means more than one workload, or "": no
// condition names exactly one by its URI or its common name.
func (s trustStatement) severalHolders() string {
	named := map[string]int{}
	for _, c := range s.conditions {
		holder := c.isTag && (c.tag.Field == iampolicy.FieldSAN && c.tag.Attribute == "URI" || c.tag.Field == iampolicy.FieldSubject && c.tag.Attribute == "CN")
		if !holder || !c.demands() || c.op.Name != "StringEquals" {
			continue
		}
		if len(c.Values) == 1 && c.inexact(c.Values[0]) == "" {
			return ""
		}
		named[c.tag.Field+"/"+c.tag.Attribute] = len(c.Values)
	}
	if len(named) == 0 {
		return "no StringEquals condition names one workload by x509SAN/URI or x509Subject/CN"
	}
	var words []string
	for _, attribute := range slices.Sorted(maps.Keys(named)) {
		words = append(words, fmt.Sprintf("%s names %d", attribute, named[attribute]))
	}
	return "it lets in more than one workload: " + strings.Join(words, ", ")
}

// OtherRoles names so many roles beside one.
func OtherRoles(n int) string {
	if n == 1 {
		return "another role"
	}
	return "other roles"
}

package rules

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"anchorctl/internal/iamactions"
	"anchorctl/internal/iampolicy"
)

// PermissionKind is what a permission policy is for.
type PermissionKind int

// The kinds. Whatever is no session policy is judged as a role's.
const (
	RolePermissions    PermissionKind = iota + 1 // of a role: it grants
	SessionPermissions                           // of a session: it only narrows what the role grants
)

// PermissionCase is a permission policy that is to be judged.
type PermissionCase struct {
	At       string // the address or file
	Name     string // of the policy, when it has one: "inline policy s3"
	Document []byte
	Kind     PermissionKind
}

// JudgePermissions judges what a policy grants (ANC312 to ANC317). It asks the
// embedded table of IAM actions; of actions that the table does not have,
// nothing is said.
func JudgePermissions(c PermissionCase) []Finding {
	j := &permissionJudgement{PermissionCase: c, table: iamactions.Load()}
	document, err := iampolicy.Parse(c.Document)
	if err != nil {
		j.add("ANC312", "%s", err).Remedy = "mend the document at that place: IAM would refuse it too"
		return j.findings
	}
	if err := j.table.Err(); err != nil {
		j.add("ANC314", "%s", err)
		return j.findings
	}
	for i, s := range document.Statements {
		j.statement(document, i, s)
	}
	return j.findings
}

// UnknownActions are the actions of a policy that the table of IAM actions does
// not have: nothing is said of what they take. AWS adds actions every week.
func UnknownActions(document []byte) []string {
	d, err := iampolicy.Parse(document)
	if err != nil {
		return nil
	}
	table := iamactions.Load()
	var unknown []string
	for _, s := range d.Statements {
		for _, pattern := range slices.Concat(s.Actions, s.NotActions) {
			known := pattern == "*"
			for range table.Matching(pattern) {
				known = true
				break
			}
			if !known && !slices.Contains(unknown, pattern) {
				unknown = append(unknown, pattern)
			}
		}
	}
	return unknown
}

type permissionJudgement struct {
	PermissionCase

	table    *iamactions.Table
	findings []Finding
}

// add makes a finding about the policy. In a session policy, what a role must
// not be granted takes nothing away, and is said.
func (j *permissionJudgement) add(id, format string, args ...any) *Finding {
	evidence := fmt.Sprintf(format, args...)
	if j.Name != "" {
		evidence = j.Name + ": " + evidence
	}
	f := Find(id, j.At, evidence)
	if j.Kind == SessionPermissions && f.Severity == Hold {
		f = Find(id, j.At, evidence, "a session policy only narrows what the role grants, and this narrows nothing")
		f.Severity = Warn
	}
	j.findings = append(j.findings, f)
	return &j.findings[len(j.findings)-1]
}

func (j *permissionJudgement) statement(d *iampolicy.Document, i int, s iampolicy.Statement) {
	g := &grant{Statement: s, table: j.table, name: statementName(i, s)}
	switch {
	case s.Principal != nil || s.NotPrincipal != nil:
		j.add("ANC312", "%s names a principal: whom a permission policy applies to is whom it is attached to", g.name).Remedy = "remove the principal, or give the document to the check of trust policies"
	case len(s.Resources) == 0 && len(s.NotResources) == 0:
		j.add("ANC312", "%s has neither Resource nor NotResource", g.name).Remedy = "name the resources in Resource"
	case s.Effect == iampolicy.Allow:
		for _, text := range s.Resources {
			g.resources = append(g.resources, resourceOf(d, text))
		}
		for _, text := range s.NotResources {
			g.spared = append(g.spared, resourceOf(d, text))
		}
		j.everyAction(g)
		j.everyResource(g)
		j.allButSome(g)
		j.everyRole(g)
		j.dead(g)
	}
}

// statementName is how a statement is found in its text.
func statementName(i int, s iampolicy.Statement) string {
	name := "statement " + strconv.Itoa(i+1)
	if s.Sid != "" {
		name = "statement " + strconv.Quote(s.Sid)
	}
	return fmt.Sprintf("%s (line %d, column %d)", name, s.At.Line, s.At.Column)
}

// grant is a statement that allows.
type grant struct {
	iampolicy.Statement

	table     *iamactions.Table
	name      string
	resources []resource // of Resource
	spared    []resource // of NotResource
}

// everyAction: an action is named (ANC313).
func (j *permissionJudgement) everyAction(g *grant) {
	wide := g.wholeServices()
	if len(wide) == 0 {
		return
	}
	f := j.add("ANC313", "%s allows %s", g.name, some(wide, "and"))
	f.Remedy = "name the actions that the workload calls; CloudTrail and IAM's last-accessed information say which"
}

// allButSome: what is allowed is named, not what is not (ANC315).
func (j *permissionJudgement) allButSome(g *grant) {
	var parts []string
	if len(g.NotActions) > 0 {
		parts = append(parts, "NotAction: every action of every service but "+some(quoted(g.NotActions), "and"))
	}
	if len(g.NotResources) > 0 {
		parts = append(parts, "NotResource: every resource of every account but "+some(quoted(g.NotResources), "and"))
	}
	if len(parts) > 0 {
		j.add("ANC315", "%s allows with %s", g.name, strings.Join(parts, ", and with "))
	}
}

// some lists a few of many things.
func some(list []string, conjunction string) string {
	const most = 5
	if n := len(list) - most; n > 0 {
		return strings.Join(list[:most], ", ") + fmt.Sprintf(" %s %d more", conjunction, n)
	}
	if n := len(list) - 1; n > 0 {
		return strings.Join(list[:n], ", ") + " " + conjunction + " " + list[n]
	}
	return strings.Join(list, "")
}

func quoted(list []string) []string {
	out := make([]string, 0, len(list))
	for _, s := range list {
		out = append(out, strconv.Quote(shortened(s)))
	}
	return out
}

func shortened(s string) string {
	const most = 100
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return s
}

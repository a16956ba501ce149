package grants

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"anchorctl/internal/iamactions"
	"anchorctl/internal/iampolicy"
	"anchorctl/internal/printable"
	"anchorctl/internal/rules"
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
func JudgePermissions(c PermissionCase) []rules.Finding {
	document, err := iampolicy.ParseKind(c.Document, iampolicy.PermissionKind)
	if err != nil {
		findings := Unreadable(c.At, c.Document, err)
		for i := range findings {
			findings[i].Element = c.element(findings[i].Element)
		}
		return findings
	}
	j := &permissionJudgement{PermissionCase: c, table: iamactions.Load()}
	if err := j.table.Err(); err != nil {
		j.find("ANC314", "", "%s", err)
		return j.findings
	}
	var grants []*grant
	for i, s := range document.Statements {
		if g := j.grant(document, i, s); s.Effect == iampolicy.Allow {
			grants = append(grants, g)
		} else {
			j.denials = append(j.denials, g)
		}
	}
	for _, g := range grants {
		for _, check := range grantChecks() {
			check(j, g)
		}
	}
	return j.findings
}

// grantChecks are the checks of a statement that grants, by their rules' numbers:
// ANC313 to ANC317.
func grantChecks() []func(*permissionJudgement, *grant) {
	return []func(*permissionJudgement, *grant){checkEveryAction, checkEveryResource, checkAllButSome, checkEveryRole, checkDead}
}

// element is a part of the document, after the policy's name if it has one.
func (c PermissionCase) element(part string) string {
	return strings.Join(slices.DeleteFunc([]string{printable.Line(c.Name), part}, func(s string) bool { return s == "" }), ": ")
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
	denials  []*grant // what the document denies
	findings []rules.Finding
}

// find makes a finding about a part of the policy. In a session policy, what a
// role must not be granted takes nothing away, and is said.
func (j *permissionJudgement) find(id, part, format string, args ...any) *rules.Finding {
	evidence := []string{fmt.Sprintf(format, args...)}
	r, _ := rules.ByID(id)
	softer := j.Kind == SessionPermissions && r.Severity == rules.Hold
	if softer {
		evidence = append(evidence, "a session policy only narrows what the role grants, and this narrows nothing")
	}
	f := rules.Find(id, j.At, evidence...)
	f.Element = j.element(part)
	if softer {
		f.Severity = rules.Warn
	}
	j.findings = append(j.findings, f)
	return &j.findings[len(j.findings)-1]
}

// grant is a statement, as far as the actions and resources that it names.
type grant struct {
	iampolicy.Statement

	table     *iamactions.Table
	name      string
	folded    []string        // the patterns of Action or NotAction in lower case
	resources []resource      // of Resource
	spared    []resource      // of NotResource
	met       map[string]bool // the kinds that were asked for, and whether a resource is of them
	covered   map[string]bool // the same, and whether all of them are
}

func (j *permissionJudgement) grant(d *iampolicy.Document, i int, s iampolicy.Statement) *grant {
	g := &grant{Statement: s, table: j.table, name: trustStatement{Statement: s, index: i}.String(), met: map[string]bool{}, covered: map[string]bool{}}
	for _, text := range slices.Concat(s.Actions, s.NotActions) {
		g.folded = append(g.folded, strings.ToLower(text))
	}
	for _, text := range s.Resources {
		g.resources = append(g.resources, resourceOf(d, text))
	}
	for _, text := range s.NotResources {
		g.spared = append(g.spared, resourceOf(d, text))
	}
	return g
}

// checkEveryAction: an action is named (ANC313).
func checkEveryAction(j *permissionJudgement, g *grant) {
	wide := g.wholeServices()
	if len(wide) == 0 {
		return
	}
	f := j.find("ANC313", g.name, "it allows %s", some(wide, "and"))
	f.Remedy = "name the actions that the workload calls; CloudTrail and IAM's last-accessed information say which"
}

// checkAllButSome: what is allowed is named, not what is not (ANC315).
func checkAllButSome(j *permissionJudgement, g *grant) {
	var parts []string
	if len(g.NotActions) > 0 {
		parts = append(parts, "NotAction: every action of every service but "+some(quoted(g.NotActions), "and"))
	}
	if len(g.NotResources) > 0 {
		parts = append(parts, "NotResource: every resource of every account but "+some(quoted(g.NotResources), "and"))
	}
	if len(parts) > 0 {
		j.find("ANC315", g.name, "it allows with %s", strings.Join(parts, ", and with "))
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

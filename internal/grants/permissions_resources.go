package grants

import (
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"

	"anchorctl/internal/iamactions"
	"anchorctl/internal/iampolicy"
	"anchorctl/internal/rules"
)

// resource is one pattern of Resource or NotResource.
type resource struct {
	text string
	iampolicy.Glob
	anywhere iampolicy.Glob // in any partition and region
	whoever  iampolicy.Glob // and of any account
}

// The parts of an ARN that a resource may be looked for in.
const (
	arnPartition = 1
	arnRegion    = 3
	arnAccount   = 4
)

func resourceOf(d *iampolicy.Document, text string) resource {
	g := d.Glob(text)
	return resource{text: text, Glob: g, anywhere: g.WithAny(arnPartition, arnRegion), whoever: g.WithAny(arnPartition, arnRegion, arnAccount)}
}

// checkEveryResource: where an action takes resources, they are named (ANC314).
func checkEveryResource(j *permissionJudgement, g *grant) {
	if !slices.ContainsFunc(g.resources, func(r resource) bool { return wildcards(r.text) }) {
		return
	}
	var wide []string
	var example iamactions.Action
	reads := true
	for _, text := range g.patterns() {
		w := g.widely(text)
		if w.takers == 0 || w.reads && 2*w.takers < w.all {
			// A pattern that only reads, most of it without resources, such as
			// ec2:Describe*, cannot be written otherwise.
			continue
		}
		if named(text) && (example.Name == "" || reads && !w.reads) {
			example = w.example
		}
		reads = reads && w.reads
		wide = append(wide, g.wideName(text, w.example))
	}
	if len(wide) == 0 {
		return
	}
	f := j.find("ANC314", g.name, "it allows %s on %s", some(wide, "and"), some(quoted(g.widest()), "and"))
	if example.Name != "" {
		f.Remedy = fmt.Sprintf("name the resources that the workload uses: %s takes %s", example, kindsOf(example))
	}
	switch narrow := g.narrowed(); {
	case narrow != "":
		f.Severity, f.Evidence = rules.Warn, f.Evidence+"; the condition on "+narrow+" narrows it"
	case reads:
		f.Severity = rules.Warn
	}
}

// patterns are the statement's actions as far as they are looked up: all of
// them, where it names those that it leaves out.
func (g *grant) patterns() []string {
	if len(g.NotActions) > 0 {
		return []string{"*"}
	}
	return g.Actions
}

// breadth is what a pattern allows on every resource.
type breadth struct {
	all     int  // known actions
	takers  int  // of them, those that take resources and are given all of them
	reads   bool // the takers only read and list
	example iamactions.Action
}

func (g *grant) wideName(pattern string, example iamactions.Action) string {
	switch {
	case len(g.NotActions) > 0:
		return "every action but some"
	case wildcards(pattern) && named(pattern):
		return fmt.Sprintf("%q (such as %s)", shortened(pattern), example)
	case wildcards(pattern):
		return strconv.Quote(shortened(pattern))
	default:
		return pattern
	}
}

// named reports whether a pattern names its service.
func named(pattern string) bool {
	prefix, _, found := strings.Cut(pattern, ":")
	return found && !wildcards(prefix)
}

func (g *grant) widely(pattern string) breadth {
	b := breadth{reads: true}
	if !named(pattern) && !g.coversAny() {
		return b // before all actions of AWS are looked at
	}
	for a := range g.matching(pattern) {
		b.all++
		if !takes(a) || !g.covers(a) {
			continue
		}
		b.takers++
		if b.example.Name == "" {
			b.example = a
		}
		if !a.Level.Reads() && (a.String() != passRole || g.passedTo() == "") { // which services take it narrows iam:PassRole
			b.reads, b.example = false, a
			return b
		}
	}
	return b
}

// matching are the known actions of a pattern that the statement allows.
func (g *grant) matching(pattern string) iter.Seq[iamactions.Action] {
	return func(yield func(iamactions.Action) bool) {
		for a := range g.table.Matching(pattern) {
			if len(g.NotActions) > 0 && g.leavesOut(a) {
				continue
			}
			if !yield(a) {
				return
			}
		}
	}
}

// covers reports whether the statement allows an action on every resource of
// every account: on every one of each kind it must have, or of a kind it can
// have.
func (g *grant) covers(a iamactions.Action) bool {
	required := 0
	for _, kind := range a.Resources {
		covered := g.coversKind(kind.ARN)
		switch {
		case kind.Required && !covered:
			return false
		case kind.Required:
			required++
		case covered && !slices.ContainsFunc(a.Resources, func(r iamactions.Resource) bool { return r.Required }):
			return true
		}
	}
	return required > 0
}

// coversAny reports whether the statement covers a kind of resource of any
// service.
func (g *grant) coversAny() bool {
	return slices.ContainsFunc(g.table.Services(), func(service string) bool {
		return slices.ContainsFunc(g.table.Kinds(service), g.coversKind)
	})
}

func (g *grant) coversKind(arn string) bool {
	covered, known := g.covered[arn]
	if !known {
		kind := iampolicy.Resources(arn)
		covered = slices.ContainsFunc(g.resources, func(r resource) bool {
			return wildcards(r.text) && (r.Everything() || r.anywhere.Covers(kind))
		})
		g.covered[arn] = covered
	}
	return covered
}

// widest are the patterns to show for what a statement allows widely.
func (g *grant) widest() []string {
	var all, wide []string
	for _, r := range g.resources {
		if r.Everything() {
			all = append(all, r.text)
		}
		if wildcards(r.text) {
			wide = append(wide, r.text)
		}
	}
	if len(all) > 0 {
		return all
	}
	return wide
}

// kindsOf are the resources that an action takes, as people write them.
func kindsOf(a iamactions.Action) string {
	if len(a.Resources) == 0 {
		return `"*" alone`
	}
	var arns []string
	for _, r := range a.Resources {
		if !slices.Contains(arns, r.ARN) {
			arns = append(arns, r.ARN)
		}
	}
	return some(arns, "or")
}

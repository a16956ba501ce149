package grants

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"anchorctl/internal/iampolicy"
	"anchorctl/internal/rules"
)

// TrustCase is a role's trust policy that is to be judged, with what is known
// about the role.
type TrustCase struct {
	At       string // the address or file
	Document []byte
	// Account is the role's; empty when it is not known.
	Account string
	// Anchors are the ARNs that may stand in aws:SourceArn. Nil allows any exact
	// ARN of a trust anchor, of Account when that is known.
	Anchors []string
	// Mappings are the attribute mappings of the profiles that hand out the
	// role, by the profile's name; nil mappings are the service's defaults. A
	// nil map is not known: ANC307 is then not checked.
	Mappings map[string]map[string][]string
	// Workloads are the URIs of those that may take the role; nil when they are
	// not known.
	Workloads []string
}

// JudgeTrust holds a trust policy against the rules for trust policies. What it
// finds is in the order of the statements.
func JudgeTrust(c TrustCase) []rules.Finding {
	document, err := iampolicy.ParseKind(c.Document, iampolicy.TrustKind)
	if err != nil {
		return Unreadable(c.At, c.Document, err)
	}
	j := &trustJudgement{TrustCase: c, version: document.Version}
	for i, s := range document.Statements {
		j.statements = append(j.statements, newTrustStatement(i, s))
	}
	for _, check := range trustChecks() {
		check(j)
	}
	slices.SortStableFunc(j.found, func(a, b trustFinding) int { return cmp.Compare(a.statement, b.statement) })
	var findings []rules.Finding
	for _, f := range j.found {
		findings = append(findings, f.Finding)
	}
	return findings
}

// trustChecks are the checks of a trust policy, by their rules' numbers: ANC304
// to ANC308.
func trustChecks() []func(*trustJudgement) {
	return []func(*trustJudgement){checkAnchorPinned, checkCertificatePinned, checkConditions, checkMapped, checkOthers}
}

// Unreadable are the findings about a document that is no policy document of
// its kind (ANC312).
func Unreadable(at string, document []byte, err error) []rules.Finding {
	var fault *iampolicy.SyntaxError
	if !errors.As(err, &fault) {
		return []rules.Finding{rules.Find("ANC312", at, err.Error())}
	}
	var findings []rules.Finding
	for _, one := range append([]*iampolicy.SyntaxError{fault}, fault.Others...) {
		evidence := one.Message
		if near := excerpt(document, one.Line, one.Column); near != "" {
			evidence += ": " + near
		}
		f := rules.Find("ANC312", at, evidence)
		if remedy := unpack(document); remedy != "" {
			f.Remedy = remedy
		}
		f.Element = fmt.Sprintf("line %d, column %d", one.Line, one.Column)
		findings = append(findings, f)
	}
	return findings
}

// unpack says how to get at a document that is inside of what was given, or "".
func unpack(document []byte) string {
	text := bytes.TrimSpace(document)
	switch {
	case len(text) > iampolicy.MaxBytes:
		return ""
	case bytes.Contains(text, []byte(`"AssumeRolePolicyDocument"`)):
		return `give the document alone: run "aws iam get-role --role-name ROLE --query Role.AssumeRolePolicyDocument"`
	case bytes.Contains(text, []byte(`"PolicyDocument"`)):
		return `give the document alone: run "aws iam get-role-policy --role-name ROLE --policy-name POLICY --query PolicyDocument"`
	case bytes.Contains(text, []byte(`"PolicyVersion"`)):
		return `give the document alone: run "aws iam get-policy-version --policy-arn ARN --version-id VERSION --query PolicyVersion.Document"`
	case bytes.HasPrefix(text, []byte("%7B")):
		return "decode it first: the text is URL-encoded, as the IAM API sends it"
	case bytes.HasPrefix(text, []byte(`"`)):
		return "give the document itself, not a string that holds it"
	}
	return ""
}

// excerpt is what stands at a place in a document, shortened.
func excerpt(document []byte, line, column int) string {
	const most = 40
	for range line - 1 {
		_, document, _ = bytes.Cut(document, []byte("\n"))
	}
	text, _, _ := bytes.Cut(document, []byte("\n"))
	var out strings.Builder
	at, taken := 0, 0
	for _, c := range string(text[:min(len(text), maxExcerptLine)]) {
		if at++; at < column {
			continue
		}
		if taken++; taken > most {
			return out.String() + "…"
		}
		out.WriteRune(c)
	}
	return out.String()
}

// maxExcerptLine bounds the work on a document that is one long line.
const maxExcerptLine = 64 << 10

type trustJudgement struct {
	TrustCase

	version    string
	statements []trustStatement
	found      []trustFinding
}

type trustFinding struct {
	rules.Finding

	statement int
}

// find adds a finding about a statement.
func (j *trustJudgement) find(id string, s trustStatement, evidence ...string) *rules.Finding {
	f := rules.Find(id, j.At, evidence...)
	f.Element = s.String()
	j.found = append(j.found, trustFinding{f, s.index})
	return &j.found[len(j.found)-1].Finding
}

// trustStatement is a statement with its conditions taken apart.
type trustStatement struct {
	iampolicy.Statement

	index      int
	conditions []trustCondition
}

// trustCondition is a condition of a statement.
type trustCondition struct {
	iampolicy.Condition

	op    iampolicy.Operator
	known bool   // the operator is spelled as AWS spells it
	key   string // in lower case
	tag   iampolicy.MappedTag
	isTag bool // the key is a tag that a certificate's attribute gives
}

func newTrustStatement(index int, s iampolicy.Statement) trustStatement {
	out := trustStatement{Statement: s, index: index}
	for _, c := range s.Conditions {
		t := trustCondition{Condition: c, key: strings.ToLower(c.Key)}
		if t.op, t.known = iampolicy.ParseOperator(c.Operator); !t.known {
			if meant, found := iampolicy.Respell(c.Operator); found {
				t.op, _ = iampolicy.ParseOperator(meant)
			}
		}
		t.tag, t.isTag = iampolicy.MappedTagOf(c.Key)
		out.conditions = append(out.conditions, t)
	}
	return out
}

func (s trustStatement) String() string {
	name := fmt.Sprintf("statement %d", s.index+1)
	if s.Sid != "" {
		name = "statement " + s.Sid
	}
	return fmt.Sprintf("%s (line %d, column %d)", name, s.At.Line, s.At.Column)
}

func (c trustCondition) String() string {
	return fmt.Sprintf("%s %s (line %d, column %d)", c.Operator, c.Key, c.At.Line, c.At.Column)
}

// admits says whether a session of Roles Anywhere could rest on the statement.
// Names of services that are spelled in another way count: whether AWS takes
// them is not documented.
func (s trustStatement) admits() bool {
	if s.Effect != iampolicy.Allow || s.Covers(iampolicy.ActionAssumeRole) == iampolicy.No {
		return false
	}
	who := iampolicy.Principal{Kind: iampolicy.Service, Value: iampolicy.RolesAnywhere}
	return s.Trusts(who) != iampolicy.No || s.Principal != nil && slices.ContainsFunc(s.Principal.Service, likeRolesAnywhere)
}

// likeRolesAnywhere reports whether a service's name is, or is made to look
// like, that of Roles Anywhere in some region or partition.
func likeRolesAnywhere(service string) bool {
	if strings.HasPrefix(strings.ToLower(service), "rolesanywhere.") {
		return true
	}
	return strings.ContainsFunc(service, func(r rune) bool { return r > '~' || r <= ' ' })
}

// admitting are the statements that a session could rest on.
func (j *trustJudgement) admitting() []trustStatement {
	return slices.DeleteFunc(slices.Clone(j.statements), func(s trustStatement) bool { return !s.admits() })
}

// demands reports whether the condition is met by some values alone, and not
// by their absence: what pins has to be of this form.
func (c trustCondition) demands() bool {
	return c.known && !c.op.Negated && !c.op.IfExists && c.op.Set != iampolicy.SetAll && c.op.Name != "Null"
}

// inexact says why a value stands for more or for less than itself, or "".
func (c trustCondition) inexact(value string) string {
	like := strings.HasSuffix(c.op.Name, "Like") || strings.HasPrefix(c.op.Name, "Arn")
	switch {
	case value == "":
		return "the empty value names nobody"
	case strings.Contains(value, "${"):
		return fmt.Sprintf("%q has a variable, which the session fills in itself", value)
	case !strings.ContainsAny(value, "*?"):
		return ""
	case like:
		return fmt.Sprintf("%q has a wildcard, which stands for others too", value)
	default:
		return fmt.Sprintf("%q is literal under %s, where a wildcard is none: it is never met", value, c.op.Name)
	}
}

// block is a condition as it is to be written.
func block(operator, key string, values ...string) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = fmt.Sprintf("%q", v)
	}
	list := strings.Join(quoted, ", ")
	if len(values) != 1 {
		list = "[" + list + "]"
	}
	return fmt.Sprintf("%q: {%q: %s}", operator, key, list)
}

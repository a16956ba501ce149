package iampolicy

// The versions of the policy language
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html).
const (
	Version2012 = "2012-10-17"
	Version2008 = "2008-10-17"
)

// The two effects of a statement.
const (
	Allow = "Allow"
	Deny  = "Deny"
)

// Position is a place in a document's text, counted from 1 in characters.
type Position struct {
	Line   int
	Column int
}

// Document is one policy document.
type Document struct {
	Version    string // empty when the document has none: it then means 2008-10-17
	ID         string
	Statements []Statement
}

// Statement is one statement. Exactly one of Actions and NotActions is set, at
// most one of Principal and NotPrincipal, and at most one of Resources and
// NotResources.
type Statement struct {
	Sid          string
	Effect       string
	Principal    *Principals
	NotPrincipal *Principals
	Actions      []string
	NotActions   []string
	Resources    []string
	NotResources []string
	Conditions   []Condition
	At           Position // where the statement begins; zero when it was not parsed
}

// Principals is the value of a Principal or NotPrincipal element.
type Principals struct {
	All           bool // the string "*"
	AWS           []string
	Service       []string
	Federated     []string
	CanonicalUser []string
}

// Condition is one key under one operator, with the values it is compared to.
type Condition struct {
	Operator string // as written: "ForAnyValue:StringLikeIfExists"
	Key      string // as written; key names are not case-sensitive
	Values   []string
	At       Position // where the key begins; zero when it was not parsed
}

// Statement returns the statement with the Sid.
func (d *Document) Statement(sid string) (Statement, bool) {
	if d == nil || sid == "" {
		return Statement{}, false
	}
	for _, s := range d.Statements {
		if s.Sid == sid {
			return s, true
		}
	}
	return Statement{}, false
}

// variables says whether ${...} is a policy variable in this document.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
func (d *Document) variables() bool { return d.Version == Version2012 }

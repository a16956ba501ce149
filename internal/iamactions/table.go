package iamactions

import (
	"iter"
	"slices"
	"strings"
	"sync"
	"time"
)

// MaxAge is how old the table may be before whoever relies on it should be
// told.
const MaxAge = 180 * 24 * time.Hour

// Source is where the table comes from.
type Source struct {
	Name     string `json:"name"` // of the package
	Version  string `json:"version"`
	Date     string `json:"date"` // of the data in it, as in 2026-01-31
	Licence  string `json:"licence"`
	SHA256   string `json:"sha256"` // of the package's archive
	Services int    `json:"services"`
	Actions  int    `json:"actions"`
}

// Action is one IAM action.
type Action struct {
	Service   string
	Name      string
	Level     Level
	Resources []Resource // the kinds it takes; none: it takes "*" alone
}

// String is the action as policies write it.
func (a Action) String() string { return a.Service + ":" + a.Name }

// Resource is a kind of resource that an action takes.
type Resource struct {
	ARN      string // with variables: "arn:${Partition}:s3:::${BucketName}"
	Required bool   // of several that are not, an action takes any or none
}

// Table is the IAM actions. A table with an error knows nothing.
type Table struct {
	source   Source
	services map[string]*service
	order    []string
	err      error
}

// service is the actions of one service, read when they are first asked for.
type service struct {
	name    string
	text    string
	once    sync.Once
	actions []Action
	folded  []string // their names in lower case
	byName  map[string]int
	kinds   []string
	err     error
}

// loaded reads the embedded table when it is first asked.
var loaded = sync.OnceValue(func() *Table { return Decode(packed) })

// Load is the embedded table. It costs nothing until it is first asked for.
func Load() *Table { return loaded() }

// Err is what went wrong while the table was read.
func (t *Table) Err() error { return t.err }

// Source is where the table comes from.
func (t *Table) Source() Source { return t.source }

// Date is the day of the data.
func (t *Table) Date() time.Time {
	date, err := time.Parse(time.DateOnly, t.source.Date)
	if err != nil {
		return time.Time{} // older than anything: it is then reported as too old
	}
	return date
}

// Stale reports whether the table is older than MaxAge.
func (t *Table) Stale(now time.Time) bool { return now.Sub(t.Date()) > MaxAge }

// Services are the prefixes of all services, in order.
func (t *Table) Services() []string { return slices.Clone(t.order) }

// Has reports whether the table knows the service. Names of services and
// actions are not case-sensitive.
func (t *Table) Has(service string) bool {
	_, known := t.services[strings.ToLower(service)]
	return known
}

// Actions are the actions of a service, in order.
func (t *Table) Actions(service string) []Action {
	s := t.services[strings.ToLower(service)]
	if s == nil {
		return nil
	}
	s.once.Do(s.read)
	return slices.Clone(s.actions)
}

// Kinds are the ARNs of all kinds of resources that the actions of a service
// take, in order.
func (t *Table) Kinds(service string) []string {
	s := t.services[strings.ToLower(service)]
	if s == nil {
		return nil
	}
	s.once.Do(s.read)
	return slices.Clone(s.kinds)
}

// Action finds an action by its whole name, such as "s3:ListBucket".
func (t *Table) Action(name string) (Action, bool) {
	prefix, action, _ := strings.Cut(strings.ToLower(name), ":")
	s := t.services[prefix]
	if s == nil {
		return Action{}, false
	}
	s.once.Do(s.read)
	i, known := s.byName[action]
	if !known {
		return Action{}, false
	}
	return s.actions[i], true
}

// Matching are the known actions that a policy's pattern means, in order. It
// reads the services that the pattern can mean, and no further than it is asked.
func (t *Table) Matching(pattern string) iter.Seq[Action] {
	pattern = strings.ToLower(pattern)
	return func(yield func(Action) bool) {
		for _, s := range t.candidates(pattern) {
			s.once.Do(s.read)
			for i, name := range s.folded {
				if Match(pattern, name) && !yield(s.actions[i]) {
					return
				}
			}
		}
	}
}

// candidates are the services that a pattern in lower case can mean.
func (t *Table) candidates(pattern string) []*service {
	prefix, _, found := strings.Cut(pattern, ":")
	if found && !strings.ContainsAny(prefix, "*?") {
		if s := t.services[prefix]; s != nil {
			return []*service{s}
		}
		return nil
	}
	all := make([]*service, 0, len(t.order))
	for _, name := range t.order {
		all = append(all, t.services[name])
	}
	return all
}

// Match says whether a name is what a pattern with * and ? describes. Both are
// in lower case.
func Match(pattern, name string) bool {
	p, n, star, mark := 0, 0, -1, 0
	for n < len(name) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, n
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == name[n]):
			p++
			n++
		case star >= 0:
			mark++
			p, n = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

package iampolicy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf16"
)

// Encode writes the document with stable indentation and in the order of the
// grammar. Lists of one are written as a string. Text outside of ASCII is
// escaped: the service takes no characters above U+00FF.
func (d *Document) Encode() []byte {
	w := &writer{}
	w.open("{")
	if d.Version != "" {
		w.field("Version", d.Version)
	}
	if d.ID != "" {
		w.field("Id", d.ID)
	}
	w.name("Statement")
	w.open("[")
	for _, s := range d.Statements {
		w.item()
		w.statement(s)
	}
	w.close("]")
	w.close("}")
	return append(w.b.Bytes(), '\n')
}

// encode writes a statement as it stands in a document at the depth.
func (s Statement) encode(depth int) []byte {
	w := &writer{depth: depth}
	w.statement(s)
	return w.b.Bytes()
}

type writer struct {
	b     bytes.Buffer
	depth int
	first bool // nothing has been written into the innermost object or list
}

func (w *writer) open(bracket string) {
	w.b.WriteString(bracket)
	w.depth++
	w.first = true
}

func (w *writer) close(bracket string) {
	w.depth--
	if !w.first {
		w.newline()
	}
	w.b.WriteString(bracket)
	w.first = false
}

func (w *writer) newline() { w.b.WriteString("\n" + strings.Repeat("  ", w.depth)) }

func (w *writer) item() {
	if !w.first {
		w.b.WriteByte(',')
	}
	w.first = false
	w.newline()
}

func (w *writer) name(name string) {
	w.item()
	w.b.WriteString(jsonString(name) + ": ")
}

func (w *writer) field(name, value string) {
	w.name(name)
	w.b.WriteString(jsonString(value))
}

// list writes nothing for an empty list: that is an absent element.
func (w *writer) list(name string, values []string) {
	switch len(values) {
	case 0:
		return
	case 1:
		w.field(name, values[0])
		return
	}
	w.name(name)
	w.open("[")
	for _, v := range values {
		w.item()
		w.b.WriteString(jsonString(v))
	}
	w.close("]")
}

func (w *writer) statement(s Statement) {
	w.open("{")
	if s.Sid != "" {
		w.field("Sid", s.Sid)
	}
	w.field("Effect", s.Effect)
	w.principals("Principal", s.Principal)
	w.principals("NotPrincipal", s.NotPrincipal)
	w.list("Action", s.Actions)
	w.list("NotAction", s.NotActions)
	w.list("Resource", s.Resources)
	w.list("NotResource", s.NotResources)
	if len(s.Conditions) > 0 {
		w.name("Condition")
		w.conditions(s.Conditions)
	}
	w.close("}")
}

func (w *writer) principals(name string, p *Principals) {
	switch {
	case p == nil:
		return
	case p.All:
		w.field(name, "*")
		return
	}
	w.name(name)
	w.open("{")
	w.list("AWS", p.AWS)
	w.list("Service", p.Service)
	w.list("Federated", p.Federated)
	w.list("CanonicalUser", p.CanonicalUser)
	w.close("}")
}

// conditions writes the keys of one operator together, in the order in which
// the operators first come.
func (w *writer) conditions(all []Condition) {
	var operators []string
	keys := map[string][]Condition{}
	for _, c := range all {
		if len(keys[c.Operator]) == 0 {
			operators = append(operators, c.Operator)
		}
		keys[c.Operator] = append(keys[c.Operator], c)
	}
	w.open("{")
	for _, operator := range operators {
		w.name(operator)
		w.open("{")
		for _, c := range keys[operator] {
			w.list(c.Key, c.Values)
		}
		w.close("}")
	}
	w.close("}")
}

func jsonString(s string) string {
	var raw bytes.Buffer
	e := json.NewEncoder(&raw)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		return `""` // a string always encodes
	}
	var b strings.Builder
	for _, r := range strings.TrimSuffix(raw.String(), "\n") {
		switch {
		case r <= '~':
			b.WriteRune(r)
		case r > 0xFFFF:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

package render

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"anchorctl/internal/plan"
	"anchorctl/internal/printable"
)

// gateMark stands before the rule that must hold just before a step is done.
const gateMark = "‖"

// Plan writes one line for each action, the fields it changes under it, and a
// line that counts.
func (p *Page) Plan(pl plan.Plan) {
	widest := 0
	for _, a := range pl.Actions {
		widest = max(widest, len(verb(a.Kind)))
	}
	for _, a := range pl.Actions {
		mark, gate := a.Kind.Mark(), ""
		if a.Gate != "" {
			gate = "  " + p.paint(cyan, gateMark+" "+printable.Line(a.Gate))
		}
		p.raw(p.paint(markColour(mark), mark) + " " + printable.Line(pad(verb(a.Kind), widest)+"  "+a.Addr.String()) + gate)
		p.changes(a.Before, a.After)
	}
	p.Blank()
	p.Line("%s", Count(pl.Actions))
	if gates := gatesOf(pl.Actions); len(gates) > 0 {
		verb, step := "is", "step"
		if len(gates) > 1 {
			verb, step = "are", "steps"
		}
		p.Line("%s %s  %s checked just before the %s", gateMark, strings.Join(gates, ", "), verb, step)
	}
}

func gatesOf(actions []plan.Action) []string {
	gates := map[string]bool{}
	for _, a := range actions {
		if a.Gate != "" {
			gates[a.Gate] = true
		}
	}
	return slices.Sorted(maps.Keys(gates))
}

// Step is what came of an action: it was done, unless Why says what stopped it.
type Step struct {
	Action plan.Action
	Why    string
}

// Steps writes one line for each step of a run.
func (p *Page) Steps(steps []Step) {
	widest := 0
	for _, s := range steps {
		widest = max(widest, len(verb(s.Action.Kind)))
	}
	for _, s := range steps {
		mark, colour, why := s.Action.Kind.Mark(), markColour(s.Action.Kind.Mark()), ""
		if s.Why != "" {
			mark, colour, why = gateMark, cyan, "  "+printable.Line(s.Why)
		}
		p.raw(p.paint(colour, mark) + " " + printable.Line(pad(verb(s.Action.Kind), widest)+"  "+s.Action.Addr.String()) + why)
	}
}

// Count says in words what a list of actions would do.
func Count(actions []plan.Action) string {
	if len(actions) == 0 {
		return "Nothing to do: what is there is what the configuration says."
	}
	n := map[string]int{}
	for _, a := range actions {
		n[a.Kind.Mark()]++
	}
	var words []string
	for _, w := range []struct{ mark, word string }{{"+", "create"}, {"~", "change"}, {"-", "delete"}, {"?", "check"}} {
		if n[w.mark] > 0 {
			words = append(words, fmt.Sprintf("%d to %s", n[w.mark], w.word))
		}
	}
	return "Plan: " + strings.Join(words, ", ") + "."
}

func verb(k plan.Kind) string {
	_, v, _ := strings.Cut(string(k), ".")
	return v
}

func markColour(mark string) string {
	switch mark {
	case "+":
		return green
	case "-":
		return red
	case "~":
		return yellow
	default:
		return cyan
	}
}

// changes writes the fields of an action. What is not an object of fields is
// shown as one value.
func (p *Page) changes(before, after json.RawMessage) {
	b, a := fieldsOf(before), fieldsOf(after)
	names := map[string]bool{}
	for name := range b {
		names[name] = true
	}
	for name := range a {
		names[name] = true
	}
	widest := 0
	for name := range names {
		widest = max(widest, len(printable.Line(name)))
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		p.change(pad(printable.Line(name), widest), b[name], a[name])
	}
}

func fieldsOf(raw json.RawMessage) map[string]json.RawMessage {
	if len(raw) == 0 {
		return nil
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil {
		return map[string]json.RawMessage{"value": raw}
	}
	return fields
}

const margin = "      "

func (p *Page) change(name string, before, after json.RawMessage) {
	was, is := lines(before), lines(after)
	switch {
	case len(was) <= 1 && len(is) <= 1 && len(strings.Join(append(was, is...), "")) <= inlineWidth:
		text := strings.Join(is, "")
		if len(was) == 1 && len(is) == 1 {
			text = was[0] + " → " + is[0]
		} else if len(was) == 1 {
			text = was[0]
		}
		p.raw(margin + name + "  " + text)
	default:
		p.raw(margin + strings.TrimRight(name, " "))
		for _, l := range diff(was, is) {
			p.raw(margin + "  " + p.paint(lineColour(l.mark), strings.TrimRight(l.mark+" "+l.text, " ")))
		}
	}
}

func lineColour(mark string) string {
	if mark == " " {
		return ""
	}
	return markColour(mark)
}

// lines is a JSON value as people read it: a plain value without quotes, an
// object or a list over several lines. Nothing stays nothing.
func lines(raw json.RawMessage) []string {
	if len(raw) == 0 {
		return nil
	}
	var text string
	if json.Unmarshal(raw, &text) == nil && string(raw) != "null" {
		if text == "" {
			return []string{`""`}
		}
		return []string{printable.Line(text)}
	}
	var list []string
	if json.Unmarshal(raw, &list) == nil && list != nil {
		return listLines(list)
	}
	var pairs map[string]string
	if json.Unmarshal(raw, &pairs) == nil && pairs != nil {
		return pairLines(pairs)
	}
	if string(raw) == "null" {
		return []string{"none"}
	}
	return listLines(pretty(raw))
}

func listLines(list []string) []string {
	if len(list) == 0 {
		return []string{"none"}
	}
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = printable.Line(s)
	}
	return out
}

func pairLines(pairs map[string]string) []string {
	list := []string{}
	for _, name := range slices.Sorted(maps.Keys(pairs)) {
		list = append(list, name+" = "+pairs[name])
	}
	return listLines(list)
}

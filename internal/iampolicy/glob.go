package iampolicy

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Glob is a pattern of a policy as the set of strings it describes. Sets are
// compared without regard to case.
type Glob struct {
	symbols []symbol
}

// symbol is one place of a glob.
type symbol struct {
	kind symbolKind
	char rune // of a literal, in lower case
}

type symbolKind int

const (
	literal symbolKind = iota
	one                // any character
	many               // any characters, or none
	name               // the name of a resource: as many
	part               // as many, but neither "/" nor ":"
	value              // the value of a policy variable, which nobody knows
)

// Glob is a resource pattern of the document, with its variables as values that
// are not known: ${*} and its like are the characters themselves.
func (d *Document) Glob(text string) Glob {
	var g Glob
	for text != "" {
		if d.variables() && strings.HasPrefix(text, "${") {
			key, _, rest, ok := variable(text)
			switch {
			case !ok: // what a broken one means is not documented
				g.add(symbol{kind: value})
				return g.normal()
			case key == "*" || key == "?" || key == "$":
				g.add(symbol{char: rune(key[0])})
			default:
				g.add(symbol{kind: value})
			}
			text = rest
			continue
		}
		char, size := utf8.DecodeRuneInString(text)
		g.add(written(char))
		text = text[size:]
	}
	return g.normal()
}

func written(char rune) symbol {
	switch char {
	case '*':
		return symbol{kind: many}
	case '?':
		return symbol{kind: one}
	default:
		return symbol{char: unicode.ToLower(char)}
	}
}

// Resources is the kind of resource that AWS's Service Authorization Reference
// writes as an ARN with ${Variables}: every ARN of the kind. What a name can
// hold is known of a few; of the others, anything.
func Resources(arn string) Glob {
	var g Glob
	for arn != "" {
		if variable, rest, found := placeholder(arn); found {
			g.add(symbol{kind: kindOf(variable)})
			arn = rest
			continue
		}
		char, size := utf8.DecodeRuneInString(arn)
		s := written(char)
		if s.kind == many { // some kinds are written with "*" for a name
			s.kind = name
		}
		g.add(s)
		arn = arn[size:]
	}
	return g
}

func placeholder(text string) (variable, rest string, found bool) {
	after, found := strings.CutPrefix(text, "${")
	if !found {
		return "", text, false
	}
	return strings.Cut(after, "}")
}

func kindOf(variable string) symbolKind {
	switch variable {
	case "Partition", "Region", "Account", "BucketName", "AccessPointName", "TableName":
		return part
	default:
		return name
	}
}

func (g *Glob) add(s symbol) { g.symbols = append(g.symbols, s) }

// normal puts the single characters of a run of wildcards first and keeps one
// of the rest: "*?*" and "?*" describe the same.
func (g Glob) normal() Glob {
	var out Glob
	for i := 0; i < len(g.symbols); {
		ones, stars := 0, 0
		for ; i < len(g.symbols); i++ {
			if k := g.symbols[i].kind; k == one {
				ones++
			} else if k == many {
				stars++
			} else {
				break
			}
		}
		for range ones {
			out.add(symbol{kind: one})
		}
		if stars > 0 {
			out.add(symbol{kind: many})
		}
		if i < len(g.symbols) {
			out.add(g.symbols[i])
			i++
		}
	}
	return out
}

// Everything reports whether the pattern describes every string there is but
// the empty one.
func (g Glob) Everything() bool { return g.Covers(Glob{[]symbol{{kind: one}, {kind: many}}}) }

// Meets reports whether there is a string that both describe. Where a value is
// not known, there may be.
func (g Glob) Meets(other Glob) bool {
	// reached are the places of other that go with the place of g at hand.
	reached := other.skip([]int{0})
	for _, s := range g.symbols {
		if reached = other.skip(step(reached, s, other.symbols)); len(reached) == 0 {
			return false
		}
	}
	return reached[len(reached)-1] == len(other.symbols)
}

// step takes one symbol of a glob past the places of another.
func step(reached []int, s symbol, other []symbol) []int {
	var next []int
	if s.repeats() {
		// It takes any number of the other's symbols, each if it can be part of it.
		at := 0
		for _, from := range reached {
			for at = max(at, from); ; at++ {
				if len(next) == 0 || next[len(next)-1] < at {
					next = append(next, at)
				}
				if at >= len(other) || !s.meets(other[at]) {
					break
				}
			}
		}
		return next
	}
	for _, at := range reached {
		if at == len(other) || !s.meets(other[at]) {
			continue
		}
		if other[at].repeats() {
			next = insert(next, at) // it may take more
			continue
		}
		next = insert(next, at+1)
	}
	return next
}

// insert keeps a list of places in order and each once; places come in order,
// but for one that a repetition already reached.
func insert(list []int, at int) []int {
	if n := len(list); n > 0 && list[n-1] >= at {
		return list
	}
	return append(list, at)
}

// skip adds the places behind repetitions, which may take nothing.
func (g Glob) skip(reached []int) []int {
	var all []int
	for _, at := range reached {
		all = insert(all, at)
		for at < len(g.symbols) && g.symbols[at].repeats() {
			at++
			all = insert(all, at)
		}
	}
	return all
}

func (s symbol) repeats() bool { return s.kind != literal && s.kind != one }

// meets reports whether there is a character that both can be.
func (s symbol) meets(other symbol) bool {
	switch {
	case s.kind == literal && other.kind == literal:
		return s.char == other.char
	case s.kind == literal:
		return other.kind != part || !divides(s.char)
	case other.kind == literal:
		return s.kind != part || !divides(other.char)
	default:
		return true
	}
}

func divides(char rune) bool { return char == '/' || char == ':' }

// WithAny is the pattern of an ARN with "*" in some of its parts, counted from
// 0. A pattern that is not written in six parts stays as it is, unless it ends
// in a wildcard, which stands for the parts that are not written ("If the *
// wildcard is the last character of a resource ARN segment, it can expand to
// match beyond the colon boundaries").
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
func (g Glob) WithAny(parts ...int) Glob {
	var out Glob
	at, colons := 0, 0
	for i := 0; i <= len(g.symbols); i++ {
		end := i == len(g.symbols)
		if !end && (g.symbols[i] != symbol{char: ':'} || colons == arnParts-1) {
			continue
		}
		if slices.Contains(parts, colons) {
			out.add(symbol{kind: many})
		} else {
			out.symbols = append(out.symbols, g.symbols[at:i]...)
		}
		if !end {
			out.add(symbol{char: ':'})
			colons, at = colons+1, i+1
		}
	}
	if colons < arnParts-1 && (len(g.symbols) == 0 || g.symbols[len(g.symbols)-1].kind != many) {
		return g
	}
	return out.normal()
}

// Unnamed is a kind of resource with other text in the place of each name: what
// services write that judge an action on all of the kind.
func (g Glob) Unnamed(instead string) Glob {
	var out Glob
	colons := 0
	for _, s := range g.symbols {
		switch {
		case colons == arnParts-1 && (s.kind == name || s.kind == part):
			for _, char := range instead {
				out.add(symbol{char: char})
			}
			continue
		case s == symbol{char: ':'} && colons < arnParts-1:
			colons++
		}
		out.add(s)
	}
	return out
}

// arnParts is the number of parts of an ARN: "arn", partition, service, region,
// account, and what it is there.
const arnParts = 6

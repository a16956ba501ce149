package iampolicy

import "strconv"

// fresh is a character that no pattern names: what matches it in every place of
// a string matches any other in its place, so it is the hardest to cover.
const fresh rune = -1

// mostSteps bounds the work of a comparison. Patterns that need more are made
// to: they count as covering, since a doubt must not pass.
const mostSteps = 20_000

// Covers reports whether the pattern describes every string that the other
// describes. A value that is not known covers nothing; names of resources are
// not empty.
func (g Glob) Covers(other Glob) bool {
	if !g.coversShortest(other) {
		return false
	}
	have, want := g.covering(), other.covered()
	c := &cover{have: have, want: want, seen: map[string]bool{}}
	c.push(0, have.skip([]int{0}))
	for steps := 0; len(c.open) > 0 && steps < mostSteps; steps++ {
		last := len(c.open) - 1
		now := c.open[last]
		c.open = c.open[:last]
		if !c.walk(now) {
			return false
		}
	}
	return true
}

// coversShortest is the quick look that comes first: whether the pattern
// describes the shortest strange string of the other.
func (g Glob) coversShortest(other Glob) bool {
	have, want := g.symbols, other.symbols
	p, w, star, mark := 0, 0, -1, 0
	for w < len(want) {
		switch {
		case want[w].kind == many || want[w].kind == value: // empty
			w++
		case p < len(have) && have[p].kind == many:
			star, mark = p, w
			p++
		case p < len(have) && (have[p].kind == one || have[p].kind == literal && have[p] == want[w]):
			p++
			w++
		case star >= 0:
			mark++
			p, w = star+1, mark
		default:
			return false
		}
	}
	for p < len(have) && have[p].kind == many {
		p++
	}
	return p == len(have)
}

// cover walks through the strings of want and the places that each leads to in
// have, all at a time.
type cover struct {
	have Glob
	want []symbol
	open []covering
	seen map[string]bool
}

type covering struct {
	at      int   // the place in want
	reached []int // the places in have
}

// walk goes on from one place, and reports whether its string is still covered.
func (c *cover) walk(now covering) bool {
	if len(now.reached) == 0 {
		return false
	}
	if now.at == len(c.want) {
		return now.reached[len(now.reached)-1] == len(c.have.symbols)
	}
	s := c.want[now.at]
	char := symbol{char: s.char}
	if s.kind != literal {
		char.char = fresh
	}
	next := c.have.skip(step(now.reached, char, c.have.symbols))
	if s.kind == many { // it ends here, or takes a character more
		c.push(now.at+1, now.reached)
		c.push(now.at, next)
		return true
	}
	c.push(now.at+1, next)
	return true
}

func (c *cover) push(at int, reached []int) {
	key := strconv.AppendInt(nil, int64(at), 36)
	for _, r := range reached {
		key = strconv.AppendInt(append(key, ' '), int64(r), 36)
	}
	if !c.seen[string(key)] {
		c.seen[string(key)] = true
		c.open = append(c.open, covering{at, reached})
	}
}

// covering is the pattern with values as a character that nothing has.
func (g Glob) covering() Glob {
	out := Glob{make([]symbol, 0, len(g.symbols))}
	for _, s := range g.symbols {
		if s.kind == value {
			s = symbol{char: fresh - 1}
		}
		out.add(s)
	}
	return out
}

// covered are the symbols with the names of resources as at least one character.
func (g Glob) covered() []symbol {
	var out Glob
	for _, s := range g.symbols {
		switch s.kind {
		case part, name:
			out.add(symbol{kind: one})
			out.add(symbol{kind: many})
		case value:
			out.add(symbol{kind: many})
		case literal, one, many:
			out.add(s)
		}
	}
	return out.normal().symbols
}

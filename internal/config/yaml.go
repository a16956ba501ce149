package config

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// kind is what a value looks like in the file.
type kind string

const (
	aMapping kind = "a mapping"
	aList    kind = "a list"
	aText    kind = "text"
	aNumber  kind = "a number"
	aTruth   kind = "true or false"
	nothing  kind = "nothing"
)

// node is a value of the file with its place. No other file of this package
// knows which library reads YAML.
type node struct {
	at      place
	kind    kind
	text    string // of a scalar
	plain   bool   // a scalar without quotes
	entries []entry
	items   []*node
}

type entry struct {
	at    place
	key   string
	value *node
}

// read turns the text into nodes. The library's syntax tree is asked for only
// after the tokens have been found to hold nothing that this grammar leaves
// out and no more nesting than it allows.
func (r *report) read(text string) (*node, bool) {
	tokens := lexer.Tokenize(text)
	if !r.admit(tokens) {
		return nil, false
	}
	file, err := parse(tokens)
	if err != nil {
		r.syntax(err)
		return nil, false
	}
	var root ast.Node
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		if root != nil {
			r.add(at(doc.Body.GetToken()), "", "keep one estate in one file", "a second document")
			return nil, false
		}
		root = doc.Body
	}
	if root == nil {
		r.add(place{1, 1}, "", "write the keys version, estate and environments", "the file says nothing")
		return nil, false
	}
	before := r.total
	n := r.convert(root, 0)
	return n, r.total == before
}

// parse guards against faults of the library: what it cannot read must end in
// an error, whatever it does.
func parse(tokens token.Tokens) (file *ast.File, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("the YAML reader gave up: %v", fault)
		}
	}()
	// Duplicate keys are found later, together with all other problems.
	return parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
}

// admit refuses the parts of YAML that a configuration has no use for.
func (r *report) admit(tokens token.Tokens) bool {
	var n nesting
	for _, tk := range tokens {
		if problem, remedy := excluded(tk); problem != "" {
			r.add(at(tk), "", remedy, "%s", problem)
			return false
		}
		depth, keys := n.add(tk)
		if depth > maxDepth {
			r.add(at(tk), "", "", "more than %d levels of nesting", maxDepth)
			return false
		}
		if keys > maxKeys {
			r.add(at(tk), "", "", "more than %d keys in one mapping", maxKeys)
			return false
		}
	}
	return true
}

func excluded(tk *token.Token) (problem, remedy string) {
	switch tk.Type {
	case token.AnchorType:
		return "an anchor (&)", "write the value out where it is needed; if it is text, put it in quotes"
	case token.AliasType:
		return "an alias (*)", `write the value out where it is needed; if it is text, put it in quotes, as in "*"`
	case token.MergeKeyType:
		return "a merge key (<<)", "write the keys out where they are needed"
	case token.TagType:
		return "a tag (!)", "leave it out; if it is text, put it in quotes"
	case token.DirectiveType:
		return "a directive (%)", "leave it out"
	case token.MappingKeyType:
		return "a complex key (?)", "write keys as plain text followed by a colon"
	case token.InvalidType:
		if tk.Error != "" {
			return tk.Error, ""
		}
		return "this cannot be read as YAML", ""
	}
	return "", ""
}

// nesting counts how deep the tokens are nested and how many keys the mapping
// they are in has, without recursion.
type nesting struct {
	previous *token.Token
	flow     int
	blocks   []block
}

type block struct {
	column int
	list   bool
	keys   int
}

// add takes the next token and returns the depth and the number of keys of the
// innermost block mapping.
func (n *nesting) add(tk *token.Token) (depth, keys int) {
	defer func() { n.previous = tk }()
	switch tk.Type {
	case token.MappingStartType, token.SequenceStartType:
		n.flow++
	case token.MappingEndType, token.SequenceEndType:
		n.flow = max(n.flow-1, 0)
	case token.SequenceEntryType:
		if n.flow == 0 {
			n.enter(tk.Position.Column, true)
		}
	case token.MappingValueType:
		if n.flow == 0 && n.previous != nil {
			keys = n.enter(n.previous.Position.Column, false)
		}
	}
	return n.flow + len(n.blocks), keys
}

// enter closes the blocks that the column ends and opens or goes on with the
// one it belongs to. A list may stand in the same column as the key above it.
func (n *nesting) enter(column int, list bool) (keys int) {
	for len(n.blocks) > 0 {
		top := &n.blocks[len(n.blocks)-1]
		if top.column < column || top.column == column && !top.list && list {
			break
		}
		if top.column == column && top.list == list {
			top.keys++
			return top.keys
		}
		n.blocks = n.blocks[:len(n.blocks)-1]
	}
	n.blocks = append(n.blocks, block{column: column, list: list, keys: 1})
	return 1
}

// syntax reports an error of the library at the place it names.
func (r *report) syntax(err error) {
	var located interface {
		GetMessage() string
		GetToken() *token.Token
	}
	if errors.As(err, &located) && located.GetToken() != nil {
		r.add(at(located.GetToken()), "", "", "%s", located.GetMessage())
		return
	}
	first, _, _ := strings.Cut(err.Error(), "\n")
	r.add(place{1, 1}, "", "", "%s", first)
}

func at(tk *token.Token) place {
	if tk == nil || tk.Position == nil {
		return place{1, 1}
	}
	return place{max(tk.Position.Line, 1), max(tk.Position.Column, 1)}
}

// convert turns a syntax tree into nodes.
func (r *report) convert(n ast.Node, depth int) *node {
	out := &node{at: at(n.GetToken()), kind: nothing}
	if depth > maxDepth { // counted in tokens already; this holds whatever those said
		r.add(out.at, "", "", "more than %d levels of nesting", maxDepth)
		return out
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		out.kind = aMapping
		r.mapping(out, n.Values, depth)
		if !n.IsFlowStyle && len(out.entries) > 0 {
			out.at = out.entries[0].at
		}
	case *ast.MappingValueNode:
		out.kind = aMapping
		r.mapping(out, []*ast.MappingValueNode{n}, depth)
		out.at = at(n.Key.GetToken())
	case *ast.SequenceNode:
		out.kind = aList
		for _, v := range n.Values {
			out.items = append(out.items, r.convert(v, depth+1))
		}
	case *ast.StringNode:
		out.kind, out.text = aText, n.Value
		out.plain = n.Token.Type == token.StringType
		if out.plain && looksLikeNumber().MatchString(out.text) {
			out.kind = aNumber
		}
	case *ast.LiteralNode:
		out.kind, out.text = aText, n.Value.Value
		out.at = at(n.Start)
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		out.kind, out.text, out.plain = aNumber, n.GetToken().Value, true
	case *ast.BoolNode:
		out.kind, out.text, out.plain = aTruth, n.Token.Value, true
	case *ast.NullNode:
		out.plain = true
	default:
		r.add(out.at, "", "", "%s is not part of a configuration", n.Type().YAMLName())
	}
	return out
}

// looksLikeNumber finds what the library takes for text because of a leading
// zero followed by an 8 or 9, and what other readers take for a number.
var looksLikeNumber = compiled(`^[-+]?[0-9][0-9_]*$`)

func (r *report) mapping(out *node, values []*ast.MappingValueNode, depth int) {
	seen := map[string]place{}
	for _, v := range values {
		key := r.convert(v.Key, depth+1)
		if key.kind != aText {
			r.add(key.at, "", "put the key in quotes if it is meant as text", "a key that is %s", key.kind)
			continue
		}
		if first, twice := seen[key.text]; twice {
			r.add(key.at, "", "remove one of the two", "the key %q stands here a second time; first in line %d", key.text, first.line)
			continue
		}
		seen[key.text] = key.at
		value := r.convert(v.Value, depth+1)
		if value.kind == nothing {
			value.at = key.at // the library has no place for what is not written
		}
		out.entries = append(out.entries, entry{at: key.at, key: key.text, value: value})
	}
}

package seed

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// mostBytes keeps the parser's recursion far from the end of the stack.
const mostBytes = 128 << 10

// decode reads YAML strictly: unknown and duplicate keys, several documents,
// and all that makes a document more than it looks like (anchors, aliases,
// tags) are refused.
func decode(data []byte) (s *Seed, err error) {
	defer func() {
		// The YAML library has inputs on which it panics.
		if fault := recover(); fault != nil {
			s, err = nil, fmt.Errorf("the YAML cannot be read: %v", fault)
		}
	}()
	if len(data) > mostBytes {
		return nil, fmt.Errorf("it is larger than %d bytes", mostBytes)
	}
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, errors.New(yaml.FormatError(err, false, true))
	}
	if len(file.Docs) > 1 {
		return nil, errors.New("it has more than one document")
	}
	for _, d := range file.Docs {
		v := &visitor{}
		if d.Body != nil {
			ast.Walk(v, d.Body)
		}
		if v.found != "" {
			return nil, errors.New(v.found)
		}
	}
	s = &Seed{}
	if err := yaml.NewDecoder(bytes.NewReader(data), yaml.Strict()).Decode(s); err != nil && !errors.Is(err, io.EOF) {
		return nil, errors.New(yaml.FormatError(err, false, true))
	}
	return s, nil
}

// visitor looks for what a seed must not have.
type visitor struct{ found string }

func (v *visitor) Visit(n ast.Node) ast.Visitor {
	switch n.(type) {
	case *ast.AnchorNode, *ast.AliasNode, *ast.MergeKeyNode, *ast.TagNode:
		v.found = fmt.Sprintf("line %d: anchors, aliases and tags are not taken", n.GetToken().Position.Line)
		return nil
	}
	return v
}

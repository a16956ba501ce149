package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/invopop/jsonschema"
)

// Schema is the JSON Schema of the file, for editors: the types with what the
// notes say of each key. It tells less than Load, which alone decides.
func Schema() ([]byte, error) {
	reflector := jsonschema.Reflector{Anonymous: true, ExpandedStruct: true, Mapper: textual}
	schema := reflector.Reflect(&Config{})
	schema.Title = "anchorctl.yaml"
	schema.Description = "All that an estate of anchorctl should be."
	for typeName, keys := range notes() {
		definition := schema
		if typeName != "Config" {
			definition = schema.Definitions[typeName]
		}
		if definition == nil {
			return nil, fmt.Errorf("making schema: there is no type %q", typeName)
		}
		for key, note := range keys {
			property, ok := definition.Properties.Get(key)
			if !ok {
				return nil, fmt.Errorf("making schema: %s has no key %q", typeName, key)
			}
			note.on(property)
		}
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(schema); err != nil {
		return nil, fmt.Errorf("making schema: %w", err)
	}
	// The library escapes what HTML would need; patterns are easier to read without.
	plain := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(b.String())
	return []byte(plain), nil
}

// textual are the types that are written as text.
func textual(t reflect.Type) *jsonschema.Schema {
	switch t {
	case reflect.TypeFor[Duration]():
		return &jsonschema.Schema{Type: "string", Pattern: durationPattern, MinLength: count(1)}
	case reflect.TypeFor[Date]():
		return &jsonschema.Schema{Type: "string", Pattern: datePattern, Format: "date"}
	}
	return nil
}

// note is what the schema says of a key besides its type.
type note struct {
	text     string
	pattern  string
	enum     []string
	most     int    // of a number; of the characters of a text; of the items of a list
	least    int    // of the items of a list
	names    string // pattern of the keys of a mapping
	items    *note  // of a list, or of the lists in a mapping
	fallback any    // the default
	only     any    // the one value there is
}

func (n note) on(s *jsonschema.Schema) {
	s.Description, s.Default, s.Const = n.text, n.fallback, n.only
	if n.pattern != "" {
		s.Pattern = n.pattern
	}
	for _, word := range n.enum {
		s.Enum = append(s.Enum, word)
	}
	if n.names != "" {
		s.PropertyNames = &jsonschema.Schema{Pattern: n.names}
	}
	switch s.Type {
	case "integer":
		s.Minimum = "1"
		if n.most > 0 {
			s.Maximum = json.Number(strconv.Itoa(n.most))
		}
	case "array":
		s.UniqueItems = true
		s.MaxItems, s.MinItems = count(n.most), count(n.least)
	case "object":
		s.MaxProperties, s.MinProperties = count(n.most), count(n.least)
	case "string":
		s.MaxLength, s.MinLength = count(n.most), count(1)
	}
	if n.items == nil {
		return
	}
	inner := s.Items
	if s.Type == "object" {
		inner = s.AdditionalProperties.Items
	}
	n.items.on(inner)
}

// count is a bound, or none for zero.
func count(n int) *uint64 {
	if n <= 0 {
		return nil
	}
	bound := uint64(n)
	return &bound
}

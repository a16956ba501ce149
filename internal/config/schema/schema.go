package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/invopop/jsonschema"

	"anchorctl/internal/config"
)

// JSON is the JSON Schema of the file, for editors: the types with what the
// notes say of each key. It tells less than Load, which alone decides.
func JSON() ([]byte, error) {
	reflector := jsonschema.Reflector{Anonymous: true, ExpandedStruct: true, Mapper: textual}
	schema := reflector.Reflect(&config.Config{})
	schema.Title = "anchorctl.yaml"
	schema.Description = "All that an estate of anchorctl should be."
	for typeName, keys := range config.Notes() {
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
			describe(note, property)
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
	case reflect.TypeFor[config.Duration]():
		return &jsonschema.Schema{Type: "string", Pattern: config.DurationPattern, MinLength: count(1)}
	case reflect.TypeFor[config.Date]():
		return &jsonschema.Schema{Type: "string", Pattern: config.DatePattern, Format: "date"}
	}
	return nil
}

// describe puts what the note says into the schema of its key.
func describe(n config.Note, s *jsonschema.Schema) {
	s.Description, s.Default, s.Const = n.Text, n.Default, n.Only
	if n.Pattern != "" {
		s.Pattern = n.Pattern
	}
	for _, word := range n.Enum {
		s.Enum = append(s.Enum, word)
	}
	if n.Names != "" {
		s.PropertyNames = &jsonschema.Schema{Pattern: n.Names}
	}
	switch s.Type {
	case "integer":
		s.Minimum = "1"
		if n.Most > 0 {
			s.Maximum = json.Number(strconv.Itoa(n.Most))
		}
	case "array":
		s.UniqueItems = true
		s.MaxItems, s.MinItems = count(n.Most), count(n.Least)
	case "object":
		s.MaxProperties, s.MinProperties = count(n.Most), count(n.Least)
	case "string":
		s.MaxLength, s.MinLength = count(n.Most), count(1)
	}
	if n.Items == nil {
		return
	}
	inner := s.Items
	if s.Type == "object" {
		inner = s.AdditionalProperties.Items
	}
	describe(*n.Items, inner)
}

// count is a bound, or none for zero.
func count(n int) *uint64 {
	if n <= 0 {
		return nil
	}
	bound := uint64(n)
	return &bound
}

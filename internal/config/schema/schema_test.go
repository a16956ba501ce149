package schema_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/goccy/go-yaml"

	"anchorctl/internal/config"
	"anchorctl/internal/config/schema"
)

func TestTheShippedSchemaIsFresh(t *testing.T) {
	want, err := schema.JSON()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../../schema/anchorctl.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error(`schema/anchorctl.schema.json is not what the types say: run "go run ./internal/house/cmd/generate"`)
	}
}

type object = map[string]any

func decoded(t *testing.T) object {
	t.Helper()
	text, err := schema.JSON()
	if err != nil {
		t.Fatal(err)
	}
	var s object
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEveryKeyOfTheSchemaIsDescribedAndNoOtherIsAllowed(t *testing.T) {
	s := decoded(t)
	definitions := s["$defs"].(object)
	definitions["Config"] = s
	for name, definition := range definitions {
		d := definition.(object)
		if d["additionalProperties"] != false {
			t.Errorf("%s allows unknown keys", name)
		}
		for key, property := range d["properties"].(object) {
			if text, _ := property.(object)["description"].(string); len(text) < 10 || !strings.HasSuffix(text, ".") {
				t.Errorf("%s.%s is described as %q", name, key, text)
			}
		}
	}
}

// What Load accepts, the schema accepts; and what both can tell is wrong, both
// refuse.
func TestTheSchemaAgreesWithLoad(t *testing.T) {
	s := decoded(t)
	texts := map[string]string{"the full one": full(t), "the small one": small, "the starter": string(config.Starter(config.StarterOptions{}))}
	examples, err := filepath.Glob("../../../examples/*/anchorctl.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range examples {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := config.Load(path); err != nil {
			t.Errorf("Load: %v", err)
		}
		texts[path] = string(text)
	}
	for name, text := range texts {
		if err := validate(t, s, text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, change := range []struct{ old, new string }{
		{"version: 1", "version: 2"}, {"estate: {", "esttate: {"}, {"name: example", "name: Example"}, {"roles: manage", "roles: mangae"},
		{"lifetime: 3650d", "lifetime: 3650"}, {"lifetime: 3650d", "lifetime: 10y"}, {"type: ecdsa-p384", "type: rsa-1024"},
		{`account: "444455556666"`, "account: 444455556666"}, {`account: "444455556666"`, `account: "44445555666"`},
		{"region: us-east-1", "region: us-east-1a"}, {"  staging:", "  Staging:"}, {"workloads: [reports, backup]", "workloads: []"},
		{"workloads: [reports, backup]", "workloads: [backup, backup]"}, {"team/prod-backup: {", "team/prod-*: {"},
		{"x509Issuer: [", "x509Serial: ["}, {"rolesPerProfile: 3", "rolesPerProfile: 251"}, {"rolesPerProfile: 3", "sensitiveSessionDuration: 1"},
		{"workloads: [backup]}}", "workloads: [backup], sensitive: 1}}"}, {"rolesPerProfile: 3", "rolesPerProfile: 0"},
		{"reason: migration, ", ""}, {"dns: [backup.prod", "dns: [Backup.prod"}, {"nameConstraint: true", "nameConstraint: 1"},
		{"roles: {team/prod-backup: {workloads: [backup]}}", "roles: {}"}, {`"arn:aws:iam::aws:policy/ReadOnlyAccess"`, "ReadOnlyAccess"},
		{`targets: [{account: "444455556666", region: eu-central-1}]`, "targets: []"}, {"until: 2027-03-31", "until: soon"},
	} {
		text := strings.Replace(full(t), change.old, change.new, 1)
		if _, err := parse(text); err == nil {
			t.Errorf("Load accepts %q", change.new)
		}
		if validate(t, s, text) == nil {
			t.Errorf("the schema accepts %q", change.new)
		}
	}
}

func validate(t *testing.T, s object, text string) error {
	t.Helper()
	var value any
	if err := yaml.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &value); err != nil {
		t.Fatal(err)
	}
	return validator{s["$defs"].(object)}.value("", s, value)
}

// validator knows the words of JSON Schema that ours uses, and fails on others.
type validator struct{ definitions object }

func (v validator) value(path string, s object, value any) error {
	for word, rule := range s {
		if err := v.word(path, word, rule, s, value); err != nil {
			return err
		}
	}
	return nil
}

func (v validator) word(path, word string, rule any, s object, value any) error {
	fail := func(ok bool) error {
		if ok {
			return nil
		}
		return fmt.Errorf("%s: %v is against %s %v", path, value, word, rule)
	}
	text, isText := value.(string)
	number, isNumber := value.(float64)
	list, isList := value.([]any)
	table, isTable := value.(object)
	size := func() float64 {
		switch {
		case isText:
			return float64(utf8.RuneCountInString(text))
		case isList:
			return float64(len(list))
		}
		return float64(len(table))
	}
	switch word {
	case "$schema", "$defs", "title", "description", "default", "format":
		return nil
	case "$ref":
		return v.value(path, v.definitions[strings.TrimPrefix(rule.(string), "#/$defs/")].(object), value)
	case "type":
		_, isTruth := value.(bool)
		return fail(map[string]bool{"string": isText, "integer": isNumber, "array": isList, "object": isTable, "boolean": isTruth}[rule.(string)])
	case "const":
		return fail(reflect.DeepEqual(rule, value))
	case "enum":
		for _, one := range rule.([]any) {
			if one == value {
				return nil
			}
		}
		return fail(false)
	case "pattern":
		return fail(!isText || regexp.MustCompile(rule.(string)).MatchString(text))
	case "minimum":
		return fail(!isNumber || number >= rule.(float64))
	case "maximum":
		return fail(!isNumber || number <= rule.(float64))
	case "minLength", "minItems", "minProperties":
		return fail(size() >= rule.(float64))
	case "maxLength", "maxItems", "maxProperties":
		return fail(size() <= rule.(float64))
	case "uniqueItems":
		for i := range list {
			for j := range i {
				if reflect.DeepEqual(list[i], list[j]) {
					return fail(false)
				}
			}
		}
		return nil
	case "items":
		for i, item := range list {
			if err := v.value(fmt.Sprintf("%s[%d]", path, i), rule.(object), item); err != nil {
				return err
			}
		}
		return nil
	case "required":
		for _, key := range rule.([]any) {
			if _, ok := table[key.(string)]; !ok {
				return fail(false)
			}
		}
		return nil
	case "properties", "additionalProperties":
		return v.keys(path, word, rule, s, table)
	case "propertyNames":
		for key := range table {
			if err := v.value(path, rule.(object), key); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("%s: the validator does not know %q", path, word)
}

func (v validator) keys(path, word string, rule any, s, table object) error {
	named, _ := s["properties"].(object)
	for key, value := range table {
		property, known := named[key]
		if known != (word == "properties") {
			continue
		}
		if !known {
			property = rule
		}
		if property == false {
			return fmt.Errorf("%s: unknown key %q", path, key)
		}
		if err := v.value(path+"."+key, property.(object), value); err != nil {
			return err
		}
	}
	return nil
}

package schema_test

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"anchorctl/internal/config"
	"anchorctl/internal/scrutiny"
)

func page(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../../docs/config.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestEveryKeyIsDocumented(t *testing.T) {
	s := decoded(t)
	definitions := s["$defs"].(object)
	definitions["Config"] = s
	text := page(t)
	for _, key := range keysOf(definitions, "Config", "") {
		short := strings.TrimPrefix(key, "environments.ENV.")
		if !strings.Contains(text, "| `"+short+"` |") {
			t.Errorf("docs/config.md has no row for `%s`", short)
		}
	}
}

// keysOf are the paths of all keys below a type that hold a value or a mapping
// of one's own names without values.
func keysOf(definitions object, typeName, path string) []string {
	var all []string
	properties := definitions[typeName].(object)["properties"].(object)
	for _, key := range slices.Sorted(maps.Keys(properties)) {
		all = append(all, keysIn(definitions, properties[key].(object), path+key)...)
	}
	return all
}

func keysIn(definitions, property object, path string) []string {
	if ref, ok := property["$ref"].(string); ok {
		return keysOf(definitions, strings.TrimPrefix(ref, "#/$defs/"), path+".")
	}
	if items, ok := property["items"].(object); ok {
		return keysIn(definitions, items, path+"[]")
	}
	if values, ok := property["additionalProperties"].(object); ok {
		name := map[string]string{"environments": "ENV", "roles": "ROLE", "attributeMappings": "FIELD"}[path[strings.LastIndexByte(path, '.')+1:]]
		if name == "" {
			name = "NAME"
		}
		return keysIn(definitions, values, path+"."+name)
	}
	return []string{path}
}

func TestTheExampleOfTheDocumentationIsAConfigurationThatNoRuleMinds(t *testing.T) {
	found := 0
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	for _, block := range strings.Split(page(t), "```yaml\n")[1:] {
		text, _, _ := strings.Cut(block, "```")
		if !strings.HasPrefix(text, "version:") {
			continue
		}
		found++
		c, err := config.Parse("docs/config.md", []byte(text), noFiles)
		if err != nil {
			t.Error(err)
			continue
		}
		if len(c.Waivers) == 0 || len(c.Environments) == 0 {
			t.Error("it shows no waiver or no environment")
		}
		for _, f := range scrutiny.JudgeConfig(c, now) {
			t.Errorf("%s %s at %s: %s", f.Severity, f.Rule, f.At, f.Evidence)
		}
	}
	if found != 1 {
		t.Errorf("there are %d examples, want 1", found)
	}
}

package schema_test

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"anchorctl/internal/config"
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

func TestTheExampleOfTheDocumentationIsAConfiguration(t *testing.T) {
	found := 0
	for _, block := range strings.Split(page(t), "```yaml\n")[1:] {
		text, _, _ := strings.Cut(block, "```")
		if !strings.HasPrefix(text, "version:") {
			continue
		}
		found++
		if _, err := config.Parse("docs/config.md", []byte(text), noFiles); err != nil {
			t.Error(err)
		}
	}
	if found != 1 {
		t.Errorf("there are %d examples, want 1", found)
	}
}

func TestTheProblemOfTheDocumentationIsReported(t *testing.T) {
	text := small[:len(small)-4] + strings.Repeat("\n", 7) + "  prod:\n    targets:\n      - {account: 012345678901, region: eu-central-1}\n"
	_, err := config.Parse("anchorctl.yaml", []byte(text), noFiles)
	if err == nil {
		t.Fatal("it was accepted")
	}
	_, want, _ := strings.Cut(page(t), "what to do:\n\n```\n")
	want, _, _ = strings.Cut(want, "```")
	if got := strings.TrimPrefix(err.Error(), "reading configuration: ") + "\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

package grants_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"anchorctl/internal/iamactions"
	"anchorctl/internal/rules"
)

// Whatever AWS's reference says that an action takes can be granted: of no
// action there is, given one resource of a kind it takes, is anything found.
func TestEveryActionOnAResourceOfItsKindIsFine(t *testing.T) {
	names := regexp.MustCompile(`\$\{[^}]*\}`)
	fixed := strings.NewReplacer("${Partition}", "aws", "${Region}", "eu-central-1", "${Account}", "111122223333", "*", "x")
	everyAction(t, func(a iamactions.Action) []string {
		var statements []string
		for _, kind := range a.Resources {
			arn := names.ReplaceAllString(fixed.Replace(kind.ARN), "x")
			statements = append(statements, fmt.Sprintf(`{"Effect": "Allow", "Action": %q, "Resource": %q}`, a, arn))
		}
		return statements
	}, func(t *testing.T, findings []rules.Finding) {
		for _, f := range findings {
			t.Errorf("%s", f)
		}
	})
}

// An action on every resource is found when it takes some, and is otherwise
// fine; it is never dead.
func TestEveryActionOnEverythingIsFineOrTooWide(t *testing.T) {
	must, found := 0, 0
	everyAction(t, func(a iamactions.Action) []string {
		takes := "May"
		switch {
		case len(a.Resources) == 0:
			takes = "None"
		case slices.ContainsFunc(a.Resources, func(r iamactions.Resource) bool { return r.Required }):
			takes = "Must"
			must++
		}
		return []string{fmt.Sprintf(`{"Sid": "%skinds", "Effect": "Allow", "Action": %q, "Resource": "*"}`, takes, a)}
	}, func(t *testing.T, findings []rules.Finding) {
		for _, f := range findings {
			known := slices.Contains([]string{"ANC314", "ANC316"}, f.Rule)
			if !known || strings.Contains(f.Element, "Nonekind") {
				t.Errorf("%s", f)
			}
			if f.Rule == "ANC314" && strings.Contains(f.Element, "Mustkind") {
				found++
			}
		}
	})
	if must == 0 || found != must {
		t.Errorf("%d of %d actions that must be given a resource were found on every one", found, must)
	}
}

// everyAction judges documents with the statements of all actions of each
// service, a few at a time.
func everyAction(t *testing.T, statements func(iamactions.Action) []string, check func(*testing.T, []rules.Finding)) {
	t.Helper()
	table := iamactions.Load()
	for _, service := range table.Services() {
		var all []string
		for _, a := range table.Actions(service) {
			all = append(all, statements(a)...)
		}
		for part := range slices.Chunk(all, 200) {
			text := strings.Join(part, ",\n")
			for i := range part { // a document names a Sid once
				text = strings.Replace(text, "kinds\"", fmt.Sprintf("kind%d\"", i), 1)
			}
			findings := judgePermissions(`{"Version": "2012-10-17", "Statement": [` + text + `]}`)
			if slices.Contains(rulesOf(findings), "ANC312") {
				t.Fatalf("%s: %v", service, findings[0])
			}
			check(t, findings)
		}
	}
}

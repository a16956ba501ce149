package verdict_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/engine"
	"anchorctl/internal/hint"
	"anchorctl/internal/rules"
	"anchorctl/internal/verdict"
)

func finding(rule string, s rules.Severity, element string) rules.Finding {
	return rules.Finding{Rule: rule, Severity: s, At: "role/1/app", Element: element, Evidence: "it is wide", Remedy: "narrow " + rule}
}

func TestOf(t *testing.T) {
	warns, holds := finding("ANC601", rules.Warn, ""), finding("ANC303", rules.Hold, "")
	within, refuses := finding("ANC308", rules.Hold, "statement 2"), finding("ANC301", rules.Refuse, "")
	for name, c := range map[string]struct {
		findings []rules.Finding
		want     string // "" for no error
		refused  bool
		hints    []string
	}{
		"nothing was found":          {nil, "", false, nil},
		"a warning is no error":      {[]rules.Finding{warns}, "", false, nil},
		"what holds says what to do": {[]rules.Finding{warns, holds}, "holding role/1/app: it is wide [ANC303]", false, []string{"narrow ANC303", `run "anchorctl explain ANC303"`}},
		"of all that holds, the part that does is named": {
			[]rules.Finding{holds, within}, "holding role/1/app: it is wide [ANC303]\nholding role/1/app: statement 2: it is wide [ANC308]", false,
			[]string{"narrow ANC303", `run "anchorctl explain ANC303"`, "narrow ANC308", `run "anchorctl explain ANC308"`},
		},
		"where something refuses, nothing is merely held": {
			[]rules.Finding{holds, refuses}, "role/1/app: it is wide [ANC301]\nhold: role/1/app: it is wide [ANC303]", true, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			err := verdict.Of(c.findings)
			if c.want == "" {
				if err != nil {
					t.Errorf("error is %v", err)
				}
				return
			}
			var refusal *rules.Refusal
			var held *engine.HeldRun
			if err == nil || errors.As(err, &refusal) != c.refused || errors.As(err, &held) == c.refused {
				t.Fatalf("error is %T %v", err, err)
			}
			if diff := cmp.Diff(c.want, err.Error()); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(c.hints, hint.Of(err)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

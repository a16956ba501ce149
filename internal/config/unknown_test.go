package config_test

import (
	"testing"

	"anchorctl/internal/config"
)

func TestANameOfNoEnvironmentIsAnsweredWithThoseThatThereAre(t *testing.T) {
	for _, c := range []struct {
		name string
		have []string
		ask  string
		want string
	}{
		{"one that there is", []string{"prod", "dev"}, "prod", ""},
		{"one that is mistyped", []string{"prod", "dev"}, "prd", `there is no environment "prd"; there are dev, prod`},
		{"one with a character that a terminal acts on", []string{"prod"}, "\x1b[2J", `there is no environment "\x1b[2J"; there are prod`},
		{"no name", []string{"prod"}, "", `there is no environment ""; there are prod`},
		{"where there are none", nil, "prod", `there is no environment "prod"; there are none`},
	} {
		t.Run(c.name, func(t *testing.T) {
			all := config.Config{Environments: map[string]*config.Environment{}}
			for _, name := range c.have {
				all.Environments[name] = &config.Environment{Name: name}
			}
			env, err := all.Environment(c.ask)
			switch {
			case c.want == "" && (err != nil || env.Name != c.ask):
				t.Errorf("got %v, %v", env, err)
			case c.want != "" && (err == nil || err.Error() != c.want):
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

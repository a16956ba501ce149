package config_test

import (
	"strings"
	"testing"

	"anchorctl/internal/config"
)

func TestTheStarterIsAConfiguration(t *testing.T) {
	for name, test := range map[string]struct {
		options config.StarterOptions
		want    string // environments, accounts, role handling
	}{
		"without options": {config.StarterOptions{}, "dev 111122223333 prod 123456789012 staging 444455556666 verify"},
		"with all options": {config.StarterOptions{Name: "acme", Organization: `Acme: Öl`, TrustDomain: "acme.example", Environments: []string{"prod"},
			Account: "012345678901", Region: "us-gov-west-1", Roles: config.Manage}, "prod 012345678901 manage"},
		"with names that YAML could take for something else": {config.StarterOptions{Name: "no", Organization: "true", TrustDomain: "null",
			Environments: []string{"on", "off", "null", "true"}}, "null 123456789012 off 444455556666 on 111122223333 true 111122223333 verify"},
	} {
		t.Run(name, func(t *testing.T) {
			text := config.Starter(test.options)
			c, err := config.Parse("anchorctl.yaml", text, noFiles)
			if err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			var got []string
			for _, env := range c.EnvironmentNames() {
				e := c.Environments[env]
				got = append(got, env, e.Targets[0].Account)
				if len(e.Workloads) == 0 || len(e.Profiles["backup"].Roles[env+"-backup"].Workloads) == 0 {
					t.Errorf("environment %s has nothing to use", env)
				}
			}
			if all := strings.Join(append(got, string(c.Roles)), " "); all != test.want {
				t.Errorf("got %s, want %s", all, test.want)
			}
			if want := test.options.Organization; want != "" && c.Estate.Organization != want {
				t.Errorf("the organization is %q, want %q", c.Estate.Organization, want)
			}
		})
	}
}

// What a flag holds must never be read as part of the file around it.
func TestOptionsOfTheStarterStayValues(t *testing.T) {
	for _, evil := range []string{"x\nroles: manage", `"`, "a: b", "&a", "*", "#", "{", "\x00", "\xff", "é\u202e", " ", "-", "'", "\t"} {
		for _, o := range []config.StarterOptions{
			{Name: evil}, {TrustDomain: evil}, {Environments: []string{evil}}, {Account: evil}, {Region: evil}, {Roles: config.RoleHandling(evil)},
		} {
			if _, err := config.Parse("anchorctl.yaml", config.Starter(o), noFiles); err == nil {
				t.Errorf("%q was accepted in %+v", evil, o)
			}
		}
		c, err := config.Parse("anchorctl.yaml", config.Starter(config.StarterOptions{Organization: evil}), noFiles)
		if err == nil && c.Estate.Organization != evil {
			t.Errorf("the organization %q was read as %q", evil, c.Estate.Organization)
		}
	}
}

package config

import (
	"bytes"
	"encoding/json"
	"fmt"

	"anchorctl/internal/plan"
)

// meaning is what the digest is taken of: the configuration and the text of
// the session policies, wherever their files lie.
type meaning struct {
	Config   *Config           `json:"config"`
	Policies map[string]string `json:"policies"` // by environment and profile
}

// Digest is a digest of what the configuration means: every default filled in,
// the session policies included without the white space between their tokens,
// the form of the file and the paths of policies not.
func (c *Config) Digest() (string, error) {
	m := meaning{Policies: map[string]string{}, Config: &Config{}}
	*m.Config = *c
	m.Config.Environments = map[string]*Environment{}
	for _, env := range c.EnvironmentNames() {
		e := *c.Environments[env]
		e.Profiles = map[string]*Profile{}
		for name, p := range c.Environments[env].Profiles {
			copied := *p
			copied.SessionPolicy = ""
			e.Profiles[name] = &copied
			if p.SessionPolicyDocument == "" {
				continue
			}
			var compact bytes.Buffer
			if err := json.Compact(&compact, []byte(p.SessionPolicyDocument)); err != nil {
				return "", fmt.Errorf("reading the session policy of profile %s in %s: %w", name, env, err)
			}
			m.Policies[env+"/"+name] = compact.String()
		}
		m.Config.Environments[env] = &e
	}
	digest, err := plan.DigestOf(m)
	if err != nil {
		return "", fmt.Errorf("digesting configuration: %w", err)
	}
	return digest, nil
}

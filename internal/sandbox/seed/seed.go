package seed

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"anchorctl/internal/hint"
)

// Seed is what a sandbox starts from.
type Seed struct {
	Accounts map[string]Account `yaml:"accounts"`
}

// Account is an AWS account.
type Account struct {
	Partition  string          `yaml:"partition"` // aws when it is not said
	AccessKeys []AccessKey     `yaml:"accessKeys"`
	Roles      map[string]Role `yaml:"roles"` // by name, or by path and name: team/prod-backup
	// Policies are customer-managed: documents by name, or by path and name.
	Policies map[string]string `yaml:"policies"`
}

// AccessKey is a key of an administrator of the account.
type AccessKey struct {
	ID      string `yaml:"id"`
	Secret  string `yaml:"secret"`
	User    string `yaml:"user"`    // sandbox when it is not said
	Profile string `yaml:"profile"` // its section in AWS configuration files; the account's id when it is not said
}

// Role is an IAM role. Documents are paths of files, or the JSON text itself.
type Role struct {
	Trust              string            `yaml:"trust"`
	MaxSessionDuration int               `yaml:"maxSessionDuration"`
	Description        string            `yaml:"description"`
	AttachedPolicies   []string          `yaml:"attachedPolicies"`
	InlinePolicies     map[string]string `yaml:"inlinePolicies"`
	Tags               map[string]string `yaml:"tags"`
}

// NoTrustYet is the trust policy of a role that has none in the seed. IAM
// wants one; this one trusts nobody and stands in nobody's way.
const NoTrustYet = `{"Version":"2012-10-17","Statement":[{"Sid":"NoTrustYet","Effect":"Deny","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

// Default is the seed of a sandbox that was given none: one account with one
// key.
func Default() *Seed {
	return &Seed{Accounts: map[string]Account{
		"111122223333": {AccessKeys: []AccessKey{{ID: "AKIASANDBOX111122223", Secret: "sandbox-only"}}},
	}}
}

// Load reads a seed file and the documents it names, which are relative to
// it.
func Load(path string) (*Seed, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the seed: %w", err)
	}
	return Parse(path, data, os.ReadFile)
}

// Parse reads a seed. Documents are read with readFile, relative to the
// folder of name.
func Parse(name string, data []byte, readFile func(string) ([]byte, error)) (*Seed, error) {
	s, err := decode(data)
	if err != nil {
		return nil, fmt.Errorf("reading seed %q: %w", name, err)
	}
	if len(s.Accounts) == 0 {
		return nil, hint.With(fmt.Errorf("reading seed %q: it has no accounts", name),
			`write at least: accounts: {"111122223333": {accessKeys: [{id: AKIAEXAMPLEPROD, secret: sandbox-only}]}}`)
	}
	if err := s.resolve(filepath.Dir(name), readFile); err != nil {
		return nil, fmt.Errorf("reading seed %q: %w", name, err)
	}
	return s, s.apply(name)
}

// resolve puts the text of documents where their paths stand.
func (s *Seed) resolve(dir string, readFile func(string) ([]byte, error)) error {
	text := func(document string) (string, error) {
		if document == "" || strings.HasPrefix(strings.TrimSpace(document), "{") {
			return document, nil
		}
		if !filepath.IsAbs(document) {
			document = filepath.Join(dir, document)
		}
		data, err := readFile(document)
		return string(data), err
	}
	for _, id := range sorted(s.Accounts) {
		policies := s.Accounts[id].Policies
		for _, name := range sorted(policies) {
			var err error
			if policies[name], err = text(policies[name]); err != nil {
				return fmt.Errorf("policy %s: %w", name, err)
			}
		}
		roles := s.Accounts[id].Roles
		for _, name := range sorted(roles) {
			r := roles[name]
			var err error
			if r.Trust, err = text(r.Trust); err != nil {
				return fmt.Errorf("trust of role %s: %w", name, err)
			}
			for _, policy := range sorted(r.InlinePolicies) {
				if r.InlinePolicies[policy], err = text(r.InlinePolicies[policy]); err != nil {
					return fmt.Errorf("policy %s of role %s: %w", policy, name, err)
				}
			}
			roles[name] = r
		}
	}
	return nil
}

func sorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

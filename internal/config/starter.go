package config

import (
	"encoding/json"
	"fmt"
	"strings"
)

// StarterOptions say what a starter file holds. What is left empty gets a
// placeholder that is fit to plan with and meant to be changed.
type StarterOptions struct {
	Name         string
	Organization string
	TrustDomain  string
	Environments []string // dev, staging and prod by default
	Account      string   // of every environment; by default each has its own
	Region       string
	Roles        RoleHandling
}

const starterHead = `# anchorctl.yaml: all that this estate is. Edit it, then run
#
#   anchorctl plan      to see what would change; nothing changes yet
#   anchorctl apply     to change it
#
# Whatever is left out has a default; docs/config.md lists them all.
version: 1

estate:
  name: %s # begins every name in AWS; cannot be changed later
  organization: %s # O in every certificate; cannot be changed later
  # Workloads are named spiffe://ENVIRONMENT.TRUSTDOMAIN/WORKLOAD; cannot be changed later.
  trustDomain: %s

# The root signs one issuer for each environment and is never registered in AWS.
root:
  key: {type: ecdsa-p384}
  lifetime: 3650d

# Who writes the trust policies of the roles below. With verify, anchorctl
# prints each statement, and enables nothing until it finds it installed; with
# manage, it writes exactly that statement and leaves all others as they are.
roles: %s

# Each environment has an issuer, trust anchors and profiles of its own:
# a certificate of one gets no session in another.
environments:
`

const starterEnvironment = `  %[1]s:
    issuer:
      key: {type: ecdsa-p256}
      lifetime: 365d
    limits: {certificateLifetime: 24h, sessionDuration: 1h, rolesPerProfile: 3}
    targets: # AWS accounts (in quotes) and regions
      - {account: %[2]s, region: %[3]s}
      # With "probeRole: %[6]s" beside them, a role without permissions, the issuer can be rotated.
    workloads: # what gets certificates: anchorctl issue %[4]s/backup
      backup: {}
    profiles: # what sessions may do
      backup:
        roles: # IAM roles that exist already, each with the workloads that may take it
          %[5]s: {workloads: [backup]}
        # sessionPolicy: policies/backup.json # narrows every session further
`

// starterAccounts are the numbers that AWS keeps for examples.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
func starterAccounts() []string { return []string{"111122223333", "444455556666", "123456789012"} }

// Starter is a commented configuration to begin with. It is what the options
// say, well-formed or not: Parse judges it as it judges any other.
func Starter(o StarterOptions) []byte {
	or(&o.Name, "example")
	or(&o.Organization, "Example Corp")
	or(&o.TrustDomain, "example.internal")
	or(&o.Region, "eu-central-1")
	or(&o.Roles, Verify)
	if len(o.Environments) == 0 {
		o.Environments = []string{"dev", "staging", "prod"}
	}
	var b strings.Builder
	fmt.Fprintf(&b, starterHead, word(o.Name), quote(o.Organization), word(o.TrustDomain), word(string(o.Roles)))
	for i, env := range o.Environments {
		account := o.Account
		if account == "" {
			account = starterAccounts()[i%len(starterAccounts())]
		}
		if i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, starterEnvironment, word(env), quote(account), word(o.Region), word(env), word(env+"-backup"), strings.Trim(quote(env+"-probe"), `"`))
	}
	return []byte(b.String())
}

// word writes a text without quotes where YAML reads it as text in any version.
func word(s string) string {
	if !plainWord(s) {
		return quote(s)
	}
	return s
}

func plainWord(s string) bool {
	switch strings.ToLower(s) {
	case "", "true", "false", "yes", "no", "on", "off", "null", "y", "n":
		return false
	}
	letter := s[0] >= 'a' && s[0] <= 'z'
	return letter && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789.-") == ""
}

// quote writes a text as JSON does, which YAML reads too.
func quote(s string) string {
	text, err := json.Marshal(s)
	if err != nil { // a string always has a JSON form
		return `""`
	}
	return string(text)
}

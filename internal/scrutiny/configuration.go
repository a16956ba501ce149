package scrutiny

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"anchorctl/internal/config"
	"anchorctl/internal/iampolicy"
	"anchorctl/internal/pki"
	"anchorctl/internal/plan"
	"anchorctl/internal/rules"
)

// JudgeConfig judges what can be told from the configuration alone, before
// anything is asked of AWS.
func JudgeConfig(c *config.Config, now time.Time) []rules.Finding {
	j := &configJudgement{cfg: c}
	for _, check := range configChecks() {
		check(j)
	}
	j.waivers(now)
	return j.findings
}

// configChecks are the checks of a configuration, by their rules' numbers: ANC203
// to ANC318.
func configChecks() []func(*configJudgement) {
	return []func(*configJudgement){
		checkPermitted, checkLifetimesFit, checkRoles, checkRoleCount, checkManagedPolicies, checkTrustSize, checkSessionPolicy, checkSessionPermissions,
		checkSensitive,
	}
}

type configJudgement struct {
	cfg      *config.Config
	findings []rules.Finding
}

func (j *configJudgement) find(id, at, format string, args ...any) *rules.Finding {
	j.findings = append(j.findings, rules.Find(id, at, fmt.Sprintf(format, args...)))
	return &j.findings[len(j.findings)-1]
}

func (j *configJudgement) environments() []*config.Environment {
	var list []*config.Environment
	for _, name := range j.cfg.EnvironmentNames() {
		list = append(list, j.cfg.Environments[name])
	}
	return list
}

// Configuration has no addresses: its parts are named as in the file.
func place(env *config.Environment, profile string) string {
	at := "environments." + env.Name
	if profile != "" {
		at += ".profiles." + profile
	}
	return at
}

// checkPermitted: whoever is permitted is named (ANC203).
func checkPermitted(j *configJudgement) {
	for _, env := range j.environments() {
		if len(env.Workloads) == 0 {
			j.find("ANC203", place(env, ""), "the environment names no workload, so its issuer may issue nothing")
		}
		for _, name := range env.ProfileNames() {
			profile := env.Profiles[name]
			if len(profile.Roles) == 0 {
				j.find("ANC203", place(env, name), "the profile names no role")
			}
			for _, role := range profile.RoleNames() {
				j.permitted(env, name, role, profile.Roles[role])
			}
		}
	}
}

func (j *configJudgement) permitted(env *config.Environment, profile, role string, use *config.RoleUse) {
	if use == nil || len(use.Workloads) == 0 {
		j.find("ANC203", place(env, profile), "the role %q names no workload that may take it", role)
		return
	}
	for _, w := range use.Workloads {
		if env.Workloads[w] == nil {
			j.find("ANC203", place(env, profile), "the role %q names the workload %q, which the environment does not have", role, w)
		}
	}
}

// roleUse is one role of one environment in one account.
type roleUse struct {
	env  string
	addr plan.Addr
}

// roleUses are the roles of all environments, each once, in order.
func (j *configJudgement) roleUses() []roleUse {
	var uses []roleUse
	for _, env := range j.environments() {
		for _, account := range accounts(env) {
			for _, profile := range env.ProfilesIn(account) {
				for _, role := range profile.RoleNames() {
					use := roleUse{env.Name, plan.Role(account, role)}
					if !slices.Contains(uses, use) {
						uses = append(uses, use)
					}
				}
			}
		}
	}
	return uses
}

func accounts(env *config.Environment) []string {
	var list []string
	for _, t := range env.Targets {
		list = append(list, t.Account)
	}
	return slices.Compact(slices.Sorted(slices.Values(list)))
}

// checkRoles: a role belongs to one environment and is named as what it is
// (ANC301).
func checkRoles(j *configJudgement) {
	uses := j.roleUses()
	for i, use := range uses {
		if wrong := badRole(use.addr.Name); wrong != "" {
			j.find("ANC301", use.addr.String(), "%s", wrong)
			continue
		}
		for _, before := range uses[:i] {
			switch {
			case !sameRole(before.addr, use.addr):
			case before.env != use.env:
				j.find("ANC301", use.addr.String(), "the role is used by environment %q and by %q", before.env, use.env)
			default:
				j.find("ANC301", use.addr.String(), "the role is also written as %q: an account has one role of a name", before.addr.Name)
			}
		}
	}
}

// sameRole: within an account, IAM tells roles apart by name alone, without
// regard to path or case.
func sameRole(a, b plan.Addr) bool {
	return a.Target.Account == b.Target.Account && strings.EqualFold(roleName(a.Name), roleName(b.Name))
}

func roleName(pathAndName string) string { return pathAndName[strings.LastIndex(pathAndName, "/")+1:] }

func badRole(name string) string {
	switch {
	case strings.ContainsAny(name, "*?$"):
		return "the role is named with a wildcard or variable"
	case strings.Contains(name, ":"):
		return "the role is named by ARN, which could be another account's; name it by path and name"
	case roleName(name) == "":
		return "the role has a path and no name"
	case strings.HasPrefix(strings.TrimPrefix(name, "/"), "aws-service-role/"):
		return "the role is linked to an AWS service and belongs to no environment"
	default:
		return ""
	}
}

// checkRoleCount: a profile holds no more roles than its environment allows
// (ANC302).
func checkRoleCount(j *configJudgement) {
	for _, env := range j.environments() {
		for _, name := range env.ProfileNames() {
			if n, most := len(env.Profiles[name].Roles), env.Limits.RolesPerProfile; n > most {
				j.find("ANC302", place(env, name), "the profile has %d roles, limits.rolesPerProfile is %d", n, most)
			}
		}
	}
}

// mostTrust is IAM's quota of characters of a role's trust policy that every
// account starts with.
const mostTrust = 2048

// checkTrustSize: the statement that pins a role fits into a trust policy of
// its own (ANC310). What a live policy holds besides is counted when it is read.
func checkTrustSize(j *configJudgement) {
	seen := map[string]bool{}
	for _, env := range j.environments() {
		for _, account := range accounts(env) {
			for _, use := range j.roleUses() {
				if use.env != env.Name || use.addr.Target.Account != account || seen[use.addr.String()] {
					continue
				}
				seen[use.addr.String()] = true
				document := iampolicy.GenerateTrust(j.trust(env, account, use.addr.Name))
				if size := iampolicy.SizeOf(document); size > mostTrust {
					j.find("ANC310", use.addr.String(), "its trust policy would have %d characters, at most %d are allowed", size, mostTrust)
				}
			}
		}
	}
}

// trust is what the role would trust. Anchors that are not there yet have ARNs
// of known length.
func (j *configJudgement) trust(env *config.Environment, account, role string) iampolicy.Trust {
	t := iampolicy.Trust{Sid: iampolicy.Sid(env.Name), Account: account, Environment: env.Name}
	for i, target := range env.Targets {
		if target.Account != account {
			continue
		}
		partition := plan.Target{Account: account, Region: target.Region}.Partition()
		t.AnchorARNs = append(t.AnchorARNs, fmt.Sprintf("arn:%s:rolesanywhere:%s:%s:trust-anchor/00000000-0000-0000-0000-%012d",
			partition, target.Region, account, i))
	}
	for _, profile := range env.ProfilesIn(account) {
		if use := profile.Roles[role]; use != nil {
			for _, w := range use.Workloads {
				t.WorkloadURIs = append(t.WorkloadURIs, pki.WorkloadURI(env.Name, j.cfg.Estate.TrustDomain, w))
			}
		}
	}
	return t
}

// What STS takes of inline and managed session policies together.
const (
	mostSession  = 2048
	mostPolicies = 10
)

// checkSessionPolicy: STS takes what the profile narrows sessions with
// (ANC311).
func checkSessionPolicy(j *configJudgement) {
	for _, env := range j.environments() {
		for _, name := range env.ProfileNames() {
			profile := env.Profiles[name]
			if n := len(profile.ManagedPolicies); n > mostPolicies {
				j.find("ANC311", place(env, name), "the profile has %d managed policies, STS takes %d", n, mostPolicies)
			}
			arns := 0
			for _, arn := range profile.ManagedPolicies {
				arns += utf8.RuneCountInString(arn)
			}
			text := profile.SessionPolicyDocument
			least, all := iampolicy.SessionSize([]byte(text))+arns, utf8.RuneCountInString(text)+arns
			switch {
			case least > mostSession:
				j.find("ANC311", place(env, name), "session policy and managed policies have %d characters, STS takes %d", least, mostSession)
			case all > mostSession:
				j.find("ANC311", place(env, name), "with its white space the session policy has %d characters, STS takes %d", all, mostSession).
					Severity = rules.Warn
			}
		}
	}
}

// waivers: one that has ended, or that never could hold, must not be taken for
// an acceptance.
func (j *configJudgement) waivers(now time.Time) {
	for _, w := range j.cfg.Waivers {
		r, known := rules.ByID(w.Rule)
		switch {
		case !known:
			f := j.find(w.Rule, w.At, "its waiver has no effect: there is no such rule")
			f.Severity, f.Remedy = rules.Warn, `remove the waiver from anchorctl.yaml, or run "anchorctl explain" for the list of rules`
		case !r.Waivable:
			j.find(w.Rule, w.At, "it is waived, and this rule cannot be waived").Remedy = "remove the waiver from anchorctl.yaml"
		case !w.Valid(now):
			f := j.find(w.Rule, w.At, "its waiver by %s ended with %s: the rule holds again", w.Owner, w.Until)
			f.Severity, f.Remedy = rules.Warn, "settle the matter and remove the waiver, or renew it with a new date"
		}
	}
}

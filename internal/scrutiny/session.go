package scrutiny

import (
	"anchorctl/internal/grants"
	"anchorctl/internal/rules"
)

// checkSessionPermissions: a session policy narrows (ANC312 to ANC317).
func checkSessionPermissions(j *configJudgement) {
	for _, env := range j.environments() {
		for _, name := range env.ProfileNames() {
			if text := env.Profiles[name].SessionPolicyDocument; text != "" {
				j.findings = append(j.findings, grants.JudgePermissions(grants.PermissionCase{
					At: place(env, name), Name: "session policy", Document: []byte(text), Kind: grants.SessionPermissions,
				})...)
			}
		}
	}
}

// checkManagedPolicies: a managed session policy narrows (ANC303). Several add
// up, so one that narrows nothing makes the others idle.
func checkManagedPolicies(j *configJudgement) {
	for _, env := range j.environments() {
		for _, name := range env.ProfileNames() {
			for _, arn := range env.Profiles[name].ManagedPolicies {
				if path, managed := grants.AWSPolicy(arn); managed && path == "AdministratorAccess" {
					f := j.find("ANC303", place(env, name), "the managed policy %s narrows nothing: it allows every action on every resource", arn)
					f.Severity, f.Remedy = rules.Warn, "remove it, or name a policy that allows what the profile's workloads do"
				}
			}
		}
	}
}

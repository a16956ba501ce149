package denial

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"anchorctl/internal/config"
	"anchorctl/internal/gates"
	"anchorctl/internal/pki"
	"anchorctl/internal/plan"
	"anchorctl/internal/store"
)

// remedies are what to do about a gate that failed.
func (v view) remedies(failed gates.Verdict) []Remedy {
	switch failed.Gate {
	case gates.GateKey:
		return do("sign with the private key that was made for this certificate: key.pem and cert.pem of one run of "+v.issue()+" lie in one folder",
			"run "+v.issue()+" for a new pair")
	case gates.GateVersion, gates.GateUsage:
		return do("run "+v.issue()+" for a certificate of the right shape",
			"from another CA, have one issued with X.509 version 3, a subject, key usage digitalSignature, no CA basic constraint, and a signature with SHA-256 or better")
	case gates.GateDates:
		return v.dateRemedies()
	case gates.GateAnchor:
		return v.anchorRemedies()
	case gates.GatePath:
		return v.pathRemedies()
	case gates.GateDepth:
		return v.depthRemedies()
	case gates.GateRevocation:
		return do("find out why it was revoked; a revoked certificate never comes back", "run "+v.issue()+" for a new one, if the workload is still to have one")
	case gates.GateAnchorEnabled:
		return v.enableRemedies("anchor", v.c.AnchorARN, "enable-trust-anchor --trust-anchor-id")
	case gates.GateProfileEnabled:
		return v.enableRemedies("profile", v.c.ProfileARN, "enable-profile --profile-id")
	case gates.GateProfile:
		return v.profileRemedies()
	case gates.GateRoleListed:
		return v.listRemedies()
	case gates.GateSessionName:
		return v.nameRemedies(failed)
	case gates.GateRole:
		return v.roleRemedies()
	case gates.GateDuration:
		return v.durationRemedies(failed)
	case gates.GateMapping:
		return v.mappingRemedies()
	case gates.GateSourceIdentity:
		return do("run " + v.issue() + " for a certificate whose common name has 1 to 61 of A-Z a-z 0-9 _ + = , . @ -")
	case gates.GateTrust:
		return v.trustRemedies()
	case gates.GateSessionPolicy:
		return v.policyRemedies()
	}
	return []Remedy{}
}

func (v view) policyRemedies() []Remedy {
	if v.c.names.profile == "" {
		return do("give the profile a session policy of at most 2,048 characters that parses, and at most ten managed policies")
	}
	return do(fmt.Sprintf(`shorten sessionPolicy and managedPolicies at environments.%s.profiles.%s in anchorctl.yaml, then run "anchorctl apply"; "anchorctl explain ANC311" tells the limits`,
		v.c.names.environment, v.c.names.profile))
}

func do(lines ...string) []Remedy {
	out := make([]Remedy, len(lines))
	for i, l := range lines {
		out[i] = Remedy{Do: l}
	}
	return out
}

// issue is the command that issues for this workload.
func (v view) issue() string {
	env, name := v.k.workload(v.c.Leaf)
	if name == "" {
		return `"anchorctl issue ENV/WORKLOAD"`
	}
	if workload, instance, err := pki.SplitWorkloadName(v.c.Leaf.Subject.CommonName); err == nil && workload == name {
		name = pki.WorkloadName(workload, instance)
	}
	return fmt.Sprintf("%q", "anchorctl issue "+env+"/"+name)
}

func (v view) dateRemedies() []Remedy {
	if v.c.Time.Before(v.c.Leaf.NotBefore) {
		return do(fmt.Sprintf("wait until %s, or set the clock right of the machine that issued it or of the one that asks: run %q on both",
			v.c.Leaf.NotBefore.UTC().Format(time.RFC3339), "timedatectl status"))
	}
	return do("run "+v.issue()+" and install the new files", "renew before certificates end: a timer that issues at half of their lifetime does")
}

func (v view) anchorRemedies() []Remedy {
	switch env := v.c.names.environment; {
	case v.c.AnchorARN == "":
		return do(fmt.Sprintf(`run "anchorctl apply": %s is not made yet`, plan.Anchor(env, v.c.Target)))
	case env != "":
		return do(fmt.Sprintf(`run "anchorctl plan": %s is recorded and not there any more; "anchorctl apply" makes a new one`, plan.Anchor(env, v.c.Target)))
	}
	return do(fmt.Sprintf("ask at an anchor that is there: run %q", "aws rolesanywhere list-trust-anchors --region "+v.c.Target.Region),
		`run "anchorctl status" where the estate is to see the ARNs that it has`)
}

// pathRemedies tell whose certificate it is, and why that does not lead to the
// anchor.
func (v view) pathRemedies() []Remedy {
	by, ours := v.k.signer(v.c.Leaf)
	env := v.c.names.environment
	switch {
	case ours && env != "" && by.addr.Environment != env:
		return do(fmt.Sprintf("ask at the anchor of %s: this certificate is %s's, issued by %s, and this anchor is %s's", by.addr.Environment, by.addr.Environment, by.addr, env),
			fmt.Sprintf(`for a role of %s, take a certificate of %s: run "anchorctl issue %s/WORKLOAD"`, env, env, env))
	case ours && (by.status == store.Draining || by.status == store.Next):
		return do(fmt.Sprintf("run %q: a rotation is open, %s issued this certificate, and while the rotation lasts the anchor should hold it",
			"anchorctl rotate status "+by.addr.Environment, by.addr))
	case ours && by.status == store.Retired:
		return do("run "+v.issue()+" and install the new files: "+by.addr.String()+", which issued this one, is retired",
			"let the anchor keep an issuer until the last certificate it issued has ended")
	case ours:
		return do(`run "anchorctl plan": the anchor should hold ` + by.addr.String() + ` and does not, or something on the path has ended; "anchorctl apply" puts it right`)
	}
	var path *pki.PathError
	_, err := pki.VerifyPath(v.c.Leaf, v.c.Chain, v.anchorCertificates(), v.c.Time, pki.AsWorkload)
	if errors.As(err, &path) && path.Code != pki.PathNone {
		return do(fmt.Sprintf("have %q issued anew, without what stands in the way: %s", path.Certificate.Subject.String(), path.Message))
	}
	return do(fmt.Sprintf("give the certificate of %q, and any others up to the anchor, with --intermediates, if the anchor holds a CA further up", v.c.Leaf.Issuer.String()),
		"otherwise ask at the anchor whose CA issued this certificate, or take a certificate of the CA that this anchor holds: "+v.holds())
}

// holds names what the anchor holds.
func (v view) holds() string {
	var names []string
	for _, c := range v.anchorCertificates() {
		names = append(names, fmt.Sprintf("%q", c.Subject.String()))
	}
	if len(names) == 0 {
		return "nothing that could be read"
	}
	return strings.Join(names, ", ")
}

func (v view) depthRemedies() []Remedy {
	path, err := pki.VerifyPath(v.c.Leaf, v.c.Chain, v.anchorCertificates(), v.c.Time, pki.AsWorkload)
	if err != nil {
		return do("give with --intermediates only what lies between the certificate and the anchor, five certificates at most")
	}
	var needed []string
	for _, c := range path[1 : len(path)-1] {
		needed = append(needed, fmt.Sprintf("%q", c.Subject.String()))
	}
	if len(needed) == 0 {
		return do("leave --intermediates away: the anchor's own CA issued this certificate")
	}
	return do("give with --intermediates only what the path needs: " + strings.Join(needed, ", "))
}

// enableRemedies: something that is disabled may have been by somebody who knew
// why.
func (v view) enableRemedies(what, arn, command string) []Remedy {
	if addr := v.k.addr(arn); !addr.IsZero() {
		return do(fmt.Sprintf(`run "anchorctl plan" to see why %s is disabled; "anchorctl apply" enables it once nothing is in the way`, addr))
	}
	return do("find out who disabled the "+what+", and why",
		fmt.Sprintf("enable it with %q", fmt.Sprintf("aws rolesanywhere %s %s --region %s", command, id(arn), v.c.Target.Region)))
}

// id is the last part of an ARN.
func id(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }

func (v view) profileRemedies() []Remedy {
	name := v.c.names
	there := targetOf(v.c.ProfileARN)
	switch {
	case v.c.ProfileARN == "":
		return do(fmt.Sprintf(`run "anchorctl apply": %s is not made yet`, plan.Profile(name.environment, name.profile, v.c.Target)))
	case there != v.c.Target:
		return do(fmt.Sprintf("ask by a profile of %s, where the anchor is: this one is at %s, and a session takes both in one account and region", v.c.Target, there))
	case name.profile != "":
		return do(fmt.Sprintf(`run "anchorctl plan": %s is recorded and not there any more; "anchorctl apply" makes a new one`,
			plan.Profile(name.environment, name.profile, v.c.Target)))
	}
	return do(fmt.Sprintf("ask by a profile that is there: run %q", "aws rolesanywhere list-profiles --region "+v.c.Target.Region))
}

// listRemedies: the role is in no profile, in another one, or another
// environment's.
func (v view) listRemedies() []Remedy {
	role := roleOf(v.c.RoleARN)
	env, profile := v.c.names.environment, v.c.names.profile
	if v.k == nil || profile == "" {
		return do(fmt.Sprintf("ask by a profile that lists the role: run %q", "aws rolesanywhere list-profiles --region "+v.c.Target.Region),
			fmt.Sprintf("or add it to this one, if its sessions may have it: run %q and add the role to the roles that it has",
				"aws rolesanywhere update-profile --profile-id "+id(v.c.ProfileARN)+" --role-arns …"))
	}
	owner := v.k.environmentOf(role)
	_, workload := v.k.workload(v.c.Leaf)
	switch {
	case owner != "" && owner != env:
		return do(fmt.Sprintf("take the role with a certificate of %s, at its anchor and by its profile: anchorctl.yaml gives it to %s, and a role is in one environment only (ANC301)", owner, owner))
	case owner == "" && profile == config.ProbeProfile:
		return do("ask by another profile: that of the built-in probe lists the probe role alone")
	case owner == "":
		return []Remedy{{Do: fmt.Sprintf("if the role is meant for %s, add it to anchorctl.yaml at environments.%s.profiles.%s.roles", env, env, profile),
			Text: fmt.Sprintf("%s: {workloads: [%s]}", role.Name, workload)},
			{Do: `run "anchorctl plan" to see the change, then "anchorctl apply"`}}
	case !slices.Contains(v.k.listing(env, role), profile):
		return do(fmt.Sprintf("ask by a profile that lists the role: --profile %s", strings.Join(v.k.listing(env, role), " or --profile ")))
	}
	return do(`run "anchorctl plan": the profile does not list what anchorctl.yaml gives it; "anchorctl apply" puts it right`)
}

// listing are the profiles of an environment that list a role.
func (k *Estate) listing(env string, role plan.Addr) []string {
	var names []string
	for _, p := range k.Config.Environments[env].ProfilesIn(role.Target.Account) {
		if p.Roles[role.Name] != nil {
			names = append(names, p.Name)
		}
	}
	return names
}

func (v view) nameRemedies(failed gates.Verdict) []Remedy {
	if failed.Code == gates.CodeValidation {
		return do("name the session with 2 to 64 of A-Z a-z 0-9 _ + = , . @ -, or leave --role-session-name away")
	}
	return do("leave --role-session-name away: the session is then called by the certificate's serial number, which leads back to the certificate",
		"a profile that accepts names lets a workload call itself by another's; anchorctl makes none")
}

func (v view) roleRemedies() []Remedy {
	if v.sight.role.Exists {
		return do(fmt.Sprintf("write the role with its path: the one of that name is %s", v.sight.role.ARN))
	}
	role := roleOf(v.c.RoleARN)
	return do(fmt.Sprintf("correct the role's name, or have it made in account %s: run %q to see what is there", role.Target.Account, "aws iam get-role --role-name "+id(v.c.RoleARN)),
		`a role that anchorctl.yaml names has to be there before "anchorctl apply" can let sessions in`)
}

func (v view) durationRemedies(failed gates.Verdict) []Remedy {
	if failed.Code == gates.CodeValidation {
		return do("ask for 15 minutes to 12 hours with --session-duration, or leave it to the profile")
	}
	most := 3600
	if v.q.Role != nil && v.q.Role.MaxSessionSeconds != 0 {
		most = v.q.Role.MaxSessionSeconds
	}
	out := do(fmt.Sprintf("ask for %d seconds or less: --session-duration %d", most, most))
	asked := v.q.Profile.DurationSeconds
	if v.c.Seconds != nil {
		asked = min(*v.c.Seconds, asked)
	}
	if v.c.names.profile != "" {
		out = append(out, Remedy{Do: fmt.Sprintf(`or let the profile give no more than the role allows, at environments.%s.profiles.%s in anchorctl.yaml, then run "anchorctl apply"`, v.c.names.environment, v.c.names.profile),
			Text: fmt.Sprintf("sessionDuration: %s", config.Duration(time.Duration(most)*time.Second))})
	}
	return append(out, Remedy{Do: fmt.Sprintf("or have the role allow it: run %q", fmt.Sprintf("aws iam update-role --role-name %s --max-session-duration %d", id(v.c.RoleARN), asked))})
}

func (v view) mappingRemedies() []Remedy {
	out := do("run " + v.issue() + " for a certificate whose names have only letters, digits, spaces and _ . : / = + - @, at most 256 in one")
	var fault *gates.MappingError
	if _, err := gates.MappedTags(v.c.Leaf, v.q.Profile.Mappings); errors.As(err, &fault) {
		out = append(out, Remedy{Do: "or let the profile not map what cannot be a tag, if no trust policy needs it: " + attributes(fault)})
	}
	return out
}

func attributes(fault *gates.MappingError) string {
	var names []string
	for _, f := range []struct {
		field string
		bad   []string
	}{{gates.FieldSubject, fault.Subject}, {gates.FieldIssuer, fault.Issuer}, {gates.FieldSAN, fault.SAN}} {
		for _, b := range f.bad {
			names = append(names, f.field+"/"+b)
		}
	}
	return strings.Join(names, ", ")
}

// manages says that anchorctl itself writes the trust policies.
func (k *Estate) manages() bool { return k.Config.Roles == config.Manage }

// mapped says that the configuration has the profile map an attribute.
func (v view) mapped(field, specifier string) bool {
	if v.k == nil || v.c.names.profile == "" {
		return false
	}
	p := v.k.profile(plan.Profile(v.c.names.environment, v.c.names.profile, v.c.Target))
	if p == nil {
		return false
	}
	specifiers := p.AttributeMappings[field]
	return slices.Contains(specifiers, specifier) || slices.Contains(specifiers, "*")
}

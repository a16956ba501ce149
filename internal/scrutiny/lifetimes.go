package scrutiny

import (
	"slices"
	"time"

	"anchorctl/internal/config"
	"anchorctl/internal/rules"
)

// A certificate is renewed between two thirds and three quarters of its life:
// from the latest moment on, a quarter is left.
const leftDenominator = 4

// usualRenewal is how often renew is taken to run when nobody said.
const usualRenewal = 10 * time.Minute

// checkLifetimesFit: certificates, their renewal, sessions and revocation lists
// leave each other time (ANC205).
func checkLifetimesFit(j *configJudgement) {
	for _, env := range j.environments() {
		longest := env.LongestLifetime()
		for _, workload := range env.WorkloadNames() { // the probe's certificates are used once
			j.renewalFits(env, workload, env.LifetimeOf(workload))
		}
		for _, profile := range env.ProfileNames() {
			for _, workload := range holders(env.Profiles[profile]) {
				j.sessionFits(env, profile, workload, env.LifetimeOf(workload))
			}
		}
		if point, interval := env.CRL.DistributionPoint, time.Duration(env.CRL.Interval); point != "" && longest > 0 && interval > longest {
			f := j.find("ANC205", place(env, ""), "a revocation list is signed every %s and no certificate lives longer than %s: who reads the distribution point learns of a revocation when the certificate has ended anyway",
				env.CRL.Interval, config.Duration(longest))
			f.Severity, f.Remedy = rules.Warn, "shorten crl.interval of the environment"
		}
	}
}

// renewalFits: two runs fall into what is left of the life when the certificate
// is due; with fewer than one, it ends before it is renewed.
func (j *configJudgement) renewalFits(env *config.Environment, workload string, life time.Duration) {
	left, every, said := life/leftDenominator, time.Duration(env.Limits.RenewalInterval), true
	if every == 0 {
		every, said = usualRenewal, false
	}
	if life == 0 || 2*every <= left {
		return
	}
	at := place(env, "") + ".workloads." + workload
	if said && every > left {
		j.find("ANC205", at, "its certificates live %s, of which %s are left when the last of them is due; renew runs every %s, so they can end before they are renewed",
			config.Duration(life), config.Duration(left), env.Limits.RenewalInterval)
		return
	}
	f := j.find("ANC205", at, "its certificates live %s, of which %s are left when the last of them is due: too little for two runs of renew, %s apart",
		config.Duration(life), config.Duration(left), config.Duration(every))
	f.Severity = rules.Warn
	if !said {
		f.Remedy = "lengthen certificateLifetime of the workload, or say in limits.renewalInterval how often renew runs; for certificates that are used once and never renewed, this is as it should be"
	}
}

// sessionFits: a session that is opened just before its certificate is renewed
// ends before the certificate does.
func (j *configJudgement) sessionFits(env *config.Environment, profile, workload string, life time.Duration) {
	session := env.DurationOf(profile)
	var f *rules.Finding
	switch {
	case life == 0 || session <= life/leftDenominator:
		return
	case session > life:
		f = j.find("ANC205", place(env, profile), "its sessions last %s, the certificates of %s only %s: a session goes on after its certificate has ended, and after its revocation",
			config.Duration(session), workload, config.Duration(life))
	default:
		f = j.find("ANC205", place(env, profile), "its sessions last %s, and %s are left of a certificate of %s when it is renewed: a session opened shortly before outlives its certificate",
			config.Duration(session), config.Duration(life/leftDenominator), workload)
	}
	f.Severity, f.Remedy = rules.Warn, "shorten sessionDuration of the profile, or lengthen certificateLifetime of the workload"
}

// holders are the workloads that may take a role of a profile.
func holders(p *config.Profile) []string {
	var names []string
	for _, role := range p.RoleNames() {
		if use := p.Roles[role]; use != nil {
			names = append(names, use.Workloads...)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

package survey

import (
	"fmt"
	"slices"

	"anchorctl/internal/estate"
	"anchorctl/internal/store"
)

// quota is one that every account starts with.
// https://docs.aws.amazon.com/general/latest/gr/rolesanywhere.html
type quota struct {
	of         string
	most       int
	code       string // of Service Quotas; empty when it is not adjustable
	adjustable bool
}

func anchorQuota() quota {
	return quota{"trust anchors of an account and region", 50, "L-AB49EEA7", true}
}

func profileQuota() quota {
	return quota{"profiles of an account and region", 250, "L-950ED79F", true}
}

func certificateQuota() quota { return quota{of: "certificates of an anchor", most: 2} }

func crlQuota() quota { return quota{of: "revocation lists of an anchor", most: 2} }

func roleQuota() quota { return quota{of: "roles of a profile", most: 250} }

// quotas counts what a place has of what is counted there, and what each object
// of ours holds (ANC602).
func (j *judgement) quotas(p estate.Place) []Quota {
	at := p.Target.String()
	list := []Quota{
		j.count(anchorQuota(), at, len(p.Anchors)),
		j.count(profileQuota(), at, len(p.Profiles)),
	}
	for _, a := range p.Anchors {
		if a.Environment == "" {
			continue
		}
		lists := 0
		for _, crl := range p.CRLs {
			if crl.AnchorARN == a.Live.ARN {
				lists++
			}
		}
		count := j.count
		if j.turning(a.Environment) {
			count = tally // both places are what a rotation needs, and it leaves one
		}
		list = append(list, count(certificateQuota(), a.Name(), len(a.Certificates)), count(crlQuota(), a.Name(), lists))
	}
	for _, profile := range p.Profiles {
		if profile.Environment != "" {
			list = append(list, j.count(roleQuota(), profile.Name(), len(profile.Live.RoleARNs)))
		}
	}
	return list
}

// count finds a quota of which four fifths are used.
func (j *judgement) count(q quota, at string, used int) Quota {
	const four, fifths = 4, 5
	if used*fifths >= q.most*four {
		words := "the quota cannot be raised"
		if q.adjustable {
			words = fmt.Sprintf("the default of an adjustable quota, %s; more may have been granted", q.code)
		}
		j.find("ANC602", at, "%d of %d %s: %s", used, q.most, q.of, words)
	}
	return tally(q, at, used)
}

// turning reports whether a rotation of an environment's issuer is under way.
func (j *judgement) turning(environment string) bool {
	return slices.ContainsFunc(j.census.Issuers, func(i estate.SceneIssuer) bool {
		return i.Environment == environment && (i.Status == store.Next || i.Status == store.Draining)
	})
}

func tally(q quota, at string, used int) Quota {
	return Quota{Quota: q.of, At: at, Used: used, Most: q.most, Code: q.code, Adjustable: q.adjustable}
}

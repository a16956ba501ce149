package grants

import (
	"fmt"
	"slices"
	"strings"

	"anchorctl/internal/iampolicy"
	"anchorctl/internal/rules"
)

// Keys besides the tags that say who a certificate is.
// https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html
// https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trusted-identity-propagation.html
const (
	keySourceIdentity = "sts:sourceidentity"
	keySessionName    = "sts:rolesessionname"
	keyOriginSubject  = "aws:originidentity/subject"
)

// checkCertificatePinned: what lets sessions in names whose certificates it
// means (ANC305).
func checkCertificatePinned(j *trustJudgement) {
	for _, s := range j.admitting() {
		strength, why := certificatePin(s)
		switch strength {
		case pinsNobody:
			j.find("ANC305", s, why...).Remedy = "name the workloads in the statement's Condition: " + j.workloadBlock()
		case pinsOrganization:
			f := j.find("ANC305", s, why...)
			f.Severity, f.Remedy = rules.Warn, "name the workloads, too: "+j.workloadBlock()
		}
		if odd := j.oddities(s); strength != pinsNobody && len(odd) > 0 {
			f := j.find("ANC305", s, odd...)
			f.Severity, f.Remedy = rules.Warn, "write what the role's certificates have: "+j.workloadBlock()
		}
	}
}

// How closely a statement says whose certificates it means.
const (
	pinsNobody       = iota // certificates of anybody under the anchor
	pinsOrganization        // an attribute that all of an organization's certificates share
	pinsHolder              // a workload, a host, a person, a unit
)

// certificatePin is how closely a statement says whose certificates it means,
// and why no closer.
func certificatePin(s trustStatement) (strength int, why []string) {
	var shared []string
	for _, c := range s.conditions {
		strength, fault := c.names()
		switch {
		case strength == pinsHolder:
			return pinsHolder, nil
		case strength == pinsOrganization:
			shared = append(shared, fmt.Sprintf("%s: %s is the same in all certificates of an organization or a place", c, c.tag.Attribute))
		case fault != "":
			why = append(why, c.String()+": "+fault)
		}
	}
	switch {
	case len(shared) > 0:
		return pinsOrganization, append(shared, why...)
	case len(why) > 0:
		return pinsNobody, why
	}
	return pinsNobody, []string{"no condition on the certificate: every certificate under the anchor is let in"}
}

// names says how closely a condition says who a certificate is, and of one on
// the certificate that says nothing, why.
func (c trustCondition) names() (strength int, fault string) {
	switch {
	case c.isTag && c.tag.Field == iampolicy.FieldIssuer:
		return pinsNobody, "the issuer says no more than the anchor does"
	case c.key == keySessionName:
		return pinsNobody, "a profile may let callers choose the session's name"
	case !c.isTag && c.key != keySourceIdentity && c.key != keyOriginSubject:
		if c.key == "aws:sourceidentity" || strings.HasPrefix(c.key, "aws:principaltag/") || strings.HasPrefix(c.key, "aws:requesttag/") {
			return pinsNobody, "no certificate gives a session this key"
		}
		return pinsNobody, ""
	}
	if fault := c.notComparing(); fault != "" {
		return pinsNobody, fault
	}
	for _, v := range c.Values {
		if fault := c.inexact(v); fault != "" {
			return pinsNobody, fault
		}
	}
	if c.isTag && shared(c.tag) {
		return pinsOrganization, ""
	}
	return pinsHolder, ""
}

// shared reports whether an attribute is one that all certificates of an
// organization or a place have in common.
func shared(t iampolicy.MappedTag) bool {
	return slices.Contains([]string{"O", "C", "L", "ST", "STREET", "DC"}, strings.TrimPrefix(t.Attribute, "Name/"))
}

// oddities tell of conditions that name somebody and will not be met, or that
// name more than the role's workloads.
func (j *trustJudgement) oddities(s trustStatement) []string {
	var odd []string
	for _, c := range s.conditions {
		if strength, _ := c.names(); strength != pinsNobody {
			odd = append(odd, j.oddity(c)...)
		}
	}
	return odd
}

func (j *trustJudgement) oddity(c trustCondition) []string {
	isARN := func(v string) bool { return strings.HasPrefix(v, "arn:") }
	var odd []string
	switch {
	case c.isTag && !c.tag.Known:
		odd = append(odd, fmt.Sprintf("%s: no attribute is mapped under the name %s, so it is never met", c, c.tag.Attribute))
	case c.isTag && c.tag.Requested:
		odd = append(odd, fmt.Sprintf("%s: for Roles Anywhere, AWS documents the attributes under aws:PrincipalTag alone", c))
	case strings.HasPrefix(c.op.Name, "Arn") && !slices.ContainsFunc(c.Values, isARN):
		odd = append(odd, fmt.Sprintf("%s: %s compares ARNs, and none of the values is one", c, c.op.Name))
	}
	if j.Workloads == nil || !c.isTag || c.tag.Field != iampolicy.FieldSAN || c.tag.Attribute != "URI" {
		return odd
	}
	for _, uri := range c.Values {
		if !slices.Contains(j.Workloads, uri) {
			odd = append(odd, fmt.Sprintf("%s: %q is not among the workloads that may take the role", c, uri))
		}
	}
	return odd
}

func (j *trustJudgement) workloadBlock() string {
	workloads := j.Workloads
	if len(workloads) == 0 {
		workloads = []string{"spiffe://ENVIRONMENT.TRUSTDOMAIN/WORKLOAD"}
	}
	return block("StringEquals", iampolicy.KeySANURI, workloads...)
}

package grants

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"anchorctl/internal/iampolicy"
)

// checkMapped: every profile that hands out the role maps what the policy asks
// of a certificate (ANC307). A tag that is not mapped is absent: an Allow
// statement then lets nobody in, and a Deny statement does not hold back whom
// it names, or holds back everybody.
func checkMapped(j *trustJudgement) {
	who := iampolicy.Principal{Kind: iampolicy.Service, Value: iampolicy.RolesAnywhere}
	for _, s := range j.statements {
		if !s.admits() && (s.Effect != iampolicy.Deny || s.Trusts(who) == iampolicy.No) {
			continue
		}
		var dropped []string
		lines := map[string]bool{}
		for _, profile := range slices.Sorted(maps.Keys(j.Mappings)) {
			for _, c := range s.conditions {
				if c.isTag && !c.tag.MappedBy(j.Mappings[profile]) {
					dropped = append(dropped, fmt.Sprintf("profile %s does not map %s/%s, which %s asks for: %s",
						profile, c.tag.Field, c.tag.Attribute, c, absence(s, c)))
					lines[c.tag.Field+" "+c.tag.Attribute] = true
				}
			}
		}
		if len(dropped) > 0 {
			j.find("ANC307", s, dropped...).Remedy = "have the profile map " + strings.Join(slices.Sorted(maps.Keys(lines)), ", ") +
				", or take the condition out"
		}
	}
}

// absence says what comes of a condition whose tag is always absent.
func absence(s trustStatement, c trustCondition) string {
	met := c.op.Negated || c.op.IfExists || c.op.Set == iampolicy.SetAll ||
		c.op.Name == "Null" && slices.ContainsFunc(c.Values, func(v string) bool { return strings.EqualFold(v, "true") })
	switch {
	case s.Effect == iampolicy.Allow && met:
		return "it is met by everybody"
	case s.Effect == iampolicy.Allow:
		return "nobody is let in"
	case met:
		return "everybody is denied"
	}
	return "nobody is denied"
}

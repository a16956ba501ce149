package admission

import "anchorctl/internal/rules"

// PublicFindings are those of ANC002 alone, and of what is done before it: most
// of a verdict's time goes into other rules.
func PublicFindings(c AnchorCase) []rules.Finding {
	j := newJudgement(c)
	checkFile(j)
	checkPublic(j)
	return j.findings
}

package anywhere

import (
	"net/http"

	"anchorctl/internal/sandbox/wire"
	"anchorctl/internal/sandbox/world"
)

func getSubject(c *world.Call, in *idInput) (any, error) {
	if err := in.check("subjectId"); err != nil {
		return nil, err
	}
	s := c.Here().Subject(in.ID)
	if s == nil {
		return nil, wire.Errorf(http.StatusNotFound, "ResourceNotFoundException", "Subject %s was not found", in.ID)
	}
	return subjectAnswer(s), nil
}

// listSubjects answers with summaries: certificates and instance properties
// are in GetSubject alone.
func listSubjects(c *world.Call, in *listInput) (any, error) {
	page, next, err := cut(in, "subjects", c.Here().Subjects, c.PageSize, func(s *world.Subject) int { return s.Seq })
	if err != nil {
		return nil, err
	}
	out := subjectList{Subjects: []subjectSummary{}, NextToken: next}
	for _, s := range page {
		out.Subjects = append(out.Subjects, summaryOfSubject(s))
	}
	return out, nil
}

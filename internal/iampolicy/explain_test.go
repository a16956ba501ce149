package iampolicy_test

import (
	"strings"
	"testing"

	"anchorctl/internal/iampolicy"
)

// Two anchors of one account differ in the end of their ARNs alone.
func TestValuesAreToldApart(t *testing.T) {
	const arn = "arn:aws-us-gov:rolesanywhere:us-gov-east-1:111122223333:trust-anchor/"
	const one, other = arn + "b2209cbb-331c-4bee-a9cd-803a6a9d9f1c", arn + "1c746781-44c0-454d-ae72-4499405faefb"
	c := iampolicy.Check{Element: "Condition", Operator: "ArnEquals", Key: "aws:SourceArn", Want: []string{one}, Found: []string{other}, Present: true}
	if said := c.String(); !strings.Contains(said, `"`+one+`"`) || !strings.Contains(said, `"`+other+`"`) {
		t.Error(said)
	}
	c.Found = []string{strings.Repeat("long", 1000) + "end"}
	if said := c.String(); len(said) > 500 || !strings.Contains(said, `end"`) {
		t.Error(said)
	}
}

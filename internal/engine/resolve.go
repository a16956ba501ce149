package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"anchorctl/internal/plan"
)

// references look like "${anchor/prod@111122223333/eu-central-1.arn}". A
// policy variable such as "${aws:PrincipalTag/x}" has another shape and passes.
var references = regexp.MustCompile(`\$\{((?:anchor|profile)/[^}]+)\.([a-z]+)\}`)

// Reference is the text that stands in a plan for a field of something that
// only AWS can answer.
func Reference(addr plan.Addr, field string) string {
	return "${" + addr.String() + "." + field + "}"
}

// resolve replaces each reference in raw by its value.
func (e Engine) resolve(ctx context.Context, raw json.RawMessage) (json.RawMessage, error) {
	text := string(raw)
	var out strings.Builder
	at := 0
	for _, m := range references.FindAllStringSubmatchIndex(text, -1) {
		addr, err := plan.ParseAddr(text[m[2]:m[3]])
		if err != nil {
			return nil, err
		}
		value, err := e.Resolve(ctx, addr, text[m[4]:m[5]])
		if err != nil {
			return nil, fmt.Errorf("resolving %s: %w", text[m[0]:m[1]], err)
		}
		quoted, err := json.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("resolving %s: %w", text[m[0]:m[1]], err)
		}
		out.WriteString(text[at:m[0]])
		out.Write(quoted[1 : len(quoted)-1]) // inside a JSON string already
		at = m[1]
	}
	out.WriteString(text[at:])
	return json.RawMessage(out.String()), nil
}

package render

import (
	"anchorctl/internal/printable"
	"anchorctl/internal/rules"
)

// Findings writes what rules found, each with what to do.
func (p *Page) Findings(findings []rules.Finding) {
	for _, f := range findings {
		p.Blank()
		at := f.At
		if f.Element != "" {
			at += ", " + f.Element
		}
		p.raw(p.paint(severityColour(f.Severity), string(f.Severity)) + "  " + p.bold(printable.Line(f.Rule+" "+f.Name)))
		p.Fields(Field{"  at", at}, Field{"  found", f.Evidence}, Field{"  remedy", f.Remedy})
	}
}

func severityColour(s rules.Severity) string {
	switch s {
	case rules.Refuse:
		return red
	case rules.Hold:
		return cyan
	default:
		return yellow
	}
}

package render

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"anchorctl/internal/printable"
)

// Page collects what people read. Everything it is given is made printable;
// its methods end their lines. The zero Page is empty and without colour.
type Page struct {
	Colour bool

	text bytes.Buffer
}

// Bytes is the page so far.
func (p *Page) Bytes() []byte { return p.text.Bytes() }

// Line writes one line.
func (p *Page) Line(format string, args ...any) {
	p.raw(printable.Line(fmt.Sprintf(format, args...)))
}

// Blank writes an empty line, unless the page is empty or ends in one.
func (p *Page) Blank() {
	if p.text.Len() > 0 && !bytes.HasSuffix(p.text.Bytes(), []byte("\n\n")) {
		p.text.WriteByte('\n')
	}
}

// Heading begins a section.
func (p *Page) Heading(text string) {
	p.Blank()
	p.raw(p.bold(printable.Line(text)))
}

// Text writes a text of several lines as it is.
func (p *Page) Text(text string) {
	p.raw(strings.TrimRight(printable.Text(text), "\n"))
}

// Field is a name and what it says.
type Field struct{ Name, Value string }

// Fields writes names and values in two columns; fields without a value are
// left out.
func (p *Page) Fields(fields ...Field) {
	widest := 0
	for _, f := range fields {
		if f.Value != "" {
			widest = max(widest, utf8.RuneCountInString(f.Name))
		}
	}
	for _, f := range fields {
		if f.Value != "" {
			p.Line("%s  %s", pad(f.Name, widest), f.Value)
		}
	}
}

// Table writes rows under a heading, in columns as wide as they need to be.
func (p *Page) Table(header []string, rows [][]string) {
	widths := make([]int, len(header))
	all := append([][]string{header}, rows...)
	for _, row := range all {
		for i := range header {
			widths[i] = max(widths[i], utf8.RuneCountInString(printable.Line(cell(row, i))))
		}
	}
	for n, row := range all {
		cells := make([]string, len(header))
		for i := range header {
			cells[i] = pad(printable.Line(cell(row, i)), widths[i])
		}
		line := strings.TrimRight(strings.Join(cells, "  "), " ")
		if n == 0 {
			line = p.bold(line)
		}
		p.raw(line)
	}
}

func cell(row []string, i int) string {
	if i < len(row) {
		return row[i]
	}
	return ""
}

func pad(text string, width int) string {
	if missing := width - utf8.RuneCountInString(text); missing > 0 {
		return text + strings.Repeat(" ", missing)
	}
	return text
}

// raw writes a line that is printable already and may hold our own colours.
func (p *Page) raw(line string) {
	p.text.WriteString(line)
	p.text.WriteByte('\n')
}

// Colours, as the parameters of an SGR sequence.
const (
	boldText = "1"
	red      = "31"
	green    = "32"
	yellow   = "33"
	cyan     = "36"
)

func (p *Page) bold(text string) string { return p.paint(boldText, text) }

func (p *Page) paint(colour, text string) string {
	if !p.Colour || text == "" || colour == "" {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

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
	Width  int // columns of the screen; 0 when there is none to fit

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
			margin := strings.Repeat(" ", widest+2)
			p.raw(pad(printable.Line(f.Name), widest) + "  " + strings.Join(p.fold(printable.Line(f.Value), len(margin)), "\n"+margin))
		}
	}
}

// fold breaks a text at spaces so that it fits on the screen beside a margin. A
// word is never broken: it may be there to be copied.
func (p *Page) fold(text string, margin int) []string {
	room := p.Width - margin
	if p.Width == 0 || room < narrowest {
		return []string{text}
	}
	var lines []string
	line := ""
	for word := range strings.SplitSeq(text, " ") {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > room {
			lines, line = append(lines, line), word
			continue
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}

// narrowest is the room below which folding makes nothing easier to read.
const narrowest = 20

// Table writes rows under a heading, in columns as wide as they need to be. What
// is too wide for the screen is written one cell a line.
func (p *Page) Table(header []string, rows [][]string) {
	widths := make([]int, len(header))
	all := append([][]string{header}, rows...)
	for _, row := range all {
		for i := range header {
			widths[i] = max(widths[i], utf8.RuneCountInString(printable.Line(cell(row, i))))
		}
	}
	total := 2 * (len(widths) - 1)
	for _, w := range widths {
		total += w
	}
	if p.Width > 0 && total > p.Width {
		p.records(header, rows)
		return
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

// records writes each row as fields, with an empty line between two.
func (p *Page) records(header []string, rows [][]string) {
	for n, row := range rows {
		if n > 0 {
			p.Blank()
		}
		fields := make([]Field, len(header))
		for i, name := range header {
			fields[i] = Field{strings.ToLower(name), cell(row, i)}
		}
		p.Fields(fields...)
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

package rehearse

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"
	"time"
)

// The sizes of the picture, in pixels.
const (
	pictureWidth = 1200
	gutter       = 230 // of names, at the left
	margin       = 36
	plotWidth    = pictureWidth - gutter - margin
	laneHeight   = 27
	barHeight    = 19
	areaHeight   = 110
	letter       = 6.6 // width of a letter of 12 pixels, about
)

// style makes the picture readable in light and in dark surroundings. Looks differ
// in brightness too, and every colour has its word beside it.
const style = `
text{font:12px system-ui,"DejaVu Sans",sans-serif;fill:#1f2328}
.title{font-size:17px;font-weight:600}.small{font-size:11px;fill:#59636e}.name{text-anchor:end}.in{fill:#fff}.mid{text-anchor:middle}.number{font-size:11px;font-weight:600;text-anchor:middle;fill:#fff}
.paper{fill:#fff}.grid{stroke:#d1d9e0;stroke-width:1}.step{stroke:#59636e;stroke-width:1;stroke-dasharray:3 3}.badge{fill:#40464d}
.root{fill:#6e7781}.old{fill:#2f6db5}.fading{fill:#5c82b0}.new{fill:#b4540a}.both{fill:#6b4c9a}.idle{fill:#8c959f}.wait{fill:#7a6a00}.open{fill:#4d7a5a}.deny{fill:#c5221f}.bad{fill:#c5221f;font-weight:600}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.small{fill:#9aa4af}.paper{fill:#0d1117}.grid{stroke:#30363d}.step{stroke:#9aa4af}.in,.number{fill:#fff}.badge{fill:#59636e}
.old{fill:#3b82d6}.fading{fill:#4a6e9c}.new{fill:#c8661a}.both{fill:#8560bd}.wait{fill:#8f7d10}.open{fill:#5b9a6d}.deny,.bad{fill:#ff6b63}}
`

// drawing is a picture in the making.
type drawing struct {
	Timeline

	out, under bytes.Buffer // what is drawn, and what lies under it
	y          float64      // where the next part begins
}

// SVG draws the timeline: one file that needs nothing else and runs nothing.
func (t Timeline) SVG() []byte {
	d := &drawing{Timeline: t}
	groups := d.grouped()
	d.y = 84
	top := d.y
	d.lanes()
	d.area()
	d.sessions()
	d.rules(groups, top)
	d.axis(top)
	d.legend()
	d.list()
	body := bytes.Clone(d.out.Bytes())

	d.out.Reset()
	height := d.y + margin/2
	fmt.Fprintf(&d.out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %.0f" width="%d" height="%.0f" role="img" aria-labelledby="title desc">`+"\n",
		pictureWidth, height, pictureWidth, height)
	fmt.Fprintf(&d.out, "<title id=\"title\">%s</title>\n<desc id=\"desc\">%s</desc>\n<style>%s</style>\n", escaped(d.heading()), escaped(d.description()), style)
	fmt.Fprintf(&d.out, `<rect class="paper" width="%d" height="%.0f"/>`+"\n", pictureWidth, height)
	d.text(margin, 32, "title", d.heading())
	d.text(margin, 52, d.verdictLook(), d.verdict())
	d.badges(groups, top)
	d.out.Write(d.under.Bytes())
	d.out.Write(body)
	d.out.WriteString("</svg>\n")
	return d.out.Bytes()
}

func (d *drawing) heading() string {
	what := "from " + d.From + " to " + d.To
	if d.From == d.To {
		what = "renewal of " + d.From
	}
	return fmt.Sprintf("Rehearsal of the rotation of %s, %s", d.Environment, what)
}

func (d *drawing) verdict() string {
	return fmt.Sprintf("%d workloads, %d sessions, %d denied, from %s to %s", d.Workloads, d.Opened, d.Denied, stamp(d.Start), stamp(d.End))
}

func (d *drawing) verdictLook() string {
	if d.Denied > 0 {
		return "bad"
	}
	return "small"
}

// description says the picture in words.
func (d *drawing) description() string {
	text := d.verdict() + "."
	for _, l := range d.Lanes {
		text += " " + l.Name + ":"
		for _, s := range l.Segments {
			text += fmt.Sprintf(" %s from %s to %s;", s.Text, stamp(s.From), stamp(s.To))
		}
		text = strings.TrimSuffix(text, ";") + "."
	}
	for _, s := range d.Steps {
		text += fmt.Sprintf(" %s at %s.", s.Action, stamp(s.At))
	}
	return text
}

// stamp is a time as people read it.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// x is where a time lies.
func (d *drawing) x(t time.Time) float64 {
	whole := d.End.Sub(d.Start)
	if whole <= 0 {
		return gutter
	}
	at := min(max(t.Sub(d.Start), 0), whole)
	return gutter + plotWidth*float64(at)/float64(whole)
}

func (d *drawing) text(x, y float64, class, text string) {
	fmt.Fprintf(&d.out, `<text x="%.1f" y="%.1f" class="%s">%s</text>`+"\n", x, y, class, escaped(text))
}

// line is drawn under all else.
func (d *drawing) line(x1, y1, x2, y2 float64, class string) {
	fmt.Fprintf(&d.under, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" class="%s"/>`+"\n", x1, y1, x2, y2, class)
}

// box is a rectangle; what it says shows when it is pointed at.
func (d *drawing) box(x, y, width, height float64, class, says string) {
	fmt.Fprintf(&d.out, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" class="%s"><title>%s</title></rect>`+"\n", x, y, width, height, class, escaped(says))
}

func escaped(text string) string {
	var b bytes.Buffer
	err := xml.EscapeText(&b, []byte(text))
	_ = err // a buffer takes everything
	return b.String()
}

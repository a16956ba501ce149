package rehearse

import (
	"fmt"
	"strings"
	"time"

	"anchorctl/internal/config"
)

// lanes are the bars: issuers, trust anchors, waits.
func (d *drawing) lanes() {
	for _, l := range d.Lanes {
		d.text(gutter-12, d.y+14, "name", shortened(l.Name, gutter-24))
		for _, s := range l.Segments {
			from, to := d.x(s.From), d.x(s.To)
			d.box(from, d.y, max(to-from-1, 2), barHeight, string(s.Look), fmt.Sprintf("%s: %s, from %s to %s", l.Name, s.Text, stamp(s.From), stamp(s.To)))
			if float64(len([]rune(s.Text)))*letter+12 < to-from {
				d.text(from+7, d.y+14, "in", s.Text)
			}
		}
		d.y += laneHeight
	}
	d.y += 12
}

func shortened(text string, width float64) string {
	letters := []rune(text)
	if most := int(width / letter); len(letters) > most {
		return string(letters[:most-1]) + "…"
	}
	return text
}

// area is the living certificates of both generations, one upon the other.
func (d *drawing) area() {
	most := 0
	for _, b := range d.Buckets {
		most = max(most, b.Old+b.New)
	}
	bottom := d.y + areaHeight
	d.scale("living certificates", most, d.y, bottom)
	height := func(n int) float64 { return bottom - areaHeight*float64(n)/float64(max(most, 1)) }
	old := func(b Bucket) (float64, float64) { return bottom, height(b.Old) }
	fresh := func(b Bucket) (float64, float64) { return height(b.Old), height(b.Old + b.New) }
	d.shape("old", d.From, old)
	if d.From != d.To {
		d.shape("new", d.To, fresh)
	}
	d.y = bottom + 22
}

// shape is the area between two heights.
func (d *drawing) shape(class, says string, between func(Bucket) (low, high float64)) {
	var upper, lower []string
	add := func(x float64, b Bucket) {
		low, high := between(b)
		upper = append(upper, fmt.Sprintf("%.1f,%.1f", x, high))
		lower = append([]string{fmt.Sprintf("%.1f,%.1f", x, low)}, lower...)
	}
	for i, b := range d.Buckets {
		if i == 0 {
			add(d.x(b.From), b)
		}
		add((d.x(b.From)+d.x(b.To))/2, b)
		if i == len(d.Buckets)-1 {
			add(d.x(b.To), b)
		}
	}
	fmt.Fprintf(&d.out, `<polygon class="%s" points="%s"><title>%s</title></polygon>`+"\n", class, strings.Join(append(upper, lower...), " "), escaped("living certificates of "+says))
}

// sessions are bars, the denied ones on top.
func (d *drawing) sessions() {
	const height = 80.0
	most := 0
	for _, b := range d.Buckets {
		most = max(most, b.Opened+b.Denied)
	}
	bottom := d.y + height
	name := "sessions"
	if len(d.Buckets) > 0 {
		name += " in " + config.Duration(d.Buckets[0].To.Sub(d.Buckets[0].From).Round(time.Second)).String()
	}
	d.scale(name, most, d.y, bottom)
	for _, b := range d.Buckets {
		x, width := d.x(b.From), max(d.x(b.To)-d.x(b.From)-0.6, 0.6)
		opened, denied := height*float64(b.Opened)/float64(max(most, 1)), height*float64(b.Denied)/float64(max(most, 1))
		says := fmt.Sprintf("%s: %d opened, %d denied", stamp(b.From), b.Opened, b.Denied)
		if b.Opened > 0 {
			d.box(x, bottom-opened, width, opened, "open", says)
		}
		if b.Denied > 0 {
			tall := max(denied, 3) // a single one is seen too
			d.box(x, bottom-opened-tall, width, tall, "deny", says)
		}
	}
	d.y = bottom
}

// scale names a chart and its highest value.
func (d *drawing) scale(name string, most int, top, bottom float64) {
	d.text(gutter-12, (top+bottom)/2+4, "name", name)
	d.text(gutter-12, top+8, "small name", fmt.Sprint(most))
	d.text(gutter-12, bottom, "small name", "0")
	d.line(gutter, bottom, gutter+plotWidth, bottom, "grid")
	d.line(gutter, top, gutter+plotWidth, top, "grid")
}

// axis is the times under all.
func (d *drawing) axis(top float64) {
	d.y += 18
	step := tick(d.End.Sub(d.Start))
	day := ""
	for at := d.Start.UTC().Truncate(step).Add(step); at.Before(d.End); at = at.Add(step) {
		x := d.x(at)
		if x > gutter+plotWidth-20 {
			break
		}
		d.line(x, top-4, x, d.y-12, "grid")
		if step < 24*time.Hour {
			d.text(x, d.y+2, "small mid", at.Format("15:04"))
		}
		if date := at.Format("2006-01-02"); date != day {
			d.text(x, d.y+16, "small mid", date)
			day = date
		}
	}
	d.text(gutter-36, d.y+2, "small name", "time (UTC)")
	d.y += 42
}

// tick is how far apart the times on the axis are.
func tick(whole time.Duration) time.Duration {
	const most, day = 10, 24 * time.Hour
	for _, d := range []time.Duration{
		time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour,
		day, 2 * day, 5 * day, 10 * day, 30 * day,
	} {
		if whole/d <= most {
			return d
		}
	}
	return 100 * day
}

func (d *drawing) legend() {
	x := float64(gutter)
	entries := []struct{ look, text string }{{"old", d.From}, {"new", d.To}, {"both", "both"}, {"idle", "not at work"}, {"wait", "a gate that holds"}, {"open", "sessions given"}, {"deny", "sessions denied"}}
	if d.From == d.To {
		entries[1].text = d.To + ", new dates"
	}
	for _, e := range entries {
		d.box(x, d.y-10, 12, 12, e.look, e.text)
		d.text(x+18, d.y, "small", e.text)
		x += 40 + letter*float64(len([]rune(e.text)))
	}
	d.y += 30
}

// group is steps that lie so near to each other that one badge stands for them.
type group struct {
	x           float64
	first, last int // numbers, from 1
}

func (d *drawing) grouped() []group {
	const near = 26
	var all []group
	for i, s := range d.Steps {
		x := d.x(s.At)
		if n := len(all); n > 0 && x-all[n-1].x < near {
			all[n-1].last = i + 1
			continue
		}
		all = append(all, group{x, i + 1, i + 1})
	}
	return all
}

// rules are the lines of the steps, down to where the charts end.
func (d *drawing) rules(groups []group, top float64) {
	for _, g := range groups {
		d.line(g.x, top-6, g.x, d.y, "step")
	}
}

// badges are the numbers of the steps, over their lines.
func (d *drawing) badges(groups []group, top float64) {
	for _, g := range groups {
		text := fmt.Sprint(g.first)
		if g.last > g.first {
			text = fmt.Sprintf("%d–%d", g.first, g.last)
		}
		width := 10 + 7*float64(len([]rune(text)))
		fmt.Fprintf(&d.out, `<rect x="%.1f" y="%.1f" width="%.1f" height="16" rx="8" class="badge"/>`+"\n", g.x-width/2, top-22, width)
		d.text(g.x, top-10, "number", text)
	}
}

// list says what the numbers are.
func (d *drawing) list() {
	const mostListed, row = 16, 18
	steps := d.Steps[:min(len(d.Steps), mostListed)]
	half := (len(steps) + 1) / 2
	top := d.y
	for i, s := range steps {
		x, y := float64(margin), top+row*float64(i)
		if i >= half {
			x, y = pictureWidth/2, top+row*float64(i-half)
		}
		d.text(x, y, "", fmt.Sprintf("%d", i+1))
		d.text(x+26, y, "small", stamp(s.At))
		d.text(x+166, y, "", shortened(s.Action, pictureWidth/2-220))
	}
	d.y = top + row*float64(half)
	if left := len(d.Steps) - len(steps); left > 0 {
		d.text(margin, d.y, "small", fmt.Sprintf("and %d more", left))
		d.y += row
	}
}

package terminal

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"anchorctl/internal/printable"
)

// Program is how the program calls itself in its messages.
const Program = "anchorctl"

// When progress is shown. What takes less than quietFor shows none; off a
// terminal, where lines stay, they come sparsely.
const (
	quietFor   = time.Second
	redrawEach = 200 * time.Millisecond
	newLine    = 5 * time.Second  // between lines that say something new
	sameLine   = 30 * time.Second // between lines that say the same again
)

// Voice says things on stderr: progress, warnings, errors and their hints. It
// is safe for concurrent use. Whoever makes one calls Close, which leaves no
// line half drawn.
type Voice struct {
	w      io.Writer
	live   bool // one line can be drawn over
	colour bool
	quiet  bool
	width  func() int

	mu      sync.Mutex
	text    string    // what is under way
	since   time.Time // since when something is
	drawn   string    // what was last shown of it
	drawnAt time.Time
	onLine  bool // a drawn line stands under the cursor
	asks    bool // a person is being asked
	stop    chan struct{}
	ended   chan struct{}
}

// Voice returns a new one; with quiet it shows no progress.
func (e Env) Voice(quiet bool) *Voice {
	return &Voice{
		w:      e.Stderr,
		live:   e.StderrIsTerminal && e.Getenv("TERM") != "dumb",
		colour: e.Colour(e.StderrIsTerminal),
		quiet:  quiet,
		width:  e.Width,
	}
}

// Progress says what is under way now. It shows once that has taken a second.
func (v *Voice) Progress(text string) {
	if v.quiet {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.text = printable.Line(text)
	if v.stop == nil {
		v.since = time.Now()
		v.stop, v.ended = make(chan struct{}), make(chan struct{})
		go v.tick(v.stop, v.ended)
	}
}

// Clear ends the progress: what was under way is over.
func (v *Voice) Clear() {
	v.mu.Lock()
	stop, ended := v.stop, v.ended
	v.stop, v.ended = nil, nil
	v.mu.Unlock()
	if stop != nil {
		close(stop)
		<-ended
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.erase()
	v.drawn, v.drawnAt = "", time.Time{}
}

// Close is Clear.
func (v *Voice) Close() { v.Clear() }

// Warning says something the reader should know although the command goes on.
func (v *Voice) Warning(text string, hints ...string) {
	v.message("warning", "33", text)
	v.hints(hints)
}

// Note says something in passing, without a label.
func (v *Voice) Note(text string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.erase()
	v.print(Program + ": " + indent(printable.Text(text)))
}

// interject says something right after an interrupt was typed, which the
// terminal shows at the cursor.
func (v *Voice) interject(text string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.live {
		v.write("\n")
		v.onLine = false
	}
	v.print(Program + ": " + indent(printable.Text(text)))
}

// asking ends the progress while a person is asked; what it returns is called
// after the answer.
func (v *Voice) asking() (answered func()) {
	v.Clear()
	set := func(asks bool) {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.asks = asks
	}
	set(true)
	return func() { set(false) }
}

func (v *Voice) isAsking() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.asks
}

// Failure says an error and its hints.
func (v *Voice) Failure(f Failure) {
	if f.Silent {
		return
	}
	v.message("error", "31", f.Message)
	v.hints(f.Hints)
}

func (v *Voice) hints(hints []string) {
	for _, h := range hints {
		v.message("hint", "36", h)
	}
}

func (v *Voice) message(label, colour, text string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.erase()
	if v.colour {
		label = "\x1b[" + colour + "m" + label + "\x1b[0m"
	}
	v.print(Program + ": " + label + ": " + indent(printable.Text(text)))
}

// indent sets the lines after the first one in, so that each message is seen
// as one.
func indent(text string) string {
	return strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n  ")
}

func (v *Voice) tick(stop, ended chan struct{}) {
	defer close(ended)
	ticker := time.NewTicker(redrawEach)
	defer ticker.Stop()
	for {
		select {
		case <-stop:
			return
		case <-ticker.C:
			v.draw()
		}
	}
}

func (v *Voice) draw() {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := time.Now()
	took := now.Sub(v.since)
	if took < quietFor {
		return
	}
	if v.live {
		v.drawLine(fmt.Sprintf("%s (%d s)", v.text, int(took.Seconds())), now)
		return
	}
	since := now.Sub(v.drawnAt)
	if v.drawnAt.IsZero() || v.text != v.drawn && since >= newLine || since >= sameLine {
		v.print(fmt.Sprintf("%s: %s (%d s)", Program, v.text, int(took.Seconds())))
		v.drawn, v.drawnAt = v.text, now
	}
}

func (v *Voice) drawLine(line string, now time.Time) {
	if line == v.drawn && v.onLine {
		return
	}
	v.write("\r\x1b[K" + cut(line, v.columns()))
	v.drawn, v.drawnAt, v.onLine = line, now, true
}

func (v *Voice) columns() int {
	if v.width == nil {
		return 80
	}
	if w := v.width(); w > 0 {
		return w
	}
	return 80
}

// cut shortens a line so that it does not wrap: a wrapped line cannot be drawn
// over. Wide characters are few enough in what we say to be counted as two.
func cut(line string, columns int) string {
	var b strings.Builder
	used := 0
	for _, r := range line {
		used++
		if utf8.RuneLen(r) > 2 {
			used++
		}
		if used >= columns {
			break
		}
		b.WriteRune(r)
	}
	return b.String()
}

func (v *Voice) erase() {
	if v.onLine {
		v.write("\r\x1b[K")
		v.onLine = false
	}
}

func (v *Voice) print(line string) { v.write(line + "\n") }

// write drops its error: there is nowhere left to say that stderr is gone.
func (v *Voice) write(s string) { _, _ = io.WriteString(v.w, s) }

package batch

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"anchorctl/internal/config"
	"anchorctl/internal/keys"
	"anchorctl/internal/pki"
	"anchorctl/internal/rules"
)

// Line asks for one certificate.
type Line struct {
	At       int // the number of its line in the file; of a count, its number in it
	Workload string
	Instance string        // "" unless it is one of several
	Lifetime time.Duration // 0 is the batch's
	KeyType  keys.Type     // "" is the batch's
	CSR      string        // the file of a certificate request, whose key is certified; "" makes one

	digest *[32]byte // of the request that was judged
}

func (l Line) name() string { return pki.WorkloadName(l.Workload, l.Instance) }

// The bounds of what is read. A line holds a few short names; a batch of a
// million lines takes about 150 MB.
const (
	MaxLines   = 1_000_000
	maxPerLine = 4096
)

// LinesError is what is wrong with the lines of a batch.
type LinesError struct {
	Source   string
	Problems []string // the first of them
	More     int      // how many there are besides

	refusal *rules.Refusal // what rules refused, when that is what stopped the first
}

// Unwrap is what rules found: of several problems, the first decides.
func (e *LinesError) Unwrap() error {
	if e.refusal == nil {
		return nil
	}
	return e.refusal
}

func (e *LinesError) Error() string {
	text := fmt.Sprintf("reading batch %q: %s", e.Source, strings.Join(e.Problems, "\n"))
	if e.More > 0 {
		text += fmt.Sprintf("\nand %d more", e.More)
	}
	return text
}

// problems gathers what is wrong, up to what anybody reads.
type problems struct {
	list    []string
	more    int
	refusal *rules.Refusal
}

const mostProblems = 10

func (p *problems) add(at int, err error) {
	if len(p.list) == mostProblems {
		p.more++
		return
	}
	var refusal *rules.Refusal
	switch {
	case !errors.As(err, &refusal):
	case len(p.list) == 0:
		p.refusal = &rules.Refusal{Findings: refusal.Findings}
	case p.refusal != nil:
		p.refusal.Findings = append(slices.Clip(p.refusal.Findings), refusal.Findings...)
	}
	p.list = append(p.list, fmt.Sprintf("line %d: %s", at, err))
}

func (p *problems) err(source string) error {
	if len(p.list) == 0 {
		return nil
	}
	return &LinesError{Source: source, Problems: p.list, More: p.more, refusal: p.refusal}
}

// fields are the texts of one line, by the name of their column.
type fields struct{ workload, instance, lifetime, keyType, csr string }

// reader gathers lines and what is wrong with them.
type reader struct {
	lines    []Line
	problems problems
	words    map[string]string // texts that recur are kept once
}

func newReader() *reader { return &reader{words: map[string]string{}} }

var errTooMany = fmt.Errorf("there are more than %d lines; split the batch", MaxLines)

// add takes a line, or notes what is wrong with it.
func (r *reader) add(at int, f fields) error {
	if len(r.lines) == MaxLines {
		return errTooMany
	}
	l := Line{At: at, Workload: r.word(f.workload), Instance: strings.Clone(f.instance), CSR: strings.Clone(f.csr)}
	var err error
	if f.workload == "" {
		err = errors.New("there is no workload")
	}
	if f.lifetime != "" {
		l.Lifetime, err = lifetime(f.lifetime, err)
	}
	if f.keyType != "" {
		kind, parseErr := keys.ParseType(f.keyType)
		l.KeyType, err = kind, errors.Join(err, parseErr)
	}
	if err != nil {
		r.problems.add(at, err)
	}
	r.lines = append(r.lines, l)
	return nil
}

func lifetime(text string, before error) (time.Duration, error) {
	d, err := config.ParseDuration(text)
	if err != nil {
		err = fmt.Errorf("reading lifetime %q: %w", text, err)
	}
	return time.Duration(d), errors.Join(before, err)
}

// word is a text that recurs, once in memory.
func (r *reader) word(text string) string {
	if known, ok := r.words[text]; ok {
		return known
	}
	if len(r.words) > 10_000 {
		return strings.Clone(text) // names that do not recur after all
	}
	own := strings.Clone(text)
	r.words[own] = own
	return own
}

// bounded ends what is read where a line is longer than any that makes sense,
// so that no reader has to hold it.
type bounded struct {
	from io.Reader
	line int // of the byte that comes next, from 1
	used int // bytes of that line
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.from.Read(p)
	for _, c := range p[:n] {
		if c == '\n' {
			b.line, b.used = b.line+1, 0
			continue
		}
		if b.used++; b.used > maxPerLine {
			return 0, fmt.Errorf("line %d: it is longer than %d bytes", b.line, maxPerLine)
		}
		if c == 0 {
			return 0, fmt.Errorf("line %d: it holds a zero byte, this is no text", b.line)
		}
	}
	return n, err
}

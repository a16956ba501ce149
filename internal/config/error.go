package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"anchorctl/internal/printable"
)

// Error is one problem of a configuration, or of a file it names.
type Error struct {
	File    string
	Line    int    // from 1; 0 when the problem is not at a place
	Column  int    // in characters, from 1
	Path    string // environments.prod.targets[0].account
	Message string
	Excerpt string // the line and a caret below the column
	Hint    string // what to do
}

// Error is the place, the problem, the excerpt and the remedy; all but the
// first line are indented.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(printable.Line(e.File))
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", e.Line, e.Column)
	}
	b.WriteString(": ")
	if e.Path != "" {
		b.WriteString(e.Path + ": ")
	}
	b.WriteString(printable.Line(e.Message))
	if e.Excerpt != "" {
		b.WriteString("\n" + e.Excerpt)
	}
	if e.Hint != "" {
		b.WriteString("\n  → " + printable.Line(e.Hint))
	}
	return b.String()
}

// Bounds of how many problems are collected and printed. Nobody reads more,
// and each holds an excerpt.
const (
	maxProblems = 100
	maxShown    = 25
)

// Errors are the problems of a configuration, in the order of the file.
type Errors struct {
	File     string
	Problems []*Error
	Total    int // how many there are; at most 100 are in Problems
}

// Error is every problem, one below the other.
func (l *Errors) Error() string {
	if len(l.Problems) == 1 {
		return "reading configuration: " + l.Problems[0].Error()
	}
	lines := []string{fmt.Sprintf("reading configuration: %d problems", l.Total)}
	for _, p := range l.Problems[:min(len(l.Problems), maxShown)] {
		lines = append(lines, p.Error())
	}
	if more := l.Total - maxShown; more > 0 {
		lines = append(lines, fmt.Sprintf("… and %d more", more))
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives each problem to errors.As.
func (l *Errors) Unwrap() []error {
	all := make([]error, len(l.Problems))
	for i, p := range l.Problems {
		all[i] = p
	}
	return all
}

// report collects problems.
type report struct {
	file     string
	lines    []string // of the file
	problems []*Error
	total    int
}

// place is a line and a column, from 1; the zero place is nowhere.
type place struct{ line, column int }

func (r *report) add(at place, path, remedy, format string, args ...any) {
	r.total++
	if r.total > maxProblems {
		return
	}
	r.problems = append(r.problems, &Error{
		File: r.file, Line: at.line, Column: at.column, Path: path,
		Message: fmt.Sprintf(format, args...), Excerpt: excerpt(r.lines, at), Hint: remedy,
	})
}

// err is what was collected, sorted by place, or nil. What is said twice of
// one place is said once.
func (r *report) err() error {
	if len(r.problems) == 0 {
		return nil
	}
	slices.SortStableFunc(r.problems, func(a, b *Error) int {
		if a.File != b.File { // the configuration itself comes first
			return compareBool(a.File != r.file, b.File != r.file)
		}
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	before := len(r.problems)
	r.problems = slices.CompactFunc(r.problems, func(a, b *Error) bool { return *a == *b })
	return &Errors{File: r.file, Problems: r.problems, Total: r.total - before + len(r.problems)}
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	default:
		return -1
	}
}

// excerptWidth is how much of a long line is shown.
const excerptWidth = 100

// excerpt is the line of a place with a caret below its column.
func excerpt(lines []string, at place) string {
	if at.line < 1 || at.line > len(lines) {
		return ""
	}
	line, column := []rune(strings.TrimRight(lines[at.line-1], "\r")), max(at.column, 1)-1
	column = min(column, len(line))
	before, after := "", ""
	if from := column - excerptWidth/2; len(line) > excerptWidth && from > 0 {
		line, column, before = line[from:], column-from, "…"
	}
	if len(line) > excerptWidth {
		line, after = line[:excerptWidth], "…"
	}
	// Escapes are wider than what they stand for; the caret moves with them.
	lead := before + printable.Line(string(line[:column]))
	text := lead + printable.Line(string(line[column:])) + after
	number := strconv.Itoa(at.line)
	indent := strings.Repeat(" ", max(5-len(number), 1))
	return indent + number + " | " + text + "\n" +
		strings.Repeat(" ", len(indent)+len(number)) + " | " + strings.Repeat(" ", len([]rune(lead))) + "^"
}

package batch

import (
	"fmt"
	"strconv"
	"strings"

	"anchorctl/internal/pki"
)

// Counts are the lines of several counts, one after the other.
func Counts(texts ...string) ([]Line, error) {
	var all []Line
	for _, text := range texts {
		lines, err := ParseCount(text)
		if err != nil {
			return nil, err
		}
		if all = append(all, lines...); len(all) > MaxLines {
			return nil, fmt.Errorf("reading count %q: %w", text, errTooMany)
		}
	}
	for i := range all {
		all[i].At = i + 1
	}
	return all, nil
}

// ParseCount reads "backup=1000", for the instances 1 to 1000 of a workload, or
// "backup@web-%04d=1000" for web-0001 to web-1000.
func ParseCount(text string) ([]Line, error) {
	pattern, number, found := strings.Cut(text, "=")
	n, err := strconv.Atoi(number)
	if !found || err != nil || n < 1 || number != strconv.Itoa(n) {
		return nil, fmt.Errorf("reading count %q: want WORKLOAD=NUMBER or WORKLOAD@PATTERN=NUMBER", text)
	}
	if n > MaxLines {
		return nil, fmt.Errorf("reading count %q: at most %d certificates are issued at once", text, MaxLines)
	}
	workload, form, err := pki.SplitWorkloadName(pattern)
	if err != nil {
		return nil, fmt.Errorf("reading count %q: %w", text, err)
	}
	if form == "" {
		form = "%d"
	}
	before, width, after, err := parseForm(form)
	if err != nil {
		return nil, fmt.Errorf("reading count %q: the pattern holds %%d once, or %%0Nd for N digits, such as backup@web-%%04d=1000", text)
	}
	lines := make([]Line, n)
	for i := range lines {
		lines[i] = Line{At: i + 1, Workload: workload, Instance: fmt.Sprintf("%s%0*d%s", before, width, i+1, after)}
	}
	return lines, nil
}

// parseForm takes a pattern apart around its one verb.
func parseForm(form string) (before string, width int, after string, err error) {
	before, rest, found := strings.Cut(form, "%")
	digits, after, ends := strings.Cut(rest, "d")
	if !found || !ends || strings.Contains(after, "%") {
		return "", 0, "", fmt.Errorf("pattern %q has not one verb", form)
	}
	if digits == "" {
		return before, 0, after, nil
	}
	width, err = strconv.Atoi(digits)
	if err != nil || len(digits) != 2 || digits[0] != '0' || width < 1 {
		return "", 0, "", fmt.Errorf("pattern %q has a verb of another form", form)
	}
	return before, width, after, nil
}

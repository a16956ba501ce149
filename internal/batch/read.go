package batch

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// Read reads a batch: JSON lines when its first line begins with a brace, CSV
// with a header otherwise. What is wrong is told with the number of its line; the
// source is what people call it.
func Read(from io.Reader, source string) ([]Line, error) {
	in := bufio.NewReader(&bounded{from: from, line: 1})
	first, err := in.Peek(1)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("reading batch %q: %w", source, err)
	}
	r := newReader()
	if len(first) > 0 && first[0] == '{' {
		err = r.jsonLines(in)
	} else {
		err = r.csv(in)
	}
	if err != nil {
		return nil, fmt.Errorf("reading batch %q: %w", source, err)
	}
	if err := r.problems.err(source); err != nil {
		return nil, err
	}
	if len(r.lines) == 0 {
		return nil, fmt.Errorf("reading batch %q: it asks for no certificate", source)
	}
	return r.lines, nil
}

// columns are those that a batch may have.
func columns() []string { return []string{"workload", "instance", "lifetime", "key_type", "csr"} }

func (r *reader) csv(in io.Reader) error {
	c := csv.NewReader(in)
	c.ReuseRecord = true
	c.FieldsPerRecord = -1 // counted below, to say more
	header, err := c.Read()
	if errors.Is(err, io.EOF) {
		return errors.New("it is empty")
	}
	if err != nil {
		return csvError(err)
	}
	places, err := headerPlaces(header)
	if err != nil {
		return fmt.Errorf("line 1: %w", err)
	}
	for {
		record, err := c.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return csvError(err)
		}
		at, _ := c.FieldPos(0)
		if len(record) != len(places) {
			r.problems.add(at, fmt.Errorf("it has %d fields, the header has %d", len(record), len(places)))
			continue
		}
		var f fields
		for i, text := range record {
			if err := f.set(places[i], text); err != nil {
				r.problems.add(at, err)
			}
		}
		if err := r.add(at, f); err != nil {
			return err
		}
	}
}

// csvError words what the csv package says, with the line alone.
func csvError(err error) error {
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		return fmt.Errorf("line %d: %w", parse.Line, parse.Err)
	}
	return err
}

// headerPlaces reads the header.
func headerPlaces(header []string) ([]string, error) {
	places := make([]string, len(header))
	for i, name := range header {
		if i == 0 {
			name = strings.TrimPrefix(name, "\ufeff") // spreadsheets begin with it
		}
		if !slices.Contains(columns(), name) {
			return nil, fmt.Errorf("the header names a column %q; there are %s", name, strings.Join(columns(), ", "))
		}
		if slices.Contains(places[:i], name) {
			return nil, fmt.Errorf("the header names the column %q twice", name)
		}
		places[i] = strings.Clone(name)
	}
	if !slices.Contains(places, "workload") {
		return nil, errors.New("the header names no column \"workload\"")
	}
	return places, nil
}

func (f *fields) set(column, text string) error {
	if strings.ContainsAny(text, "\r\n") {
		return fmt.Errorf("the field %s goes over several lines", column)
	}
	if !utf8.ValidString(text) {
		return fmt.Errorf("the field %s is not UTF-8", column)
	}
	switch column {
	case "workload":
		f.workload = text
	case "instance":
		f.instance = text
	case "lifetime":
		f.lifetime = text
	case "key_type":
		f.keyType = text
	case "csr":
		f.csr = text
	}
	return nil
}

func (r *reader) jsonLines(in *bufio.Reader) error {
	for at := 1; ; at++ {
		text, err := in.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		last := err != nil
		if text = bytes.TrimSpace(text); len(text) > 0 {
			f, err := object(text)
			if err != nil {
				r.problems.add(at, err)
			} else if err := r.add(at, f); err != nil {
				return err
			}
		}
		if last {
			return nil
		}
	}
}

// object reads one object of texts, strictly: encoding/json would take a key
// twice, or in other letters.
func object(text []byte) (fields, error) {
	var f fields
	if !utf8.Valid(text) {
		return f, errors.New("it is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return f, errors.New("it is no JSON object")
	}
	var seen []string
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return f, fmt.Errorf("it is no JSON object: %w", err)
		}
		name, _ := key.(string)
		value, err := d.Token()
		if err != nil {
			return f, fmt.Errorf("it is no JSON object: %w", err)
		}
		text, isText := value.(string)
		switch {
		case !slices.Contains(columns(), name):
			return f, fmt.Errorf("it has a member %q; there are %s", name, strings.Join(columns(), ", "))
		case slices.Contains(seen, name):
			return f, fmt.Errorf("it has the member %q twice", name)
		case !isText:
			return f, fmt.Errorf("the member %q is not a text", name)
		}
		seen = append(seen, name)
		if err := f.set(name, text); err != nil {
			return f, err
		}
	}
	if _, err := d.Token(); err != nil {
		return f, fmt.Errorf("it is no JSON object: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return f, errors.New("something follows the object")
	}
	return f, nil
}

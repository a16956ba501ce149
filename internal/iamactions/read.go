package iamactions

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// The file is gzip of lines: the source as JSON; then for each service its
// prefix after "=", the kinds of resources it takes after "-", several ARNs of
// one kind separated by spaces, and its actions, "Name levels kinds": the
// levels as letters, the kinds by number, with "!" when they are required.
//
// Written by "make iamactions".
//
//go:embed actions.gz
var packed []byte

// mostText bounds what is unpacked.
const mostText = 16 << 20

// Decode unpacks a table. Services are read when they are asked for.
func Decode(file []byte) *Table {
	t, err := unpack(file)
	if err != nil {
		return &Table{err: fmt.Errorf("reading the table of IAM actions: %w", err)}
	}
	return t
}

func unpack(file []byte) (*Table, error) {
	z, err := gzip.NewReader(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(z, mostText))
	if err != nil {
		return nil, err
	}
	head, rest, _ := strings.Cut(string(text), "\n=")
	t := &Table{services: map[string]*service{}}
	if err := json.Unmarshal([]byte(head), &t.source); err != nil {
		return nil, err
	}
	for part := range strings.SplitSeq(rest, "\n=") {
		name, lines, _ := strings.Cut(part, "\n")
		if name == "" || t.services[name] != nil {
			return nil, fmt.Errorf("the service %q is empty or there twice", name)
		}
		t.services[name] = &service{name: name, text: lines}
		t.order = append(t.order, name)
	}
	if len(t.order) != t.source.Services {
		return nil, fmt.Errorf("it has %d services and says %d", len(t.order), t.source.Services)
	}
	return t, nil
}

// read reads one service. The generator has read every service of the file it
// wrote, and a test does: an error cannot be met in the program.
func (s *service) read() {
	var kinds [][]string
	s.byName = map[string]int{}
	for line := range strings.Lines(s.text) {
		line = strings.TrimSuffix(line, "\n")
		if kind, found := strings.CutPrefix(line, "-"); found {
			kinds = append(kinds, strings.Fields(kind))
			s.kinds = append(s.kinds, strings.Fields(kind)...)
			continue
		}
		a, err := s.action(line, kinds)
		if err != nil {
			s.err = fmt.Errorf("reading the actions of %s: %q: %w", s.name, line, err)
			return
		}
		folded := strings.ToLower(a.Name)
		s.byName[folded] = len(s.actions)
		s.actions = append(s.actions, a)
		s.folded = append(s.folded, s.name+":"+folded)
	}
}

func (s *service) action(line string, kinds [][]string) (Action, error) {
	fields := strings.Fields(line)
	if len(fields) < 2 {
		return Action{}, errors.New("there is no level")
	}
	a := Action{Service: s.name, Name: fields[0]}
	for _, mark := range fields[1] {
		i := strings.IndexRune(marks, mark)
		if i < 0 {
			return Action{}, errors.New("there is no such level")
		}
		a.Level |= 1 << i
	}
	for _, field := range fields[2:] {
		number, required := strings.CutSuffix(field, "!")
		i, err := strconv.Atoi(number)
		if err != nil || i < 0 || i >= len(kinds) {
			return Action{}, errors.New("there is no such resource")
		}
		for _, arn := range kinds[i] {
			a.Resources = append(a.Resources, Resource{ARN: arn, Required: required})
		}
	}
	return a, nil
}

// Whole reads all services, and says what is wrong with any of them.
func (t *Table) Whole() error {
	count := 0
	for _, name := range t.order {
		s := t.services[name]
		s.once.Do(s.read)
		if s.err != nil {
			return s.err
		}
		count += len(s.actions)
	}
	if t.err == nil && count != t.source.Actions {
		return fmt.Errorf("reading the table of IAM actions: it has %d actions and says %d", count, t.source.Actions)
	}
	return t.err
}

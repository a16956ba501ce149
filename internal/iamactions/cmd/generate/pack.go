package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// pack is the files of the package's archive.
type pack struct {
	files map[string][]byte
}

// action and kind are the package's records.
type action struct {
	Name          string `json:"name"`
	AccessLevel   string `json:"accessLevel"`
	ResourceTypes []struct {
		Name     string `json:"name"`
		Required bool   `json:"required"`
	} `json:"resourceTypes"`
}

type kind struct {
	ARN string `json:"arn"`
}

func open(archive []byte) (*pack, error) {
	z, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return nil, err
	}
	p := &pack{files: map[string][]byte{}}
	for t := tar.NewReader(z); ; {
		head, err := t.Next()
		if errors.Is(err, io.EOF) {
			return p, nil
		}
		if err != nil {
			return nil, err
		}
		text, err := io.ReadAll(t)
		if err != nil {
			return nil, err
		}
		p.files[strings.TrimPrefix(head.Name, "package/")] = text
	}
}

func (p *pack) read(name string, into any) error {
	text, found := p.files[name]
	if !found {
		return fmt.Errorf("there is no %s", name)
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("reading %s: %w", name, err)
	}
	return nil
}

// lines is the table as text, after its head.
func (p *pack) lines() (text string, services, actions int, err error) {
	var names []string
	if err := p.read("data/services.json", &names); err != nil {
		return "", 0, 0, err
	}
	slices.Sort(names)
	var b strings.Builder
	for _, name := range names {
		n, err := p.service(&b, name)
		if err != nil {
			return "", 0, 0, fmt.Errorf("the service %s: %w", name, err)
		}
		actions += n
	}
	return b.String(), len(names), actions, nil
}

func (p *pack) service(b *strings.Builder, name string) (int, error) {
	var actions map[string]action
	var kinds map[string]kind
	if err := errors.Join(p.read("data/actions/"+name+".json", &actions), p.read("data/resourceTypes/"+name+".json", &kinds)); err != nil {
		return 0, err
	}
	b.WriteString("\n=" + strings.ToLower(name))
	numbers := map[string]int{}
	for _, key := range sorted(kinds) {
		var arns []string
		for arn := range strings.SplitSeq(kinds[key].ARN, ",") {
			arn = strings.TrimSpace(arn)
			if strings.Count(arn, ":") < 5 || strings.ContainsAny(arn, " \n") {
				return 0, fmt.Errorf("the resource %s has the ARN %q", key, arn)
			}
			arns = append(arns, arn)
		}
		numbers[strings.ToLower(key)] = len(numbers)
		b.WriteString("\n-" + strings.Join(arns, " "))
	}
	for _, key := range sorted(actions) {
		line, err := actions[key].line(numbers)
		if err != nil {
			return 0, fmt.Errorf("the action %s: %w", key, err)
		}
		b.WriteString("\n" + line)
	}
	return len(actions), nil
}

// line is one action: its name, its levels, and the numbers of its resources.
func (a action) line(numbers map[string]int) (string, error) {
	letters := map[string]string{"List": "L", "Read": "R", "Write": "W", "Tagging": "T", "Permissions management": "P"}
	line := a.Name + " "
	for level := range strings.SplitSeq(a.AccessLevel, ", ") {
		if letters[level] == "" {
			return "", fmt.Errorf("the level %q is unknown", level)
		}
		line += letters[level]
	}
	required := map[int]bool{}
	for _, r := range a.ResourceTypes {
		i, known := numbers[strings.ToLower(r.Name)]
		if !known {
			return "", fmt.Errorf("the resource %q is unknown", r.Name)
		}
		required[i] = required[i] || r.Required
	}
	for _, i := range sorted(required) {
		line += " " + strconv.Itoa(i)
		if required[i] {
			line += "!"
		}
	}
	if a.Name == "" || strings.ContainsAny(a.Name, " \n:") {
		return "", fmt.Errorf("the name %q is no name of an action", a.Name)
	}
	return line, nil
}

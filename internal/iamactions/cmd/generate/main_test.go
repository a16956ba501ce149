package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"anchorctl/internal/iamactions"
)

// archive is a package of one service, with some of its files replaced.
func archive(t *testing.T, replaced map[string]string) []byte {
	t.Helper()
	files := map[string]string{
		"package.json":       `{"name": "data", "version": "1.2.202601311", "license": "MIT"}`,
		"LICENSE.txt":        "MIT License",
		"data/services.json": `["sqs"]`,
		"data/actions/sqs.json": `{
			"sendmessage": {"name": "SendMessage", "accessLevel": "Write", "resourceTypes": [{"name": "Queue", "required": true}, {"name": "other", "required": false}]},
			"listqueues": {"name": "ListQueues", "accessLevel": "List", "resourceTypes": []},
			"tagqueue": {"name": "TagQueue", "accessLevel": "Tagging, Write", "resourceTypes": [{"name": "queue", "required": true}]}}`,
		"data/resourceTypes/sqs.json": `{
			"queue": {"arn": "arn:${Partition}:sqs:${Region}:${Account}:${QueueName}"},
			"other": {"arn": "arn:${Partition}:sqs:::a/${A}, arn:${Partition}:sqs:::b/${B}"}}`,
	}
	for name, text := range replaced {
		files[name] = text
	}
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	w := tar.NewWriter(z)
	for _, name := range sorted(files) {
		if err := w.WriteHeader(&tar.Header{Name: "package/" + name, Mode: 0o644, Size: int64(len(files[name]))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(files[name])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func generate(t *testing.T, data []byte) (string, error) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "data.tgz")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir, run(file, dir)
}

func TestTheTableSaysWhatThePackageSays(t *testing.T) {
	data := archive(t, nil)
	dir, err := generate(t, data)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(filepath.Join(dir, "actions.gz"))
	if err != nil {
		t.Fatal(err)
	}
	table := iamactions.Decode(file)
	if err := table.Whole(); err != nil {
		t.Fatal(err)
	}
	source := table.Source()
	if source.Name != "data" || source.Date != "2026-01-31" || source.Licence != "MIT" || source.Actions != 3 || len(source.SHA256) != 64 {
		t.Errorf("the source is %+v", source)
	}
	a, _ := table.Action("sqs:SendMessage")
	want := []iamactions.Resource{
		{ARN: "arn:${Partition}:sqs:::a/${A}"}, {ARN: "arn:${Partition}:sqs:::b/${B}"},
		{ARN: "arn:${Partition}:sqs:${Region}:${Account}:${QueueName}", Required: true},
	}
	if len(a.Resources) != len(want) || a.Resources[0] != want[0] || a.Resources[1] != want[1] || a.Resources[2] != want[2] {
		t.Errorf("it takes %v, want %v", a.Resources, want)
	}
	if tag, _ := table.Action("sqs:TagQueue"); tag.Level != iamactions.Tagging|iamactions.Write {
		t.Errorf("its level is %s", tag.Level)
	}
	if licence, err := os.ReadFile(filepath.Join(dir, "LICENSE.txt")); err != nil || string(licence) != "MIT License" {
		t.Errorf("the licence is %q, %v", licence, err)
	}
	again, err := generate(t, data)
	if err != nil {
		t.Fatal(err)
	}
	if second, err := os.ReadFile(filepath.Join(again, "actions.gz")); err != nil || !bytes.Equal(second, file) {
		t.Errorf("the same archive gives another file: %v", err)
	}
}

func TestWhatCannotBeUnderstoodIsNotWritten(t *testing.T) {
	for name, test := range map[string]struct {
		file, text, says string
	}{
		"another licence":        {"package.json", `{"name": "data", "version": "1.2.202601311", "license": "GPL-3.0"}`, "handed on"},
		"no licence text":        {"LICENSE.txt", "", "handed on"},
		"a version without date": {"package.json", `{"name": "data", "version": "1.2.3", "license": "MIT"}`, "a day"},
		"an unknown level":       {"data/actions/sqs.json", `{"x": {"name": "X", "accessLevel": "Magic"}}`, "the level"},
		"an unknown resource":    {"data/actions/sqs.json", `{"x": {"name": "X", "accessLevel": "List", "resourceTypes": [{"name": "no"}]}}`, "the resource"},
		"a name that is none":    {"data/actions/sqs.json", `{"x": {"name": "X y", "accessLevel": "List"}}`, "no name"},
		"an ARN that is none":    {"data/resourceTypes/sqs.json", `{"queue": {"arn": "sqs"}}`, "the ARN"},
		"a service without file": {"data/services.json", `["sqs", "sns"]`, "there is no data/actions/sns.json"},
		"no JSON":                {"data/services.json", `[`, "reading data/services.json"},
	} {
		dir, err := generate(t, archive(t, map[string]string{test.file: test.text}))
		if err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v, want %q", name, err, test.says)
		}
		if _, err := os.Stat(filepath.Join(dir, "actions.gz")); err == nil {
			t.Errorf("%s: a table was written", name)
		}
	}
}

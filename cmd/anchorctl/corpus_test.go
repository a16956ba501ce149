package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	"anchorctl/internal/admission/corpus"
	"anchorctl/internal/terminal"
)

// written is a case of the corpus as files, and how to judge it.
type written struct {
	corpus.Case

	args []string
}

// writeCorpus writes the corpus into a directory of its own.
func writeCorpus(t *testing.T) (string, []written) {
	t.Helper()
	dir := t.TempDir()
	cases, err := writeFiles(dir, corpus.Make(t, time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	return dir, cases
}

func writeFiles(dir string, made []corpus.Made) ([]written, error) {
	var cases []written
	for _, m := range made {
		w := written{m.Case, []string{"check", "cert", m.File}}
		for _, f := range []struct {
			name, flag string
			data       []byte
		}{{m.File, "", m.Candidate}, {m.Companion("root"), "--root", m.Root}, {m.Companion("chain"), "--chain", m.Chain}} {
			if f.data == nil {
				continue
			}
			path := filepath.Join(dir, f.name)
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, f.data, 0o600)); err != nil {
				return nil, err
			}
			if f.flag != "" {
				w.args = append(w.args, f.flag, f.name)
			}
		}
		cases = append(cases, w)
	}
	return cases, nil
}

// inScript is a script as corpus knows a test.
type inScript struct {
	testing.TB

	ts *testscript.TestScript
}

func (inScript) Helper()                             {}
func (s inScript) Fatal(args ...any)                 { s.ts.Fatalf("%s", fmt.Sprint(args...)) }
func (s inScript) Fatalf(format string, args ...any) { s.ts.Fatalf(format, args...) }
func (s inScript) Errorf(format string, args ...any) { s.ts.Fatalf(format, args...) }

func makeCorpus(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) > 0, "corpus")
	_, err := writeFiles(ts.MkAbs("."), corpus.Make(inScript{ts: ts}, time.Now(), args...))
	ts.Check(err)
}

// runProgram runs the real program and returns what it printed and its exit
// number. Before is a command that starts it, or nil.
func runProgram(t *testing.T, dir string, env, before []string, args ...string) (string, int) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// The test program is anchorctl when it is called so.
	link := filepath.Join(filepath.Dir(dir), "anchorctl")
	if err := os.Symlink(program, link); err != nil && !errors.Is(err, os.ErrExist) {
		t.Fatal(err)
	}
	line := slices.Concat(before, []string{link}, args)
	cmd := exec.CommandContext(t.Context(), line[0], line[1:]...)
	cmd.Dir, cmd.Env = dir, append([]string{"HOME=" + dir}, env...)
	var stdout bytes.Buffer
	cmd.Stdout = &stdout
	err = cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return stdout.String(), cmd.ProcessState.ExitCode()
}

func (w written) exit() int {
	if w.Admitted() {
		return terminal.ExitDone
	}
	return terminal.ExitRefused
}

// Every third file of the corpus goes through the real program; all of them
// go through the same code in internal/rules.
func TestTheProgramJudgesTheCorpus(t *testing.T) {
	dir, cases := writeCorpus(t)
	for i, c := range cases {
		if i%3 != 0 {
			continue
		}
		stdout, exit := runProgram(t, dir, nil, nil, append(c.args, "--json")...)
		if exit != c.exit() {
			t.Errorf("%s, %s: exit %d, want %d\n%s", c.File, c.What, exit, c.exit(), stdout)
			continue
		}
		var answer struct {
			OK       bool
			Findings []struct{ Rule, Severity string }
		}
		if err := json.Unmarshal([]byte(stdout), &answer); err != nil {
			t.Errorf("%s: %v", c.File, err)
			continue
		}
		var refusing []string
		for _, f := range answer.Findings {
			if f.Severity == "refuse" && !slices.Contains(refusing, f.Rule) {
				refusing = append(refusing, f.Rule)
			}
		}
		slices.Sort(refusing)
		if answer.OK != c.Admitted() || !slices.Equal(refusing, c.Rules) {
			t.Errorf("%s: ok %v, rules %v, want %v", c.File, answer.OK, refusing, c.Rules)
		}
	}
}

// sample is two cases of each rule, and some that are admitted.
func sample(cases []written) []written {
	var chosen []written
	seen := map[string]int{}
	for _, c := range cases {
		take := false
		for _, id := range append(slices.Clone(c.Rules), c.Warnings...) {
			take = take || seen[id] < 2
			seen[id]++
		}
		if c.Admitted() {
			take = take || seen["admitted"]%20 == 0
			seen["admitted"]++
		}
		// What GODEBUG could change.
		if take || slices.Contains([]string{
			"serial/negative.pem", "extension/uri-with-colons.pem", "self-signed/sha1.pem", "self-signed/rsa-1024.pem",
			"rsa/1024.pem", "profile/critical-policies.pem", "self-signed/rsa-md5.pem", "chain/seventeen.pem",
		}, c.File) {
			chosen = append(chosen, c)
		}
	}
	return chosen
}

func TestTheVerdictIsTheSameEverywhere(t *testing.T) {
	dir, all := writeCorpus(t)
	store := filepath.Join(dir, "path/one-between.pem.root.pem")
	environments := []struct {
		name        string
		env, before []string
	}{
		{"GODEBUG that lets more pass", []string{"GODEBUG=x509negativeserial=1,x509sha1=1,rsa1024min=0,x509usepolicies=0,x509ignoreCN=0,urlstrictcolons=0,x509usefallbackroots=1,x509keypairleaf=0"}, nil},
		{"GODEBUG that lets less pass", []string{"GODEBUG=x509negativeserial=0,x509sha1=0,rsa1024min=1,x509usepolicies=1,fips140=on"}, nil},
		{"GODEBUG that forbids old algorithms", []string{"GODEBUG=fips140=only"}, nil},
		{"a trusted root of somebody's", []string{"SSL_CERT_FILE=" + store, "SSL_CERT_DIR=" + filepath.Dir(store)}, nil},
		{"no trusted roots", []string{"SSL_CERT_FILE=/nonexistent", "SSL_CERT_DIR=/nonexistent", "PATH="}, nil},
		{"endpoints and proxies", []string{"AWS_ENDPOINT_URL=http://127.0.0.1:1", "HTTPS_PROXY=http://127.0.0.1:1", "HTTP_PROXY=http://127.0.0.1:1", "AWS_CA_BUNDLE=" + store, "AWS_PROFILE=nobody"}, nil},
		{"another language and time zone", []string{"LANG=tr_TR.UTF-8", "LC_ALL=ar_EG.UTF-8", "TZ=Asia/Kathmandu"}, nil},
		{"no network", nil, []string{"unshare", "--net", "--map-root-user"}},
	}
	cases := sample(all)
	type answer struct {
		stdout string
		exit   int
	}
	for _, form := range [][]string{nil, {"--json"}} {
		want := map[string]answer{}
		for _, c := range cases {
			stdout, exit := runProgram(t, dir, nil, nil, append(slices.Clone(c.args), form...)...)
			want[c.File] = answer{stdout, exit}
		}
		for _, e := range environments {
			t.Run(strings.Join(append([]string{e.name}, form...), " "), func(t *testing.T) {
				if e.before != nil && exec.CommandContext(t.Context(), e.before[0], append(e.before[1:], "true")...).Run() != nil {
					t.Skipf("%s is not possible here", strings.Join(e.before, " "))
				}
				for _, c := range cases {
					if form != nil && len(c.Rules) == 1 {
						continue // the findings are the same text in both forms
					}
					stdout, exit := runProgram(t, dir, e.env, e.before, append(slices.Clone(c.args), form...)...)
					if diff := cmp.Diff(want[c.File], answer{stdout, exit}, cmp.AllowUnexported(answer{})); diff != "" {
						t.Errorf("%s (-want +got):\n%s", c.File, diff)
					}
				}
			})
		}
	}
	t.Logf("%d files in %d environments", len(cases), len(environments))
}

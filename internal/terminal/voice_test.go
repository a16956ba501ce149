package terminal

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func testEnv(stderr *buffer, isTerminal bool, vars map[string]string) Env {
	return Env{
		Stderr: stderr, StderrIsTerminal: isTerminal,
		Getenv: func(k string) string { return vars[k] },
		Width:  func() int { return 20 },
	}
}

func TestProgressIsSilentForASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out buffer
		v := testEnv(&out, false, nil).Voice(false)
		v.Progress("reading anchors")
		time.Sleep(900 * time.Millisecond)
		v.Close()
		if out.String() != "" {
			t.Errorf("said %q within the first second", out.String())
		}
	})
}

func TestProgressOffATerminalComesInSparseLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out buffer
		v := testEnv(&out, false, nil).Voice(false)
		for i := range 10 {
			v.Progress("step " + string(rune('0'+i)))
			time.Sleep(time.Second)
		}
		time.Sleep(35 * time.Second)
		v.Close()
		got := out.String()
		if strings.ContainsAny(got, "\r\x1b") {
			t.Errorf("drew over lines off a terminal: %q", got)
		}
		if n := strings.Count(got, "\n"); n < 3 || n > 5 {
			t.Errorf("%d lines in 45 seconds: %q", n, got)
		}
		if !strings.HasPrefix(got, "anchorctl: step ") {
			t.Errorf("got %q", got)
		}
	})
}

func TestProgressOnATerminalIsOneLineThatGoesAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out buffer
		v := testEnv(&out, true, nil).Voice(false)
		v.Progress("reading a long list of \x1b[2J anchors")
		time.Sleep(3 * time.Second)
		v.Close()
		got := out.String()
		if strings.Contains(got, "\n") {
			t.Errorf("left a line behind: %q", got)
		}
		if !strings.HasSuffix(got, "\r\x1b[K") {
			t.Errorf("the line was not erased: %q", got)
		}
		for line := range strings.SplitSeq(got, "\r\x1b[K") {
			if len(line) >= 20 || strings.Contains(line, "\x1b") {
				t.Errorf("drew %q in 20 columns", line)
			}
		}
	})
}

func TestQuietShowsNoProgressButWarns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out buffer
		v := testEnv(&out, true, map[string]string{"NO_COLOR": "1"}).Voice(true)
		v.Progress("reading anchors")
		time.Sleep(time.Minute)
		v.Warning("the public set is old", "update anchorctl")
		v.Close()
		want := "anchorctl: warning: the public set is old\nanchorctl: hint: update anchorctl\n"
		if out.String() != want {
			t.Errorf("got %q, want %q", out.String(), want)
		}
	})
}

func TestAFailureIsSaidWithItsHintsAndInItsLines(t *testing.T) {
	for _, c := range []struct {
		name     string
		terminal bool
		vars     map[string]string
		want     string
	}{
		{"off a terminal in plain text", false, nil,
			"anchorctl: error: reading \\x1b[31m:\n  line 2\nanchorctl: hint: run \"anchorctl init\"\n"},
		{"on a terminal in colour", true, nil,
			"anchorctl: \x1b[31merror\x1b[0m: reading \\x1b[31m:\n  line 2\nanchorctl: \x1b[36mhint\x1b[0m: run \"anchorctl init\"\n"},
		{"on a dumb terminal in plain text", true, map[string]string{"TERM": "dumb"},
			"anchorctl: error: reading \\x1b[31m:\n  line 2\nanchorctl: hint: run \"anchorctl init\"\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out buffer
			testEnv(&out, c.terminal, c.vars).Voice(false).Failure(Failure{
				Message: "reading \x1b[31m:\nline 2\n", Hints: []string{`run "anchorctl init"`},
			})
			if got := out.String(); got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

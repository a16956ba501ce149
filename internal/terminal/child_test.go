package terminal

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

func childEnv(out *bytes.Buffer) (Env, chan chan<- os.Signal) {
	registered := make(chan chan<- os.Signal, 1)
	return Env{
		Stdin: strings.NewReader(""), Stdout: out, Stderr: out,
		Signals: func(c chan<- os.Signal) func() { registered <- c; return func() {} },
	}, registered
}

func shell(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("sh")
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRunChild(t *testing.T) {
	for _, c := range []struct{ name, script, want, out string }{
		{"success is no error", `echo "$GREETING"`, "", "hello\n"},
		{"its exit number is ours", "exit 17", "17", ""},
		{"a death by signal is 128 and the signal", "kill -KILL $$", "137", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			env, _ := childEnv(&out)
			err := env.RunChild(t.Context(), []string{"GREETING=hello"}, shell(t), "-c", c.script)
			var status ChildStatus
			switch {
			case c.want == "" && err != nil:
				t.Errorf("got %v", err)
			case c.want != "" && (!errors.As(err, &status) || strings.TrimSpace(c.want) != strconv.Itoa(int(status))):
				t.Errorf("got %v, want status %s", err, c.want)
			}
			if out.String() != c.out {
				t.Errorf("printed %q, want %q", out.String(), c.out)
			}
		})
	}
}

func TestAMissingProgramIsAnError(t *testing.T) {
	var out bytes.Buffer
	env, _ := childEnv(&out)
	if err := env.RunChild(t.Context(), nil, "/nowhere/at/all"); err == nil || !strings.Contains(err.Error(), "starting") {
		t.Errorf("got %v", err)
	}
}

func TestSignalsReachTheChild(t *testing.T) {
	var out bytes.Buffer
	env, registered := childEnv(&out)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	env.Stdout = w
	done := make(chan error, 1)
	go func() {
		// The child says when its trap is set, then waits for our end of stdin.
		done <- env.RunChild(t.Context(), nil, shell(t), "-c", `trap 'exit 3' INT; echo ready; while :; do :; done`)
	}()
	c := <-registered
	if _, err := r.Read(make([]byte, 6)); err != nil {
		t.Fatal(err)
	}
	c <- syscall.SIGINT
	var status ChildStatus
	if err := <-done; !errors.As(err, &status) || status != 3 {
		t.Errorf("got %v", err)
	}
	w.Close()
}

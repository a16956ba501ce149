package terminal

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"
)

// What a hook has started ends with it: the run says that it is over.
func TestAnInterruptedHookEndsWithItsChildren(t *testing.T) {
	for _, c := range []struct {
		name, script string
		late         bool // the hook hears of the interrupt before the run does
	}{
		{"a child in the background", `sleep 600 & echo $!; wait`, false},
		{"a child that the shell waits for", `sh -c 'echo $$; exec sleep 600'; true`, false},
		{"one that it has left", `sh -c 'sleep 600 & echo $!' ; sleep 600`, false},
		{"a child in the background of a shell that has ended before the run was told", `sleep 600 & echo $!; wait`, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			var out bytes.Buffer
			env, registered := childEnv(&out)
			env.Stdout = w
			ctx, stop := context.WithCancelCause(t.Context())
			done := make(chan error, 1)
			go func() { done <- env.RunHook(ctx, []string{"PATH=" + os.Getenv("PATH")}, c.script) }()
			signals := <-registered
			line, err := bufio.NewReader(r).ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			signals <- syscall.SIGINT
			if !c.late {
				stop(ErrInterrupted)
			}
			if err := <-done; err == nil {
				t.Error("the hook succeeded")
			}
			stop(ErrInterrupted)
			w.Close()
			if left := running(t, strings.TrimSpace(line)); left {
				t.Errorf("process %s lives on", strings.TrimSpace(line))
			}
		})
	}
}

// running reports whether a process runs; one that is dead and that nobody has
// waited for does not.
func running(t *testing.T, pid string) bool {
	t.Helper()
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	if errors.Is(err, fs.ErrNotExist) {
		return false
	}
	if err != nil {
		t.Fatal(err)
	}
	return !strings.Contains(string(stat), ") Z ")
}

package terminal

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Whoever waits for a pipe that nobody writes to can be interrupted.
func TestAnInterruptEndsWaitingForAPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	waiting := make(chan struct{})
	never := func(string) (io.ReadCloser, error) { close(waiting); select {} }
	for name, wait := range map[string]func(Env) error{
		"opening it": func(e Env) error { _, err := e.Open("pipe"); return err },
		"reading standard input": func(e Env) error {
			close(waiting)
			_, err := io.ReadAll(e.Stdin)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			waiting = make(chan struct{})
			ctx, stop := context.WithCancelCause(t.Context())
			go func() { <-waiting; stop(ErrInterrupted) }()
			if err := wait((Env{Stdin: r, Open: never}).Heeding(ctx)); !errors.Is(err, ErrInterrupted) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestWhatIsReadHeedinglyIsTheSame(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	text := strings.Repeat("0123456789", 10_000)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	e := Env{
		Stdin: strings.NewReader(text),
		Open:  func(path string) (io.ReadCloser, error) { return os.Open(path) },
	}.Heeding(t.Context())
	file, err := e.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for name, from := range map[string]io.Reader{"a file": file, "standard input": e.Stdin} {
		if got, err := io.ReadAll(from); err != nil || string(got) != text {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
	if _, err := e.Open(path + ".gone"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}

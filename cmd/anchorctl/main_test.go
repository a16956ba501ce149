package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"anchorctl/internal/clock"
	"anchorctl/internal/sandbox"
	"anchorctl/internal/terminal"
)

func TestMain(m *testing.M) {
	flag.Bool("update", false, "rewrite expected output and generated files")
	testscript.Main(m, map[string]func(){
		"anchorctl": func() { os.Exit(run(scriptEnv())) },
		"exits":     exits,
	})
}

// envCrash names a durable step at which a script's program dies, as if
// killed: "NAME" or "NAME#N" for its Nth occurrence.
const envCrash = "CRASH_AT"

// scriptEnv is the real world with the sandbox's clock, when there is one.
func scriptEnv() terminal.Env {
	env := terminal.System()
	if url, token := os.Getenv(sandbox.EnvURL), os.Getenv(sandbox.EnvToken); url != "" && token != "" {
		env.Clock = control{url, token}.clock()
	}
	if name, nth, _ := strings.Cut(os.Getenv(envCrash), "#"); name != "" {
		left, err := strconv.Atoi(nth)
		if err != nil {
			left = 1
		}
		env.Step = func(step string) {
			if strings.Contains(step, name) {
				if left--; left == 0 {
					os.Exit(137)
				}
			}
		}
	}
	return env
}

// control is the sandbox's control path.
type control struct{ url, token string }

// clock is the sandbox's own: waiting moves it for everybody.
func (s control) clock() clock.Clock {
	now := func(method string, body any) time.Time {
		var answer struct{ Now time.Time }
		if err := s.call(method, "clock", body, &answer); err != nil {
			fmt.Fprintln(os.Stderr, "the sandbox's clock:", err)
			os.Exit(125)
		}
		return answer.Now.UTC()
	}
	return clock.Clock{
		Now: func() time.Time { return now(http.MethodGet, nil) },
		Wait: func(ctx context.Context, d time.Duration) error {
			if err := context.Cause(ctx); err != nil {
				return err
			}
			now(http.MethodPost, map[string]string{"advance": d.String()})
			return nil
		},
	}
}

func (s control) call(method, what string, body, answer any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequest(method, s.url+"/_sandbox/"+what, strings.NewReader(string(raw)))
	if err != nil {
		return err
	}
	req.Header.Set(sandbox.HeaderToken, s.token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s: %s", method, what, resp.Status, text)
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(text, answer)
}

// exits runs a command and succeeds when it exits with the number named.
func exits() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: exits NUMBER COMMAND [ARGUMENT...]")
		os.Exit(2)
	}
	cmd := exec.Command(os.Args[2], os.Args[3:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	caught := make(chan os.Signal, 4)
	signal.Notify(caught, os.Interrupt)
	if err := cmd.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	go func() {
		for s := range caught {
			_ = cmd.Process.Signal(s) // it may have ended; its status tells
		}
	}()
	got := 0
	var exit *exec.ExitError
	if err := cmd.Wait(); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if strconv.Itoa(got) != os.Args[1] {
		fmt.Fprintf(os.Stderr, "exits: %s exited with %d, not %s\n", os.Args[2], got, os.Args[1])
		os.Exit(1)
	}
}

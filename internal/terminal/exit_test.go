package terminal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/config"
	"anchorctl/internal/durable"
	"anchorctl/internal/engine"
	"anchorctl/internal/estate"
	"anchorctl/internal/hint"
	"anchorctl/internal/rules"
	"anchorctl/internal/store"
)

func TestExplain(t *testing.T) {
	for _, c := range []struct {
		name  string
		err   error
		exit  int
		code  string
		hints []string
	}{
		{"any error fails", errors.New("reading x"), 1, "failed", []string{}},
		{"a hint is found under wrapping", fmt.Errorf("a: %w", hint.With(errors.New("b"), "do c")), 1, "failed", []string{"do c"}},
		{"a wrong command line", Usage("unknown flag", "see help"), 2, "usage", []string{"see help"}},
		{"a name of no environment", fmt.Errorf("a: %w", hint.With(&config.UnknownEnvironmentError{Name: "x"}, "do b")), 2, "usage", []string{"do b"}},
		{"an approval of what is not there", fmt.Errorf("a: %w", estate.ErrNoSuchApproval), 2, "usage", []string{}},
		{"a rule", fmt.Errorf("judging: %w", &rules.Refusal{Findings: []rules.Finding{
			{Rule: "ANC001", Severity: rules.Refuse, Remedy: "take the issuer"}, {Rule: "ANC012", Severity: rules.Warn},
			{Rule: "ANC001", Severity: rules.Refuse, Remedy: "take the issuer"},
		}}), 4, "refused", []string{"take the issuer", `run "anchorctl explain ANC001"`}},
		{"a gate", fmt.Errorf("applying: %w", &engine.HeldError{Action: "x", Reason: "y", Hints: []string{"install it"}}), 5, "held", []string{"install it"}},
		{"several gates give each hint once", &engine.HeldRun{Held: []*engine.HeldError{{Hints: []string{"a", "b"}}, {Hints: []string{"b"}}}}, 5, "held", []string{"a", "b"}},
		{"a run that broke and had holds besides has failed", errors.Join(errors.New("x"), engine.Hold(&engine.HeldError{})), 1, "failed", []string{}},
		{"an interrupted run that had holds is interrupted", errors.Join(&engine.InterruptedError{}, engine.Hold(&engine.HeldError{})), 130, "interrupted", []string{}},
		{"a hold whose cause is told is held", errors.Join(engine.Hold(&engine.HeldError{}), errors.New("x")), 5, "held", []string{}},
		{"a lock", &store.LockedError{}, 6, "locked", []string{}},
		{"a run that failed, and came upon a folder that another one holds, has failed", errors.Join(errors.New("x"), &durable.BusyError{What: "x"}), 1, "failed", []string{}},
		{"a folder that another run holds", fmt.Errorf("issuing: %w", &durable.BusyError{What: "x"}), 6, "locked", []string{}},
		{"an interrupt", fmt.Errorf("waiting: %w", ErrInterrupted), 130, "interrupted", []string{}},
		{"a cancelled context", fmt.Errorf("sending: %w", context.Canceled), 130, "interrupted", []string{}},
		{"a run that was stopped", &engine.InterruptedError{Done: 1, Left: 2}, 130, "interrupted", []string{}},
		{"a child's own number", ChildStatus(17), 17, "failed", []string{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := Explain(c.err)
			if f.Exit != c.exit || f.Code != c.code || !cmp.Equal(f.Hints, c.hints) {
				t.Errorf("got %+v", f)
			}
			if Meaning(c.exit) == "" && c.exit != 17 {
				t.Errorf("exit %d has no meaning", c.exit)
			}
		})
	}
}

func TestTheFirstInterruptCancelsAndTheSecondEnds(t *testing.T) {
	const stopping = "anchorctl: interrupted: stopping after the step that is under way; interrupt again to stop at once\n"
	for _, c := range []struct {
		name     string
		terminal bool
		asking   bool
		resume   string
		first    string
		second   string
	}{
		{"with something to go on with", false, false, `run "x" to go on`, stopping, "anchorctl: stopped at once; run \"x\" to go on\n"},
		{"on a terminal, beside the ^C", true, false, `run "x" to go on`, "\n" + stopping, "\nanchorctl: stopped at once; run \"x\" to go on\n"},
		{"at a question, which speaks for itself", false, true, `run "x" to go on`, "", "anchorctl: stopped at once; run \"x\" to go on\n"},
		{"where nothing is begun", false, false, "", "", "anchorctl: stopped at once\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out buffer
			env := testEnv(&out, c.terminal, nil)
			var signals chan<- os.Signal
			env.Signals = func(to chan<- os.Signal) func() { signals = to; return func() {} }
			quit := make(chan int, 1)
			env.Quit = func(code int) { quit <- code }
			voice := env.Voice(false)
			if c.asking {
				defer voice.asking()()
			}
			ctx, stop := env.Interruptible(t.Context(), voice, c.resume)
			signals <- os.Interrupt
			<-ctx.Done()
			if !errors.Is(context.Cause(ctx), ErrInterrupted) {
				t.Errorf("cause %v", context.Cause(ctx))
			}
			if out.String() != c.first {
				t.Errorf("said %q, want %q", out.String(), c.first)
			}
			signals <- os.Interrupt
			if code := <-quit; code != 130 {
				t.Errorf("quit with %d", code)
			}
			stop()
			if out.String() != c.first+c.second {
				t.Errorf("said %q, want %q", out.String(), c.first+c.second)
			}
		})
	}
}

func TestColourOnlyOnATerminal(t *testing.T) {
	env := func(k, v string) Env { return Env{Getenv: func(n string) string { return map[string]string{k: v}[n] }} }
	for _, c := range []struct {
		name     string
		env      Env
		terminal bool
		want     bool
	}{
		{"a terminal has colour", env("TERM", "xterm"), true, true},
		{"a pipe has none", env("TERM", "xterm"), false, false},
		{"NO_COLOR takes it away", env("NO_COLOR", "0"), true, false},
		{"a dumb terminal has none", env("TERM", "dumb"), true, false},
	} {
		if got := c.env.Colour(c.terminal); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

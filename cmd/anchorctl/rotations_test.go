package main

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// rotates runs a rotation's command, which must end with that number.
func (r *rig) rotates(want int, args ...string) {
	r.t.Helper()
	out, said, err := r.run("anchorctl", append([]string{"rotate"}, args...)...)
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	}
	if got != want || err != nil && exit == nil {
		r.t.Fatalf("rotate %s: %v, want exit %d\n%s%s", strings.Join(args, " "), err, want, out, said)
	}
}

// TestEveryClientGetsSessionsThroughARotation: anchorctl's own client, and AWS's helper
// when the environment names it, in each state of a rotation, with what lies in the
// workload's folder by then. The gates are gone past in an emergency: AWS's helper
// signs with the real time, which does not wait for them.
func TestEveryClientGetsSessionsThroughARotation(t *testing.T) {
	r := newRig(t, strings.Replace(renewalsConfig, "region: eu-central-1", "region: eu-central-1, probeRole: prod-probe", 1), "prod-app", "prod-probe")
	r.must("init", "--passphrase-file", "passphrase")
	r.must("apply", "--approve", "--passphrase-file", "passphrase")
	var issued struct {
		Result struct {
			Issuer  string
			Stanzas []struct{ Helper string }
		}
	}
	if err := json.Unmarshal(r.must("issue", "prod/app", "--json"), &issued); err != nil {
		t.Fatal(err)
	}
	helper := os.Getenv("ANCHORCTL_TEST_SIGNING_HELPER")
	if helper == "" {
		t.Log("ANCHORCTL_TEST_SIGNING_HELPER names no aws_signing_helper: only anchorctl's own client is tried")
	}
	const reason = "the test does not wait"
	for _, step := range []struct {
		state  string
		before func()
	}{
		{"before it", func() {}},
		{"published", func() { r.rotates(5, "start", "prod", "--approve", "--passphrase-file", "passphrase") }},
		{"cut over, with the old certificate", func() { r.rotates(5, "resume", "prod", "--emergency", "--reason", reason) }},
		{"cut over, with a new certificate", func() { r.must("renew", "prod/app", "--force") }},
		{"retired", func() { r.rotates(0, "resume", "prod", "--emergency", "--reason", reason) }},
	} {
		step.before()
		if out, said, err := r.run("anchorctl", "session", "prod/app", "--no-cache"); !opens(t, step.state+": anchorctl", out, said, err) {
			t.FailNow()
		}
		if helper == "" {
			continue
		}
		if out, said, err := r.helper(helper, issued.Result.Stanzas[0].Helper); !opens(t, step.state+": the helper", out, said, err) {
			t.FailNow()
		}
	}
	given, _ := r.serials()
	if status := string(r.must("rotate", "status", "prod")); issued.Result.Issuer != "issuer/prod#1" || !strings.Contains(status, "retired") || len(given) < 3 {
		t.Errorf("begun with %s, %d certificates got sessions, and it stands at:\n%s", issued.Result.Issuer, len(given), status)
	}
}

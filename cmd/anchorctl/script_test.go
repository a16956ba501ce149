package main

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"anchorctl/internal/clock"
	"anchorctl/internal/sandbox"
)

// update reports whether what scripts compare with, and the files made from
// the code, are rewritten.
func update() bool { return flag.Lookup("update").Value.String() == "true" }

// scriptCommand is a command of the project's script language.
type scriptCommand struct {
	name, usage, about string
	run                func(ts *testscript.TestScript, neg bool, args []string)
}

// scriptCommands are all there are; README.md in testdata/script is made from
// them.
func scriptCommands() []scriptCommand {
	return []scriptCommand{
		{"sandbox", "sandbox [SEED]", "Starts a sandbox, with the accounts of the file SEED, and points AWS clients at it. Its clock stands still until something waits for it or `clock` moves it; `anchorctl` reads the time from it.", startSandbox},
		{"clock", "clock DURATION|TIME", "Moves the sandbox's clock ahead by DURATION, or to TIME (RFC 3339).", moveClock},
		{"fault", "fault OPERATION MODE [NTH]", "Orders a fault: the NTH request (the first, unless said) of OPERATION meets MODE, one of throttle, deny (every request from that one on), fail-before, fail-after, cut, cut-before, hold, hold-after, stale, small-pages.", orderFault},
		{"foreign", "foreign KIND NAME [ARGUMENT...]", "Makes what somebody else would in the account: `anchor NAME` (of a self-signed CA that has expired), `certificate ANCHOR` (one more in an anchor), `noanchor ANCHOR` (deleted), `tag ANCHOR KEY VALUE`, `profile NAME ROLE...`, `role NAME TRUST-POLICY-FILE` (made, or given that policy), `policy ROLE ARN` (attached), `list ANCHOR` (a revocation list of somebody's CA in place of the one there), `nolist ANCHOR` and `listoff ANCHOR` (its lists deleted, disabled). Anchor and profile are enabled.", makeForeign},
		{"held", "held", "Waits until a request is held by a fault of mode hold.", awaitHeld},
		{"release", "release", "Lets held requests go, and forgets all faults.", releaseHeld},
		{"requests", "requests OPERATION NUMBER", "Holds that the sandbox has answered so many requests of OPERATION.", countRequests},
		{"revocations", "revocations ENV NUMBER", "Records so many revocations of certificates of the environment's first issuer that were never made.", recordRevocations},
		{"corpus", "corpus FILE...", "Makes these files of the corpus of certificates (internal/admission/corpus/manifest.json), valid now, each with FILE.root.pem and, where it has one, FILE.chain.pem.", makeCorpus},
		{"cmpnorm", "cmpnorm FILE WANT", "Compares like cmp, after naming what differs from run to run in its order of appearance: <uuid1>, <digest1>, <serial1>, <time1>, <url1>, and $WORK. With -update it rewrites WANT in the script.", compareNormal},
	}
}

func TestScripts(t *testing.T) {
	commands := map[string]func(*testscript.TestScript, bool, []string){}
	for _, c := range scriptCommands() {
		commands[c.name] = c.run
	}
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		Cmds:                commands,
		Setup:               setUp,
		Condition:           condition,
		UpdateScripts:       update(),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	})
}

// condition is "tool:NAME": NAME is installed, or "provider:NAME": OpenSSL has
// that provider. Where tools are required, a missing one is an error, not a
// reason to skip.
func condition(name string) (bool, error) {
	kind, tool, _ := strings.Cut(name, ":")
	var err error
	switch kind {
	case "tool":
		_, err = exec.LookPath(tool)
	case "provider":
		err = providerThere(tool)
	default:
		return false, fmt.Errorf("there is no condition %q", name)
	}
	required := os.Getenv("CI") != "" || os.Getenv("ANCHORCTL_TEST_REQUIRE_TOOLS") != ""
	if err != nil && required {
		return false, fmt.Errorf("%s is not installed, and skipping is not allowed here", tool)
	}
	return err == nil, nil
}

// providerThere looks where OpenSSL keeps its providers.
func providerThere(name string) error {
	out, err := exec.Command("openssl", "version", "-m").Output()
	if err != nil {
		return err
	}
	_, dir, _ := strings.Cut(strings.TrimSpace(string(out)), ": ")
	_, err = os.Stat(filepath.Join(strings.Trim(dir, `"`), name+".so"))
	return err
}

func setUp(env *testscript.Env) error {
	env.Setenv("HOME", filepath.Join(env.WorkDir, "home"))
	env.Setenv("XDG_STATE_HOME", filepath.Join(env.WorkDir, "state"))
	// A session that a script shows is the service's: session_cache alone keeps some.
	env.Setenv("XDG_CACHE_HOME", os.DevNull)
	// Nothing of the machine's own AWS configuration, and no instance metadata.
	env.Setenv("AWS_CONFIG_FILE", os.DevNull)
	env.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
	env.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	return os.WriteFile(filepath.Join(env.WorkDir, "passphrase"), []byte("correct horse battery staple\n"), 0o600)
}

// started is what every script's sandbox takes for now at first.
func started() time.Time { return time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC) }

func startSandbox(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) <= 1, "sandbox")
	o := sandbox.Options{Token: "the-script-s-token", Clock: clock.Clock{Now: started}}
	if len(args) == 1 {
		seed, err := sandbox.LoadSeed(ts.MkAbs(args[0]))
		ts.Check(err)
		o.Seed = seed
	}
	running, err := sandbox.Serve(context.Background(), o)
	ts.Check(err)
	ts.Defer(func() { ts.Check(running.Close()) })
	for _, pair := range sandbox.ExecEnv(nil, sandbox.Child{URL: running.URL, Token: o.Token, Key: running.Keys()[0]}) {
		name, value, _ := strings.Cut(pair, "=")
		ts.Setenv(name, value)
	}
}

func moveClock(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) == 1, "clock")
	body := map[string]string{"advance": args[0]}
	if _, err := time.Parse(time.RFC3339, args[0]); err == nil {
		body = map[string]string{"set": args[0]}
	}
	ts.Check(controlOf(ts).call(http.MethodPost, "clock", body, nil))
}

func orderFault(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) == 2 || len(args) == 3, "fault")
	f := sandbox.Fault{Op: args[0], Mode: args[1]}
	if len(args) == 3 {
		var err error
		f.Nth, err = strconv.Atoi(args[2])
		ts.Check(err)
	}
	if f.Mode == sandbox.ModeDeny {
		f.Count = -1
	}
	ts.Check(controlOf(ts).call(http.MethodPost, "faults", []sandbox.Fault{f}, nil))
}

func awaitHeld(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) == 0, "held")
	ts.Check(controlOf(ts).call(http.MethodGet, "held", nil, nil))
}

func releaseHeld(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) == 0, "release")
	ts.Check(controlOf(ts).call(http.MethodDelete, "faults", nil, nil))
}

func countRequests(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) == 2, "requests")
	var all []sandbox.Request
	ts.Check(controlOf(ts).call(http.MethodGet, "requests", nil, &all))
	n := 0
	for _, r := range all {
		if r.Op == args[0] {
			n++
		}
	}
	if strconv.Itoa(n) != args[1] {
		ts.Fatalf("%d requests of %s, want %s", n, args[0], args[1])
	}
}

func controlOf(ts *testscript.TestScript) control {
	c := control{ts.Getenv(sandbox.EnvURL), ts.Getenv(sandbox.EnvToken)}
	if c.url == "" {
		ts.Fatalf("there is no sandbox: the script has to start one")
	}
	return c
}

func usage(ts *testscript.TestScript, neg, ok bool, name string) {
	if neg {
		ts.Fatalf("unsupported: ! %s", name)
	}
	if ok {
		return
	}
	all := scriptCommands()
	i := slices.IndexFunc(all, func(c scriptCommand) bool { return c.name == name })
	ts.Fatalf("usage: %s", all[i].usage)
}

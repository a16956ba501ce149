package main

import (
	"errors"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// example is a file of an example.
func example(t *testing.T, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(append([]string{"..", "..", "examples"}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// after is what follows a prefix on the one line that begins with it.
func after(t *testing.T, text, prefix string) string {
	t.Helper()
	var found []string
	for line := range strings.SplitSeq(text, "\n") {
		if rest, ok := strings.CutPrefix(line, prefix); ok {
			found = append(found, rest)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d lines begin with %q", len(found), prefix)
	}
	return found[0]
}

// moved is a command line with the machine's folders moved below the rig's.
func (r *rig) moved(line string) string {
	return strings.NewReplacer(
		"/usr/local/libexec/anchorctl-push", filepath.Join(r.dir, "anchorctl-push"),
		"/usr/local/bin/anchorctl", "anchorctl",
		"/srv/anchorctl", r.dir,
	).Replace(line)
}

func (r *rig) clock(advance string) {
	r.t.Helper()
	if err := r.control.call(http.MethodPost, "clock", map[string]string{"advance": advance}, nil); err != nil {
		r.t.Fatal(err)
	}
}

// sh runs a line as the user of the timer would.
func (r *rig) sh(line string) (string, int) {
	r.t.Helper()
	out, said, err := r.run("sh", "-c", line)
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		r.t.Fatal(err)
	}
	if exit != nil {
		return string(out) + said, exit.ExitCode()
	}
	return string(out) + said, 0
}

// TestRenewalExample runs the very line of the unit, and that of the crontab.
func TestRenewalExample(t *testing.T) {
	r := newRig(t, renewalsConfig, "prod-app")
	hosts := filepath.Join(r.dir, "hosts")
	r.env = append(r.env, "HOSTS="+hosts)
	service := example(t, "renewal", "anchorctl-renew.service")
	if dir := after(t, service, "WorkingDirectory="); dir != "/srv/anchorctl" {
		t.Errorf("the unit works in %q", dir)
	}
	unit := r.moved(after(t, service, "ExecStart="))
	cron := r.moved(after(t, example(t, "renewal", "anchorctl.cron"), "*/10 * * * * anchorctl "))
	push := filepath.Join(r.dir, "anchorctl-push")
	script := []byte(example(t, "renewal", "push.sh"))
	write := func(text []byte) {
		t.Helper()
		if err := os.WriteFile(push, text, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(script)
	r.must("init", "--passphrase-file", "passphrase")
	r.must("apply", "--approve", "--passphrase-file", "passphrase")
	r.must("issue", "prod/app")
	r.must("issue", "prod/app@web-1")

	holds := func(step, line string, want int, says string) {
		t.Helper()
		if said, code := r.sh(line); code != want || !strings.Contains(said, says) {
			t.Fatalf("%s: exit %d, want %d:\n%s", step, code, want, said)
		}
	}
	holds("what was issued is pushed", unit, 0, "prod/app: not due, pushed")
	r.onHost(hosts, "prod/app")
	r.onHost(hosts, "prod/app@web-1")
	r.clock("18h")
	holds("both are due", unit, 0, "2 renewed, 0 not due")
	r.onHost(hosts, "prod/app@web-1")
	holds("nothing is due", unit, 0, "0 renewed, 2 not due")
	r.clock("18h")
	write([]byte("#!/bin/sh\nexit 1\n"))
	holds("the hosts are down", unit, 1, "2 renewed, 0 not due, 2 to be pushed")
	write(script)
	holds("the hosts are up again", cron, 0, "pushed prod/app@web-1, serial ")
	r.onHost(hosts, "prod/app")
	r.onHost(hosts, "prod/app@web-1")
	r.clock("18h")
	holds("cron renews", cron, 0, "pushed prod/app, serial ")
	r.onHost(hosts, "prod/app")
	onlyTheWorkloads(t, hosts)
}

// TestSystemdTakesTheUnits has systemd itself read them, where it is.
func TestSystemdTakesTheUnits(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not installed")
	}
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	args := []string{"verify"}
	for _, unit := range []string{"anchorctl-renew.service", "anchorctl-renew.timer"} {
		// The program that is started must be there: any will do.
		text := strings.ReplaceAll(example(t, "renewal", unit), "=/usr/local/bin/anchorctl ", "="+sh+" ")
		path := filepath.Join(dir, unit)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, path)
	}
	if out, err := exec.CommandContext(t.Context(), analyze, args...).CombinedOutput(); err != nil || strings.Contains(string(out), "anchorctl-renew") {
		t.Errorf("systemd-analyze %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// onHost opens a session with what lies on a host, which must be what the issuing
// machine has.
func (r *rig) onHost(hosts, name string) {
	r.t.Helper()
	for _, file := range []string{"key.pem", "cert.pem", "chain.pem"} {
		here, err := os.ReadFile(filepath.Join(r.dir, "out", name, file))
		if err != nil {
			r.t.Fatal(err)
		}
		if there, err := os.ReadFile(filepath.Join(hosts, name, file)); err != nil || string(here) != string(there) {
			r.t.Errorf("%s of %s is another one on its host (%v)", file, name, err)
		}
	}
	out, said, err := r.run("anchorctl", "session", name, "--no-cache", "--certificate", filepath.Join(hosts, name, "cert.pem"), "--private-key", filepath.Join(hosts, name, "key.pem"))
	opens(r.t, name, out, said, err)
}

// onlyTheWorkloads holds that a host has nothing of the estate.
func onlyTheWorkloads(t *testing.T, hosts string) {
	t.Helper()
	err := filepath.WalkDir(hosts, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if text, err := os.ReadFile(path); err != nil || strings.Contains(string(text), "ENCRYPTED") || strings.Contains(string(text), "anchorctl-secret") || strings.Contains(path, "state.db") {
			t.Errorf("%s lies on a host (%v)", path, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestTheUnitsOfTheRenewalExampleAreInOrder(t *testing.T) {
	verify, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Log("systemd-analyze is not installed: the units are not verified")
		return
	}
	// It looks for the program of ExecStart, which is not installed here.
	dir := t.TempDir()
	for _, name := range []string{"anchorctl-renew.service", "anchorctl-renew.timer"} {
		text := strings.ReplaceAll(example(t, "renewal", name), "/usr/local/bin/anchorctl", "/bin/true")
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command(verify, "verify", filepath.Join(dir, "anchorctl-renew.service"), filepath.Join(dir, "anchorctl-renew.timer")).CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

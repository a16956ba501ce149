package cmdline_test

import (
	"os/exec"
	"strings"
	"testing"

	"anchorctl/internal/cmdline"
)

func TestBashCompletes(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Fatal(err)
	}
	script, err := cmdline.Completion(tree(new(seen)), "bash")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ typed, want string }{
		{"anchorctl che", "check"},
		{"anchorctl check ", "cert config"},
		{"anchorctl check cert --o", "--out"},
		{"anchorctl check cert file --fo", "--force"},
		{"anchorctl --dir x iss", "issue"},
		{"anchorctl session --js", ""},
		{"anchorctl version --js", "--json"},
		{"anchorctl issue ", ""},
	} {
		t.Run(c.typed, func(t *testing.T) {
			words := strings.Split(c.typed, " ")
			cmd := exec.Command(bash, append([]string{"--norc", "-c", script + `
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _anchorctl; echo "${COMPREPLY[*]}"`, "bash"}, words...)...)
			out, err := cmd.CombinedOutput()
			if got := strings.TrimSpace(string(out)); err != nil || got != c.want {
				t.Errorf("got %q, %v; want %q", got, err, c.want)
			}
		})
	}
}

func TestOtherShellsKnowEveryCommandAndFlag(t *testing.T) {
	for _, c := range []struct {
		shell string
		want  []string
	}{
		{"zsh", []string{"#compdef anchorctl", "anchorctl/check/cert) at=anchorctl/check/cert ;;", "'config:config'", "'--out:write to FILE'"}},
		{"fish", []string{"-n '__anchorctl_at anchorctl/check' -f -a cert -d 'cert'", "-n '__anchorctl_at anchorctl/check/cert' -l out -r -d 'write to FILE'"}},
	} {
		script, err := cmdline.Completion(tree(new(seen)), c.shell)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range c.want {
			if !strings.Contains(script, want) {
				t.Errorf("%s: no %q in\n%s", c.shell, want, script)
			}
		}
		if path, err := exec.LookPath(c.shell); err == nil {
			cmd := exec.Command(path, "-n", "/dev/stdin")
			cmd.Stdin = strings.NewReader(script)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s does not parse it: %v\n%s", c.shell, err, out)
			}
		}
	}
}

func TestAnUnknownShellIsAUsageError(t *testing.T) {
	if _, err := cmdline.Completion(tree(new(seen)), "csh"); err == nil || !strings.Contains(err.Error(), `"csh"`) {
		t.Errorf("got %v", err)
	}
}

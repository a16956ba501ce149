package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"anchorctl/internal/clock"
	"anchorctl/internal/sandbox"
	"anchorctl/internal/sandbox/seed"
)

const renewalsConfig = `version: 1
estate: {name: example, organization: Example Corp, trustDomain: example.internal}
roles: manage
environments:
  prod:
    targets: [{account: "111122223333", region: eu-central-1}]
    workloads: {app: {}}
    profiles: {app: {roles: {prod-app: {workloads: [app]}}}}
`

// rig is an estate in a folder, a sandbox, and the programs that use them. The
// clock begins at the present: AWS's helper signs with the real time.
type rig struct {
	t       *testing.T
	dir     string
	control control
	env     []string
}

func newRig(t *testing.T, configuration string, roles ...string) *rig {
	t.Helper()
	r := &rig{t: t, dir: t.TempDir()}
	begun := time.Now().UTC().Truncate(time.Second)
	account := seed.Account{AccessKeys: []seed.AccessKey{{ID: "AKIAEXAMPLEPROD", Secret: "sandbox-only"}}, Roles: map[string]seed.Role{}}
	for _, role := range roles {
		account.Roles[role] = seed.Role{}
	}
	o := sandbox.Options{Token: "let-me-in", Clock: clock.Clock{Now: func() time.Time { return begun }},
		Seed: &seed.Seed{Accounts: map[string]seed.Account{"111122223333": account}}}
	running, err := sandbox.Serve(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := running.Close(); err != nil {
			t.Error(err)
		}
	})
	r.control = control{running.URL, o.Token}
	home := []string{"HOME=" + filepath.Join(r.dir, "home"), "XDG_STATE_HOME=" + filepath.Join(r.dir, "state"), "PATH=" + os.Getenv("PATH")}
	r.env = sandbox.ExecEnv(home, sandbox.Child{URL: running.URL, Token: o.Token, Key: running.Keys()[0]})
	for name, text := range map[string]string{"anchorctl.yaml": configuration, "passphrase": "correct horse battery staple\n"} {
		if err := os.WriteFile(filepath.Join(r.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func (r *rig) run(name string, args ...string) ([]byte, string, error) {
	r.t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(r.t.Context(), name, args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = r.dir, r.env, &stdout, &stderr
	err := cmd.Run()
	return stdout.Bytes(), stderr.String(), err
}

// must runs anchorctl, which must succeed.
func (r *rig) must(args ...string) []byte {
	r.t.Helper()
	out, said, err := r.run("anchorctl", args...)
	if err != nil {
		r.t.Fatalf("anchorctl %s: %v\n%s", strings.Join(args, " "), err, said)
	}
	return out
}

// opens holds that what a credential_process printed are credentials.
func opens(t *testing.T, who string, out []byte, said string, err error) bool {
	t.Helper()
	var got struct {
		Version                                   int
		AccessKeyID                               string `json:"AccessKeyId"`
		SecretAccessKey, SessionToken, Expiration string
	}
	if err != nil || json.Unmarshal(out, &got) != nil || got.Version != 1 || !strings.HasPrefix(got.AccessKeyID, "ASIA") ||
		got.SecretAccessKey == "" || got.SessionToken == "" || got.Expiration == "" {
		t.Errorf("%s got no session: %v %s", who, err, said)
		return false
	}
	return true
}

// serials counts the sessions that the sandbox gave to each certificate.
func (r *rig) serials() (given map[string]int, denied int) {
	r.t.Helper()
	var all []sandbox.Request
	if err := r.control.call(http.MethodGet, "requests", nil, &all); err != nil {
		r.t.Fatal(err)
	}
	given = map[string]int{}
	for _, q := range all {
		switch {
		case q.Op != "CreateSession":
		case q.Status == http.StatusCreated:
			given[q.Serial]++
		default:
			denied++
		}
	}
	return given, denied
}

// TestAHundredRenewals: through a hundred renewals, each of them due by the
// sandbox's clock, every client gets a session with every certificate. Lifetimes
// are of seconds so that all of it lies within the ten minutes by which a
// signature's time may be off: AWS's helper, which is run when the environment
// names it, knows no other clock than the machine's.
func TestAHundredRenewals(t *testing.T) {
	const renewals = 100
	r := newRig(t, renewalsConfig, "prod-app")
	r.must("init", "--passphrase-file", "passphrase")
	r.must("apply", "--approve", "--passphrase-file", "passphrase")
	var issued struct {
		Result struct {
			CertificateFile, KeyFile, SerialHex string
			Stanzas                             []struct{ Helper string }
		}
	}
	if err := json.Unmarshal(r.must("issue", "prod/app", "--lifetime", "6s", "--json"), &issued); err != nil {
		t.Fatal(err)
	}
	helper := os.Getenv("ANCHORCTL_TEST_SIGNING_HELPER")
	if helper == "" {
		t.Log("ANCHORCTL_TEST_SIGNING_HELPER names no aws_signing_helper: only anchorctl's own client is tried")
	}
	seen := map[string]bool{issued.Result.SerialHex: true}
	failed := 0
	for range renewals {
		if err := r.control.call(http.MethodPost, "clock", map[string]string{"advance": "4500ms"}, nil); err != nil {
			t.Fatal(err)
		}
		var renewed struct {
			Result struct {
				Renewed      int
				Certificates []struct{ SerialHex string }
			}
		}
		if err := json.Unmarshal(r.must("renew", "--all", "due", "--lifetime", "6s", "--json"), &renewed); err != nil || renewed.Result.Renewed != 1 {
			t.Fatalf("%+v, %v", renewed, err)
		}
		seen[renewed.Result.Certificates[0].SerialHex] = true
		if out, said, err := r.run("anchorctl", "session", "prod/app", "--no-cache"); !opens(t, "anchorctl", out, said, err) {
			failed++
		}
		if helper != "" {
			if out, said, err := r.helper(helper, issued.Result.Stanzas[0].Helper); !opens(t, "the helper", out, said, err) {
				failed++
			}
		}
	}
	given, denied := r.serials()
	each := 1
	if helper != "" {
		each = 2
	}
	for serial, n := range given {
		if !seen[serial] || n != each {
			t.Errorf("certificate %s got %d sessions, want %d", serial, n, each)
		}
	}
	t.Logf("%d renewals, %d certificates in the sandbox's log, %d sessions each, %d failed, %d denied", renewals, len(given), each, failed, denied)
	if len(given) != renewals || len(seen) != renewals+1 || failed != 0 || denied != 0 {
		t.Errorf("%d certificates of %d got sessions, %d failed, %d denied", len(given), renewals, failed, denied)
	}
}

// helper runs AWS's helper as the stanza for ~/.aws/config says.
func (r *rig) helper(program, stanza string) ([]byte, string, error) {
	_, line, _ := strings.Cut(stanza, "credential_process = aws_signing_helper ")
	return r.run(program, append(strings.Fields(line), "--endpoint", r.control.url, "--region", "eu-central-1")...)
}

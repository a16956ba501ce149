package keys_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"anchorctl/internal/durable"
	"anchorctl/internal/keys"
)

// crashed is the exit number of a process that was killed inside a step.
const crashed = 77

// A re-executed test binary creates a key and dies inside the step that
// KEYS_CRASH names, or opens the key that KEYS_OPEN names.
func TestMain(m *testing.M) {
	if os.Getenv("KEYS_CRASH")+os.Getenv("KEYS_OPEN") == "" {
		os.Exit(m.Run())
	}
	secret, err := keys.ParseSecret([]byte(os.Getenv("KEYS_SECRET")))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	r := secretRing(os.Getenv("KEYS_DIR"), secret)
	r.Files = durable.Files{Step: func(name string) {
		if name == os.Getenv("KEYS_CRASH") {
			os.Exit(crashed)
		}
	}}
	if uri := os.Getenv("KEYS_OPEN"); uri != "" {
		if _, err := r.Open(context.Background(), uri, keys.GuardSecret); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if _, err := r.Create(context.Background(), "issuer-prod-1", keys.P256, keys.GuardSecret); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// needTool skips the test without the tool, unless the run promises to have it.
func needTool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	if os.Getenv("CI") != "" || os.Getenv("ANCHORCTL_TEST_REQUIRE_TOOLS") != "" {
		t.Fatalf("%s is required here: %v", name, err)
	}
	t.Skipf("%s is not installed", name)
	return ""
}

func newSecret(t testing.TB) keys.Secret {
	t.Helper()
	s, err := keys.NewSecret()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func secretRing(dir string, s keys.Secret) *keys.Ring {
	return &keys.Ring{Dir: dir, Secret: func(context.Context) (keys.Secret, error) { return s, nil }}
}

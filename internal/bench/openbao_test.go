package bench_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// bao talks to an OpenBao server (https://openbao.org/api-docs/secret/pki/).
type bao struct {
	address string
	token   string
}

// openBao measures the PKI of OpenBao, which records what it issues in files. No
// module proxy builds it, so that it takes part only where it is installed.
func openBao(b *testing.B) {
	program, err := exec.LookPath("bao")
	if err != nil {
		b.Skip("bao is not installed: https://openbao.org/docs/install")
	}
	dir, host := b.TempDir(), freeAddress(b)
	check(b, os.WriteFile(filepath.Join(dir, "bao.hcl"), fmt.Appendf(nil, `
disable_mlock = true
api_addr = "http://%[1]s"
storage "file" { path = "data" }
listener "tcp" {
  address = "%[1]s"
  tls_disable = true
}
`, host), 0o600))
	server := &bao{address: "http://" + host + "/v1/"}
	serve(b, peer{
		name: "OpenBao PKI, 8 clients: recorded in files", ready: server.address + "sys/health",
		argv: []string{program, "server", "-config", "bao.hcl"}, dir: dir,
		prepare: server.prepare, sign: server.address + "pki/sign/app", client: &http.Client{Transport: server},
		body: func(name, csr string) (any, error) {
			return map[string]any{"csr": csr, "common_name": name + ".bench.internal"}, nil
		},
	})
}

// RoundTrip adds the token that the server gave out.
func (s *bao) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("X-Vault-Token", s.token)
	return http.DefaultTransport.RoundTrip(r)
}

// prepare makes the server usable, and a CA and a role for what the clients ask.
func (s *bao) prepare(ctx context.Context) error {
	var made struct {
		Keys  []string `json:"keys_base64"`
		Token string   `json:"root_token"`
	}
	if err := s.call(ctx, "sys/init", map[string]any{"secret_shares": 1, "secret_threshold": 1}, &made); err != nil {
		return err
	}
	if len(made.Keys) != 1 {
		return fmt.Errorf("the server has %d keys", len(made.Keys))
	}
	s.token = made.Token
	for _, step := range []struct {
		path string
		body map[string]any
	}{
		{"sys/unseal", map[string]any{"key": made.Keys[0]}},
		{"sys/mounts/pki", map[string]any{"type": "pki", "config": map[string]any{"max_lease_ttl": "8760h"}}},
		{"pki/root/generate/internal", map[string]any{"common_name": "bench", "key_type": "ec", "key_bits": 256, "ttl": "8760h"}},
		{"pki/roles/app", map[string]any{
			"allowed_domains": "bench.internal", "allow_subdomains": true, "use_csr_common_name": false, "allowed_uri_sans": "spiffe://dev.bench.internal/*",
			"key_type": "ec", "key_bits": 256, "ttl": "24h", "server_flag": false, "client_flag": true,
		}},
	} {
		if err := s.call(ctx, step.path, step.body, nil); err != nil {
			return err
		}
	}
	return nil
}

func (s *bao) call(ctx context.Context, path string, body, into any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.address+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	answer, err := s.RoundTrip(r)
	if err != nil {
		return err
	}
	text, err = io.ReadAll(answer.Body)
	err = errors.Join(err, answer.Body.Close())
	if err == nil && answer.StatusCode >= http.StatusMultipleChoices {
		err = fmt.Errorf("asking %s: %s: %s", path, answer.Status, text)
	}
	if err != nil || into == nil {
		return err
	}
	return json.Unmarshal(text, into)
}

package bench_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// provisioner is the key that step-ca takes the tokens of.
type provisioner struct {
	audience string
	key      *ecdsa.PrivateKey
	id       string
}

// stepModule is smallstep's command line, which sets step-ca up.
const stepModule = "github.com/smallstep/cli/cmd/step@v0.30.2"

// stepCA measures step-ca as "step ca init" sets it up, which records what it
// issues in badger.
func stepCA(b *testing.B) {
	step := installed(b, "step", stepModule)
	program := installed(b, "step-ca", "github.com/smallstep/certificates/cmd/step-ca@v0.30.2")
	dir, address := b.TempDir(), freeAddress(b)
	env := []string{"STEPPATH=" + dir}
	check(b, os.WriteFile(filepath.Join(dir, "pass"), []byte("only for a benchmark"), 0o600))
	measure(b, side{dir: dir, env: env, argv: []string{
		step, "ca", "init", "--name", "bench", "--deployment-type", "standalone", "--dns", "127.0.0.1", "--address", address,
		"--provisioner", "bench", "--password-file", "pass", "--provisioner-password-file", "pass",
	}})
	root, err := os.ReadFile(filepath.Join(dir, "certs", "root_ca.crt"))
	check(b, err)
	p := provision(b, dir)
	p.audience = "https://" + address + "/1.0/sign"
	serve(b, peer{
		name: "step-ca, 8 clients: recorded in badger", ready: "https://" + address + "/health",
		argv: []string{program, filepath.Join("config", "ca.json"), "--password-file", "pass"}, dir: dir, env: env, sign: p.audience,
		body: func(name, csr string) (any, error) {
			token, err := p.token(name)
			return map[string]any{"csr": csr, "ott": token}, err
		},
		client: trusting(root),
	})
}

// provision gives the server a provisioner whose key is here.
func provision(b *testing.B, dir string) provisioner {
	b.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(b, err)
	point, err := key.PublicKey.Bytes()
	check(b, err)
	p := provisioner{key: key, id: "bench"}
	path := filepath.Join(dir, "config", "ca.json")
	text, err := os.ReadFile(path)
	check(b, err)
	var config map[string]any
	check(b, json.Unmarshal(text, &config))
	digits := base64.RawURLEncoding.EncodeToString
	config["authority"].(map[string]any)["provisioners"] = []any{map[string]any{"type": "JWK", "name": "bench", "key": map[string]any{
		"use": "sig", "kty": "EC", "crv": "P-256", "alg": "ES256", "kid": p.id, "x": digits(point[1:33]), "y": digits(point[33:]),
	}}}
	text, err = json.Marshal(config)
	check(b, err)
	check(b, os.WriteFile(path, text, 0o600))
	return p
}

// token lets the bearer ask for one certificate (RFC 7515, ES256).
func (p provisioner) token(name string) (string, error) {
	now := time.Now().Unix()
	head, err := json.Marshal(map[string]any{"alg": "ES256", "kid": p.id, "typ": "JWT"})
	if err != nil {
		return "", err
	}
	claims, err := json.Marshal(map[string]any{
		"iss": "bench", "aud": p.audience, "sub": name, "jti": rand.Text(), "iat": now, "nbf": now, "exp": now + 300,
		"sans": []string{name + ".bench.internal", "spiffe://dev.bench.internal/app"},
	})
	if err != nil {
		return "", err
	}
	text := base64.RawURLEncoding.EncodeToString(head) + "." + base64.RawURLEncoding.EncodeToString(claims)
	digest := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, p.key, digest[:])
	if err != nil {
		return "", err
	}
	sum := make([]byte, 64)
	r.FillBytes(sum[:32])
	s.FillBytes(sum[32:])
	return fmt.Sprintf("%s.%s", text, base64.RawURLEncoding.EncodeToString(sum)), nil
}

package pki_test

import (
	"crypto/x509"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"anchorctl/internal/pki"
)

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

type shapeCase struct {
	name         string
	domains, dns []string
	noConstraint bool
}

func shapeCases() []shapeCase {
	return []shapeCase{
		{"without DNS names", nil, nil, false},
		{"with DNS names", []string{"prod.example.internal", "example.net"}, []string{"backup.prod.example.internal", "example.net"}, false},
		{"without the name constraint", nil, []string{"anything.example.org"}, true},
	}
}

// TestOtherImplementationsAccept has OpenSSL and GnuTLS judge the chains, for
// every type of key and every shape.
func TestOtherImplementationsAccept(t *testing.T) {
	openssl, certtool := needTool(t, "openssl"), needTool(t, "certtool")
	for _, kind := range keyMakers() {
		for _, shape := range shapeCases() {
			if strings.HasPrefix(kind.name, "rsa") && shape.name != "with DNS names" {
				continue // keys of RSA are slow to make, and their shapes are the same
			}
			t.Run(kind.name+" "+shape.name, func(t *testing.T) {
				// certtool knows no other time than the system's.
				f := writeChain(t, newChainAt(t, time.Now(), kind, shape.domains, shape.dns, shape.noConstraint))
				accepts(t, openssl, "verify", "-x509_strict", "-CAfile", f.root, "-untrusted", f.issuer, f.leaf)
				accepts(t, openssl, "verify", "-x509_strict", "-partial_chain", "-trusted", f.issuer, f.leaf)
				accepts(t, openssl, "verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", f.root, "-untrusted", f.issuer, f.leaf)
				accepts(t, openssl, "verify", "-x509_strict", "-CAfile", f.root, f.issuer)
				accepts(t, certtool, "--verify", "--load-ca-certificate", f.root, "--infile", f.chain)
				accepts(t, certtool, "--verify", "--load-ca-certificate", f.issuer, "--infile", f.leaf)
			})
		}
	}
}

// TestOtherImplementationsRefuse makes sure that the judges above can say no:
// names outside the constraint, and another environment's issuer.
func TestOtherImplementationsRefuse(t *testing.T) {
	openssl := needTool(t, "openssl")
	c := newChain(t, keyMakers()[0], nil, nil, false)
	other := issuerSpec()
	other.Environment = "dev"
	dev, err := pki.NewIssuer(other, c.leafKey.Public(), pki.Parent{Certificate: c.root, Key: c.rootKey})
	if err != nil {
		t.Fatal(err)
	}
	c.issuer = dev
	f := writeChain(t, c)
	cmd := exec.CommandContext(t.Context(), openssl, "verify", "-x509_strict", "-partial_chain", "-attime", fmt.Sprint(now().Unix()), "-trusted", f.issuer, f.leaf)
	if out, err := cmd.CombinedOutput(); err == nil {
		t.Errorf("openssl takes another environment's issuer:\n%s", out)
	}
}

// TestOtherImplementationsAcceptInstances: OpenSSL takes a common name that looks
// like a host name for one, and holds it to the issuer's name constraint.
func TestOtherImplementationsAcceptInstances(t *testing.T) {
	openssl, certtool := needTool(t, "openssl"), needTool(t, "certtool")
	for _, shape := range shapeCases() {
		t.Run(shape.name, func(t *testing.T) {
			c := newChainAt(t, time.Now(), keyMakers()[0], shape.domains, shape.dns, shape.noConstraint)
			for _, instance := range []string{"web-2", "7", "i-0abc.eu-central-1", "a@b", "web-2.prod.example.internal"} {
				spec := workloadSpec()
				spec.Now, spec.DNS, spec.Instance = time.Now(), shape.dns, instance
				leaf, err := pki.NewWorkload(spec, c.leafKey.Public(), pki.Parent{Certificate: c.issuer, Key: c.issuerKey})
				if err != nil {
					t.Fatal(err)
				}
				c.leaf = leaf
				f := writeChain(t, c)
				accepts(t, openssl, "verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", f.root, "-untrusted", f.issuer, f.leaf)
				accepts(t, openssl, "verify", "-x509_strict", "-partial_chain", "-trusted", f.issuer, f.leaf)
				accepts(t, certtool, "--verify", "--load-ca-certificate", f.root, "--infile", f.chain)
			}
		})
	}
}

type files struct{ root, issuer, leaf, chain string }

func writeChain(t *testing.T, c chain) files {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, certs ...*x509.Certificate) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pki.EncodePEM(certs...), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return files{
		root:   write("root.pem", c.root),
		issuer: write("issuer.pem", c.issuer),
		leaf:   write("leaf.pem", c.leaf),
		chain:  write("chain.pem", c.leaf, c.issuer),
	}
}

func accepts(t *testing.T, tool string, args ...string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), tool, args...).CombinedOutput()
	if err != nil {
		t.Errorf("%s %s: %v\n%s", filepath.Base(tool), strings.Join(args, " "), err, out)
	}
}

// TestOpenSSLAgreesOnPaths holds VerifyPath's verdicts on workloads against
// OpenSSL's. The cases where they differ are listed, with the reason.
func TestOpenSSLAgreesOnPaths(t *testing.T) {
	openssl := needTool(t, "openssl")
	differ := map[string]string{
		"the last second of a workload":       "RFC 5280 section 4.1.2.5 includes notAfter, OpenSSL does not",
		"a CA is no workload":                 "OpenSSL was not asked for an end entity",
		"a workload without digitalSignature": "OpenSSL was not asked what the key is for",
	}
	for _, c := range pathCases(t) {
		if c.usage != pki.AsWorkload {
			continue // OpenSSL cannot be asked whether a CA could still issue
		}
		t.Run(c.name, func(t *testing.T) {
			subject, intermediates, anchors := c.build(t)
			dir := t.TempDir()
			write := func(name string, list ...*x509.Certificate) string {
				path := filepath.Join(dir, name)
				if err := os.WriteFile(path, pki.EncodePEM(list...), 0o600); err != nil {
					t.Fatal(err)
				}
				return path
			}
			args := []string{"verify", "-x509_strict", "-partial_chain", "-attime", fmt.Sprint(c.at.Unix()), "-trusted", write("anchors.pem", anchors...)}
			if len(intermediates) > 0 {
				args = append(args, "-untrusted", write("intermediates.pem", intermediates...))
			}
			out, err := exec.CommandContext(t.Context(), openssl, append(args, write("subject.pem", subject))...).CombinedOutput()
			ours, theirs := c.want == "", err == nil
			why, listed := differ[c.name]
			if (ours != theirs) != listed {
				t.Errorf("we accept: %t, OpenSSL accepts: %t (listed as different: %q)\n%s", ours, theirs, why, out)
			}
		})
	}
}

package admission_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"anchorctl/internal/admission"
	"anchorctl/internal/rules"
)

// openssl runs OpenSSL in dir, or skips the test where there is none and
// nobody asked for it.
func openssl(t *testing.T, dir string, args ...string) []byte {
	t.Helper()
	program, err := exec.LookPath("openssl")
	if err != nil {
		if os.Getenv("CI") != "" || os.Getenv("ANCHORCTL_TEST_REQUIRE_TOOLS") != "" {
			t.Fatal("openssl is needed")
		}
		t.Skip("there is no openssl")
	}
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("openssl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// Hierarchies that OpenSSL makes in the usual way are admitted: judging
// strictly must not come to mean judging our own alone.
func TestIssuersOfOpenSSLAreAdmitted(t *testing.T) {
	ec := func(curve string) []string {
		return []string{"genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:" + curve}
	}
	rsa := func(bits string) []string {
		return []string{"genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:" + bits}
	}
	pss := []string{"-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"}
	for _, c := range []struct {
		name         string
		root, issuer []string // key generation
		sign         []string
	}{
		{"P-384 and P-256", ec("P-384"), ec("P-256"), []string{"-sha384"}},
		{"P-256 and P-256 with SHA-256", ec("P-256"), ec("P-256"), []string{"-sha256"}},
		{"RSA 4096 and RSA 2048", rsa("4096"), rsa("2048"), []string{"-sha256"}},
		{"RSA 3072 and P-384 with SHA-512", rsa("3072"), ec("P-384"), []string{"-sha512"}},
		{"RSA 2048 and RSA 3072 with PSS", rsa("2048"), rsa("3072"), append([]string{"-sha256"}, pss...)},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			config := `[req]
distinguished_name = dn
[dn]
[root]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[issuer]
basicConstraints = critical,CA:true,pathlen:0
keyUsage = critical,digitalSignature,keyCertSign,cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
`
			if err := os.WriteFile(filepath.Join(dir, "c.cnf"), []byte(config), 0o600); err != nil {
				t.Fatal(err)
			}
			openssl(t, dir, append(c.root, "-out", "root.key")...)
			openssl(t, dir, append(c.issuer, "-out", "issuer.key")...)
			openssl(t, dir, append([]string{"req", "-x509", "-config", "c.cnf", "-extensions", "root", "-key", "root.key", "-days", "3650",
				"-subj", "/O=Example Corp/CN=Example Root", "-out", "root.pem"}, c.sign...)...)
			openssl(t, dir, "req", "-new", "-config", "c.cnf", "-key", "issuer.key", "-subj", "/O=Example Corp/OU=prod/CN=Example Prod Issuer", "-out", "issuer.csr")
			openssl(t, dir, append([]string{"x509", "-req", "-in", "issuer.csr", "-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial",
				"-days", "365", "-extfile", "c.cnf", "-extensions", "issuer", "-out", "issuer.pem"}, c.sign...)...)
			read := func(name string) []byte {
				data, err := os.ReadFile(filepath.Join(dir, name))
				if err != nil {
					t.Fatal(err)
				}
				return data
			}
			judge := func(file []byte) admission.Report {
				report, err := admission.CheckFile(admission.CheckInput{
					At: "issuer.pem", File: bytes.NewReader(file), Root: bytes.NewReader(read("root.pem")), Now: time.Now().Add(time.Minute),
				})
				if err != nil {
					t.Fatal(err)
				}
				return report
			}
			if got := judge(read("issuer.pem")); !got.Admitted || len(got.Findings) > 0 {
				t.Errorf("admitted: %v\n%s", got.Admitted, (&rules.Refusal{Findings: got.Findings}).Error())
			}
			if got := judge(openssl(t, dir, "x509", "-in", "issuer.pem", "-outform", "DER")); !got.Admitted {
				t.Errorf("as DER: %s", (&rules.Refusal{Findings: got.Findings}).Error())
			}
			for _, form := range []string{"PEM", "DER"} {
				bundle := openssl(t, dir, "crl2pkcs7", "-nocrl", "-certfile", "issuer.pem", "-outform", form)
				if got := judge(bundle); !got.Admitted || len(got.Findings) > 0 {
					t.Errorf("as PKCS#7, %s: %s", form, (&rules.Refusal{Findings: got.Findings}).Error())
				}
			}
			for _, other := range []struct {
				args []string
				want string
			}{
				{[]string{"x509", "-in", "issuer.pem", "-text"}, "ANC013"},
				{[]string{"crl2pkcs7", "-nocrl", "-certfile", "issuer.pem", "-certfile", "root.pem"}, "ANC013"},
				{[]string{"crl2pkcs7", "-nocrl", "-certfile", "root.pem", "-certfile", "issuer.pem", "-outform", "DER"}, "ANC013"},
				{[]string{"x509", "-in", "root.pem"}, "ANC001,ANC101"},
			} {
				got := judge(openssl(t, dir, other.args...))
				if found := strings.Join(summary(got.Findings), ","); got.Admitted || found != other.want {
					t.Errorf("openssl %s: admitted %v, findings %s, want %s", strings.Join(other.args, " "), got.Admitted, found, other.want)
				}
			}
		})
	}
}

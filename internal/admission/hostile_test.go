package admission_test

import (
	"crypto/x509"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/admission"
	"anchorctl/internal/grants"
	"anchorctl/internal/pki"
	"anchorctl/internal/publicca"
	"anchorctl/internal/rules"
)

// casesFile names the cases that this process is to judge, in place of running
// tests.
const casesFile = "ANCHORCTL_TEST_CASES"

func TestMain(m *testing.M) {
	if file := os.Getenv(casesFile); file != "" {
		if err := judgeFile(file); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// written is a case as a file can hold it.
type written struct {
	Name            string
	Data            []byte
	Chain, Existing [][]byte
	Roots           [][]byte
	Others          []writtenUse
	SourceType      string
	Now             time.Time
}

type writtenUse struct {
	DER     []byte
	By      string
	Retired bool
}

type verdict struct {
	Name     string
	Admitted bool
	Findings []rules.Finding
}

func raw(certs []*x509.Certificate) [][]byte {
	var out [][]byte
	for _, c := range certs {
		out = append(out, c.Raw)
	}
	return out
}

func write(name string, c admission.AnchorCase) written {
	w := written{Name: name, Data: c.Data, Chain: raw(c.Chain), Existing: raw(c.Existing), Roots: raw(c.Roots), SourceType: c.SourceType, Now: c.Now}
	if w.Data == nil && c.Certificate != nil {
		w.Data = c.Certificate.Raw
	}
	for _, u := range c.Others {
		use := writtenUse{By: u.By, Retired: u.Retired}
		if u.Certificate != nil {
			use.DER = u.Certificate.Raw
		}
		w.Others = append(w.Others, use)
	}
	return w
}

func parseAll(ders [][]byte) ([]*x509.Certificate, error) {
	var certs []*x509.Certificate
	for _, der := range ders {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, err
		}
		certs = append(certs, c)
	}
	return certs, nil
}

func (w written) read() (admission.AnchorCase, error) {
	c := admission.AnchorCase{At: "anchor/prod", Data: w.Data, SourceType: w.SourceType, Now: w.Now}
	var err error
	if c.Chain, err = parseAll(w.Chain); err != nil {
		return c, err
	}
	if c.Existing, err = parseAll(w.Existing); err != nil {
		return c, err
	}
	if c.Roots, err = parseAll(w.Roots); err != nil {
		return c, err
	}
	for _, u := range w.Others {
		use := admission.Use{By: u.By, Retired: u.Retired}
		if len(u.DER) > 0 {
			if use.Certificate, err = x509.ParseCertificate(u.DER); err != nil {
				return c, err
			}
		}
		c.Others = append(c.Others, use)
	}
	return c, nil
}

func judgeFile(file string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var cases []written
	if err := json.Unmarshal(data, &cases); err != nil {
		return err
	}
	verdicts, err := judgeAll(cases)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(verdicts)
}

func judgeAll(cases []written) ([]verdict, error) {
	public := publicca.Load()
	var verdicts []verdict
	for _, w := range cases {
		c, err := w.read()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", w.Name, err)
		}
		c.Public = public
		admitted, findings := admission.Admit(c)
		verdicts = append(verdicts, verdict{w.Name, admitted.Certificate() != nil, findings})
	}
	return judgePolicies(verdicts)
}

// judgePolicies adds the verdicts on the corpus of trust policies, each judged
// as a permission policy, too.
func judgePolicies(verdicts []verdict) ([]verdict, error) {
	files, err := filepath.Glob("../grants/testdata/trust/*.json")
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("%d trust policies, %w", len(files), err)
	}
	for _, file := range files {
		document, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		findings := grants.JudgeTrust(grants.TrustCase{At: file, Document: document})
		findings = append(findings, grants.JudgePermissions(grants.PermissionCase{At: file, Document: document, Kind: grants.RolePermissions})...)
		verdicts = append(verdicts, verdict{file, !rules.Refused(findings), findings})
	}
	return verdicts, nil
}

func TestVerdictsDoNotDependOnTheEnvironment(t *testing.T) {
	w := newWorld(t)
	var cases []written
	for _, c := range allCases() {
		if in := write(c.name, c.make(w)); len(in.Data) < 1<<20 { // 20 MB need not be copied about
			cases = append(cases, in)
		}
	}
	want, err := judgeAll(cases)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file, store := filepath.Join(dir, "cases.json"), filepath.Join(dir, "store.pem")
	data, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	trusted := pki.EncodePEM(w.root().Certificate, w.prod(), w.estate.Issuers["dev"].Certificate)
	for name, content := range map[string][]byte{file: data, store: trusted} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, env := range [][]string{
		nil,
		{"GODEBUG=x509negativeserial=1,rsa1024min=0,x509usefallbackroots=1,x509sha1=1,x509sha256skid=0,x509usepolicies=0,urlstrictcolons=0"},
		{"GODEBUG=x509negativeserial=0,rsa1024min=1,fips140=on"},
		{"GODEBUG=fips140=only"},
		{"SSL_CERT_FILE=" + store, "SSL_CERT_DIR=" + dir},
		{"SSL_CERT_FILE=/nonexistent", "SSL_CERT_DIR=/nonexistent", "HOME=/nonexistent"},
		{"AWS_ENDPOINT_URL=http://127.0.0.1:1", "HTTPS_PROXY=http://127.0.0.1:1", "AWS_CA_BUNDLE=" + store},
		{"LANG=tr_TR.UTF-8", "LC_ALL=ar_EG.UTF-8", "TZ=Asia/Kathmandu"},
	} {
		t.Run(fmt.Sprint(env), func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), program)
			cmd.Env = append([]string{casesFile + "=" + file}, env...)
			cmd.Stderr = os.Stderr
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			var got []verdict
			if err := json.Unmarshal(out, &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("verdicts (-want +got):\n%s", diff)
			}
		})
	}
}

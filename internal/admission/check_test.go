package admission_test

import (
	"bytes"
	"crypto/x509"
	"errors"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/admission"
	"anchorctl/internal/pki"
	"anchorctl/internal/pki/pkitest"
	"anchorctl/internal/rules"
)

func TestCheckFile(t *testing.T) {
	w := newWorld(t)
	root := w.root().PEM()
	for _, c := range []struct {
		name       string
		in         admission.CheckInput
		admitted   bool
		findings   []string
		notChecked []string
	}{
		{
			"an issuer and its root", admission.CheckInput{File: bytes.NewReader(pki.EncodePEM(w.prod())), Root: bytes.NewReader(root)},
			true, nil, []string{"ANC008", "ANC009", "ANC011"},
		},
		{
			"an issuer and no root", admission.CheckInput{File: bytes.NewReader(w.prod().Raw)},
			false, []string{"ANC006"}, []string{"ANC007", "ANC008", "ANC009", "ANC010", "ANC011", "ANC101"},
		},
		{
			"the root as the candidate", admission.CheckInput{File: bytes.NewReader(root), Root: bytes.NewReader(root)},
			false, []string{"ANC001", "ANC101"}, []string{"ANC007", "ANC008", "ANC009", "ANC011"},
		},
		{
			"a chain that holds issuer and root", admission.CheckInput{
				File: bytes.NewReader(w.prod().Raw), Root: bytes.NewReader(root),
				Chain: bytes.NewReader(pki.EncodePEM(w.prod(), w.root().Certificate)),
			},
			true, nil, []string{"ANC008", "ANC009", "ANC011"},
		},
		{
			"a chain with a private key", admission.CheckInput{
				File: bytes.NewReader(w.prod().Raw), Root: bytes.NewReader(root),
				Chain: strings.NewReader("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
			},
			false, []string{"ANC013 chain"}, []string{"ANC008", "ANC009", "ANC011"},
		},
		{
			"a root that cannot be read", admission.CheckInput{File: bytes.NewReader(w.prod().Raw), Root: strings.NewReader("no")},
			false, []string{"ANC013 root"}, []string{"ANC006", "ANC007", "ANC008", "ANC009", "ANC010", "ANC011", "ANC101"},
		},
		{
			"20 MB", admission.CheckInput{File: io.LimitReader(endlessly{}, 20<<20), Root: bytes.NewReader(root)},
			false, []string{"ANC013"}, everythingBut("ANC013"),
		},
		{
			"20 MB of chain", admission.CheckInput{
				File: bytes.NewReader(w.prod().Raw), Root: bytes.NewReader(root), Chain: io.LimitReader(endlessly{}, 20<<20),
			},
			false, []string{"ANC013 chain"}, []string{"ANC008", "ANC009", "ANC011"},
		},
		{
			"nothing", admission.CheckInput{File: strings.NewReader(""), Root: bytes.NewReader(root)},
			false, []string{"ANC013"}, everythingBut("ANC013"),
		},
		{
			"inside an estate, whose root counts", admission.CheckInput{
				File: bytes.NewReader(w.prod().Raw), Estate: &admission.Estate{Roots: []*x509.Certificate{w.root().Certificate}},
			},
			true, nil, []string{"ANC008", "ANC009"},
		},
		{
			"inside an estate, a certificate that is spoken for", admission.CheckInput{
				File: bytes.NewReader(w.prod().Raw),
				Estate: &admission.Estate{
					Roots: []*x509.Certificate{w.root().Certificate}, Others: []admission.Use{{Certificate: w.prod(), By: "issuer/dev#1"}},
				},
			},
			false, []string{"ANC011"}, []string{"ANC008", "ANC009"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.in.At, c.in.Now = "FILE", pkitest.Now()
			got, err := admission.CheckFile(c.in)
			if err != nil {
				t.Fatal(err)
			}
			if got.Admitted != c.admitted {
				t.Errorf("admitted: %v", got.Admitted)
			}
			if diff := cmp.Diff(c.findings, summary(got.Findings)); diff != "" {
				t.Errorf("findings (-want +got):\n%s%s", diff, (&rules.Refusal{Findings: got.Findings}).Error())
			}
			if diff := cmp.Diff(c.notChecked, got.NotChecked); diff != "" {
				t.Errorf("not checked (-want +got):\n%s", diff)
			}
			for _, f := range got.Findings {
				if slices.Contains(got.NotChecked, f.Rule) {
					t.Errorf("%s was not checked and found something", f.Rule)
				}
			}
			if got.Public.Count == 0 || got.Public.Date.IsZero() {
				t.Errorf("the list of public CAs is %+v", got.Public)
			}
		})
	}
}

func everythingBut(id string) []string {
	var ids []string
	for _, r := range rules.All() {
		if r.ID < "ANC200" && r.ID != id {
			ids = append(ids, r.ID)
		}
	}
	return ids
}

type endlessly struct{}

func (endlessly) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'A'
	}
	return len(p), nil
}

func TestCheckFileReadsWithinBounds(t *testing.T) {
	w := newWorld(t)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	report, err := admission.CheckFile(admission.CheckInput{At: "FILE", File: endlessly{}, Chain: endlessly{}, Root: bytes.NewReader(w.root().PEM()), Now: w.now()})
	runtime.ReadMemStats(&after)
	if err != nil || report.Admitted {
		t.Fatalf("admitted %v, error %v", report.Admitted, err)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 8<<20 {
		t.Errorf("an endless file took %d bytes of memory", used)
	}
}

func TestCheckFileSaysWhatItSaw(t *testing.T) {
	w := newWorld(t)
	report, err := admission.CheckFile(admission.CheckInput{
		At: "FILE", File: bytes.NewReader(w.prod().Raw), Root: bytes.NewReader(w.root().PEM()), Now: w.now(),
	})
	if err != nil {
		t.Fatal(err)
	}
	zero := 0
	want := &admission.Facts{
		Subject: "CN=prod issuer 1,OU=prod,O=Example Corp", Issuer: "CN=example root 1,O=Example Corp",
		Serial: pki.SerialHex(w.prod()), SerialDecimal: w.prod().SerialNumber.String(),
		NotBefore: w.prod().NotBefore, NotAfter: w.prod().NotAfter, Key: "ecdsa-p256", Signature: "ECDSA-SHA256",
		Fingerprint: pki.Fingerprint(w.prod()), KeyDigest: report.Subject.KeyDigest, CA: true, PathLength: &zero,
	}
	if diff := cmp.Diff(want, report.Subject); diff != "" {
		t.Error(diff)
	}
	if want := []string{want.Subject, want.Issuer}; !slices.Equal(report.Path, want) {
		t.Errorf("the path is %q, want %q", report.Path, want)
	}
	if len(report.Subject.KeyDigest) != 64 {
		t.Errorf("the key's fingerprint is %q", report.Subject.KeyDigest)
	}
}

func TestCheckFilePassesReadingErrorsOn(t *testing.T) {
	broken := errors.New("the disk is gone")
	_, err := admission.CheckFile(admission.CheckInput{At: "FILE", File: failing{broken}})
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	_, err = admission.CheckFile(admission.CheckInput{At: "FILE", File: strings.NewReader(""), Root: strings.NewReader(""), Estate: &admission.Estate{}})
	if err == nil {
		t.Error("another root can be named inside an estate")
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

package admission_test

import (
	"bytes"
	"crypto/x509"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/admission"
	"anchorctl/internal/pki"
	"anchorctl/internal/pki/pkitest"
	"anchorctl/internal/rules"
)

// links is a hierarchy with everything that may stand in a chain.
type links struct {
	*world

	leaf, middle, below pkitest.Cert // a workload of prod; an intermediate below a root of its own, and an issuer below that
	wide                pkitest.Cert
}

func newLinks(t *testing.T) links {
	t.Helper()
	w := newWorld(t)
	l := links{world: w, leaf: w.estate.Leaf(t, "prod", "app"), wide: pkitest.Root(t, pkitest.PathLen(-1))}
	l.middle = l.wide.Issuer(t, "prod", pkitest.Name("middle"), pkitest.PathLen(1))
	l.below = l.middle.Issuer(t, "prod")
	return l
}

func pemOf(certs ...pkitest.Cert) []byte {
	var out []byte
	for _, c := range certs {
		out = append(out, c.PEM()...)
	}
	return out
}

func TestCheckChain(t *testing.T) {
	l := newLinks(t)
	root, prod, dev := l.root(), l.estate.Issuers["prod"], l.estate.Issuers["dev"]
	below := func(options ...pkitest.Option) pkitest.Cert { return prod.Leaf(t, "prod", "app", options...) }
	for _, c := range []struct {
		name  string
		file  []byte
		root  pkitest.Cert // the zero Cert: none is named
		kind  string
		roles string // of the certificates of the file
		want  []string
	}{
		{"a workload and its issuer", pemOf(l.leaf, prod), root, "workload", "workload issuer", nil},
		{"the same in PKCS#7", pkitest.Bundle{Certificates: slices.Concat(l.leaf.Certificate.Raw, prod.Certificate.Raw)}.Bytes(), root, "workload", "workload issuer", nil},
		{"an issuer alone", pemOf(prod), root, "issuer", "issuer", nil},
		{"an issuer and an intermediate", pemOf(l.below, l.middle), l.wide, "issuer", "issuer intermediate", nil},
		{"with the root, which need not be there", pemOf(l.leaf, prod, root), root, "workload", "workload issuer root", []string{"ANC006 warn certificate 3"}},
		{"the issuer first", pemOf(prod, l.leaf), root, "workload", "issuer workload", []string{"ANC006 certificate 2", "ANC006 warn"}},
		{"intermediates out of order", pemOf(l.middle, l.below), l.wide, "issuer", "intermediate issuer", []string{"ANC006 warn"}},
		{"a workload below two, out of order", pemOf(l.below.Leaf(t, "prod", "app"), l.middle, l.below), l.wide, "workload", "workload intermediate issuer",
			[]string{"ANC006 warn"}},
		{"the issuer missing", pemOf(l.leaf), root, "workload", "workload", []string{"ANC006 certificate 1"}},
		{"an intermediate missing", pemOf(l.below), l.wide, "issuer", "issuer", []string{"ANC006 certificate 1"}},
		{"another environment's issuer", pemOf(l.leaf, dev), root, "workload", "workload unproven", []string{"ANC006 certificate 1"}},
		{"a superfluous certificate", pemOf(l.leaf, prod, dev), root, "workload", "workload issuer superfluous", []string{"ANC006 warn certificate 3"}},
		{"the issuer twice", pemOf(l.leaf, prod, prod), root, "workload", "workload issuer issuer", []string{"ANC006 warn certificate 3"}},
		{"two workloads", pemOf(l.leaf, l.estate.Leaf(t, "prod", "web"), prod), root, "", "", []string{"ANC013"}},
		{"no root named", pemOf(l.leaf, prod), pkitest.Cert{}, "workload", "workload unproven", []string{"ANC006 certificate 2"}},
		{"somebody else's root", pemOf(l.leaf, prod), l.wide, "workload", "workload unproven", []string{"ANC006 certificate 2"}},
		{"a workload of the root itself", pemOf(root.Leaf(t, "prod", "app")), root, "workload", "workload", []string{"ANC101 certificate 1"}},
		{"an issuer below an intermediate without room", pemOf(l.middle.Issuer(t, "prod", pkitest.PathLen(0)).Issuer(t, "prod"), l.middle), l.wide,
			"issuer", "issuer unproven", []string{"ANC006 certificate 1"}},
		{"an expired workload", pemOf(below(pkitest.Dates(l.now().Add(-time.Hour), l.now().Add(-time.Minute))), prod), root, "workload", "workload unproven",
			[]string{"ANC005 certificate 1"}},
		{"an expired workload and no root", pemOf(below(pkitest.Dates(l.now().Add(-time.Hour), l.now().Add(-time.Minute))), prod), pkitest.Cert{}, "workload", "workload unproven",
			[]string{"ANC005 certificate 1", "ANC006 certificate 2"}},
		{"a workload with a public CA's key", slices.Concat(pki.EncodePEM(pkitest.Parsed(t, pkitest.Forge(t, l.leaf.Certificate,
			pkitest.ByRoot(&pkitest.Estate{Root: prod}), pkitest.SetKey(t, publicRSA(l.world).PublicKey)))), pemOf(prod)), root, "workload", "workload issuer",
			[]string{"ANC002 certificate 1"}},
		{"a workload in its last hours", pemOf(below(pkitest.Dates(l.now().Add(-20*time.Hour), l.now().Add(4*time.Hour))), prod), root, "workload", "workload issuer",
			[]string{"ANC012 warn certificate 1"}},
		{"a workload that outlives its issuer", pemOf(below(pkitest.Dates(l.now(), l.now().AddDate(5, 0, 0))), prod), root, "workload", "workload issuer",
			[]string{"ANC201 certificate 1"}},
		{"a workload that cannot sign", pemOf(below(pkitest.Usage(x509.KeyUsageKeyEncipherment)), prod), root, "workload", "workload unproven",
			[]string{"ANC204 certificate 1"}},
		{"a server's certificate", pemOf(below(pkitest.Usage(x509.KeyUsageDigitalSignature|x509.KeyUsageKeyEncipherment),
			pkitest.With(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} })), prod), root,
			"workload", "workload issuer", []string{"ANC204 warn certificate 1"}},
		{"a name that its issuer's constraints forbid", pemOf(prod.Leaf(t, "dev", "app"), prod), root, "workload", "workload unproven",
			[]string{"ANC202 certificate 1"}},
		{"an organisation that no tag can carry", pemOf(below(pkitest.With(func(c *x509.Certificate) { c.Subject.Organization = []string{"A, B"} })), prod), root,
			"workload", "workload issuer", []string{"ANC204 certificate 1"}},
		{"an issuer for servers alone", pemOf(l.leaf, root.Issuer(t, "prod", pkitest.Key(prod.Key), pkitest.With(func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		}))), root, "workload", "workload issuer", []string{"ANC004 certificate 2"}},
		{"a self-signed stranger at the end", pemOf(l.leaf, prod, l.wide), root, "workload", "workload issuer superfluous",
			[]string{"ANC001 certificate 3", "ANC006 warn certificate 3"}},
		{"the root alone", pemOf(root), root, "issuer", "issuer", []string{"ANC001 certificate 1", "ANC101 certificate 1"}},
		{"a private key in it", append(pemOf(l.leaf, prod), "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"...), root, "", "", []string{"ANC013"}},
		{"nothing", nil, root, "", "", []string{"ANC013"}},
		{"20 MB", bytes.Repeat([]byte("A"), 20<<20), root, "", "", []string{"ANC013"}},
		{"seventeen", bytes.Repeat(prod.PEM(), 17), root, "", "", []string{"ANC013"}},
		{"something unreadable in the middle", slices.Concat(pemOf(l.leaf), []byte("-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n"), pemOf(prod)),
			root, "workload", "workload issuer", []string{"ANC013 certificate 2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := admission.ChainInput{At: "chain.pem", File: bytes.NewReader(c.file), Now: l.now()}
			if c.root.Certificate != nil {
				in.Root = bytes.NewReader(c.root.PEM())
			}
			got, err := admission.CheckChain(in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, summary(got.Findings)); diff != "" {
				t.Errorf("findings (-want +got):\n%s%s", diff, (&rules.Refusal{Findings: got.Findings}).Error())
			}
			if want := !rules.Refused(got.Findings); got.Sound != want || got.Kind != c.kind {
				t.Errorf("sound %v, kind %q, want %v, %q", got.Sound, got.Kind, want, c.kind)
			}
			var roles []string
			for _, in := range got.Certificates {
				roles = append(roles, in.Role)
			}
			if list := strings.Join(roles, " "); c.kind != "" && list != c.roles {
				t.Errorf("roles are %q, want %q", list, c.roles)
			}
			legible(t, got.Findings)
		})
	}
}

// Inside an estate its issuers complete the chain, as their anchors do, and a
// workload is held to its environment.
func TestCheckChainInAnEstate(t *testing.T) {
	l := newLinks(t)
	prod := l.estate.Issuers["prod"]
	estate := func() *admission.ChainEstate {
		return &admission.ChainEstate{Roots: []*x509.Certificate{l.root().Certificate}, Issuers: []admission.ChainIssuer{
			{Certificate: l.estate.Issuers["dev"].Certificate, By: "issuer/dev#1", Environment: "dev", TrustDomain: pkitest.TrustDomain},
			{
				Certificate: prod.Certificate, By: "issuer/prod#1", Environment: "prod", TrustDomain: pkitest.TrustDomain,
				Workloads: map[string][]string{"app": nil}, Limit: 24 * time.Hour,
			},
		}}
	}
	retired := estate()
	retired.Issuers[1].Retired = true
	for _, c := range []struct {
		name   string
		file   []byte
		estate *admission.ChainEstate
		want   []string
	}{
		{"a workload alone, whose issuer the anchor holds", pemOf(l.leaf), estate(), nil},
		{"a workload and its issuer", pemOf(l.leaf, prod), estate(), nil},
		{"the issuer alone", pemOf(prod), estate(), nil},
		{"a workload that the environment does not have", pemOf(l.estate.Leaf(t, "prod", "web")), estate(), []string{"ANC202 certificate 1"}},
		{"a workload of an environment that permits nobody", pemOf(l.estate.Leaf(t, "dev", "app")), estate(),
			[]string{"ANC201 certificate 1", "ANC202 certificate 1", "ANC203 certificate 1"}},
		{"a workload that lives too long", pemOf(prod.Leaf(t, "prod", "app", pkitest.Dates(l.now(), l.now().AddDate(0, 1, 0)))), estate(), []string{"ANC201 certificate 1"}},
		{"a workload of a retired issuer", pemOf(l.leaf), retired, []string{"ANC011 certificate 1"}},
		{"a workload of somebody else", pemOf(l.below.Leaf(t, "prod", "app")), estate(), []string{"ANC006 certificate 1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := admission.CheckChain(admission.ChainInput{At: "chain.pem", File: bytes.NewReader(c.file), Estate: c.estate, Now: l.now()})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, summary(got.Findings)); diff != "" {
				t.Errorf("findings (-want +got):\n%s%s", diff, (&rules.Refusal{Findings: got.Findings}).Error())
			}
		})
	}
	if _, err := admission.CheckChain(admission.ChainInput{Root: bytes.NewReader(nil), Estate: estate()}); err == nil {
		t.Error("inside an estate another root was taken")
	}
}

func TestCheckChainSaysWhatItDidNotCheck(t *testing.T) {
	l := newLinks(t)
	for _, c := range []struct {
		file []byte
		want []string
	}{
		{pemOf(l.leaf, l.estate.Issuers["prod"]), []string{"ANC008", "ANC009", "ANC011", "ANC201", "ANC202", "ANC203"}},
		{pki.EncodePEM(l.prod()), []string{"ANC008", "ANC009", "ANC011"}},
	} {
		got, err := admission.CheckChain(admission.ChainInput{At: "chain.pem", File: bytes.NewReader(c.file), Root: bytes.NewReader(l.root().PEM()), Now: l.now()})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, got.NotChecked); diff != "" {
			t.Errorf("not checked (-want +got):\n%s", diff)
		}
	}
}

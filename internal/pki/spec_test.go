package pki_test

import (
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/hint"
	"anchorctl/internal/pki"
	"anchorctl/internal/pki/pkitest"
)

// shapeOf is what a certificate says, in the words of the design.
type shapeOf struct {
	Subject, Issuer       string
	CA                    bool
	PathLen               int // -1 without
	KeyUsage              x509.KeyUsage
	ExtKeyUsage           []x509.ExtKeyUsage
	PermittedURI          []string
	PermittedDNS          []string
	ExcludedDNS           []string
	URIs, DNS             []string
	NotBefore, NotAfter   string
	Algorithm             string
	SerialBits, Criticals int
}

func shape(c *x509.Certificate) shapeOf {
	s := shapeOf{
		Subject: c.Subject.String(), Issuer: c.Issuer.String(), CA: c.IsCA, PathLen: -1,
		KeyUsage: c.KeyUsage, ExtKeyUsage: c.ExtKeyUsage,
		PermittedURI: c.PermittedURIDomains, PermittedDNS: c.PermittedDNSDomains, ExcludedDNS: c.ExcludedDNSDomains,
		DNS: c.DNSNames, NotBefore: c.NotBefore.Format(time.RFC3339), NotAfter: c.NotAfter.Format(time.RFC3339),
		Algorithm: c.SignatureAlgorithm.String(), SerialBits: c.SerialNumber.BitLen(),
	}
	if n, ok := pki.MaxPathLen(c); ok {
		s.PathLen = n
	}
	for _, u := range c.URIs {
		s.URIs = append(s.URIs, u.String())
	}
	for _, e := range c.Extensions {
		if e.Critical {
			s.Criticals++
		}
	}
	return s
}

func TestCertificatesHaveTheirShape(t *testing.T) {
	c := newChain(t, keyMaker{"ecdsa-p384", keyMakers()[1].make}, nil, nil, false)
	ca, client := x509.KeyUsageCertSign|x509.KeyUsageCRLSign, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	want := map[*x509.Certificate]shapeOf{
		c.root: {Subject: "CN=example root 1,O=Example Corp", Issuer: "CN=example root 1,O=Example Corp", CA: true, PathLen: 1, KeyUsage: ca,
			NotBefore: "2026-11-02T11:45:00Z", NotAfter: "2036-10-30T12:00:00Z", Algorithm: "ECDSA-SHA384", SerialBits: 127, Criticals: 2},
		c.issuer: {Subject: "CN=prod issuer 2,OU=prod,O=Example Corp", Issuer: "CN=example root 1,O=Example Corp", CA: true, PathLen: 0, KeyUsage: ca,
			ExtKeyUsage: client, PermittedURI: []string{"prod.example.internal"}, ExcludedDNS: []string{""},
			NotBefore: "2026-11-02T11:45:00Z", NotAfter: "2027-11-02T12:00:00Z", Algorithm: "ECDSA-SHA384", SerialBits: 127, Criticals: 3},
		c.leaf: {Subject: "CN=backup,OU=prod,O=Example Corp", Issuer: "CN=prod issuer 2,OU=prod,O=Example Corp", PathLen: -1,
			KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: client, URIs: []string{"spiffe://prod.example.internal/backup"},
			NotBefore: "2026-11-02T11:45:00Z", NotAfter: "2026-11-03T12:00:00Z", Algorithm: "ECDSA-SHA384", SerialBits: 127, Criticals: 2},
	}
	for cert, w := range want {
		if diff := cmp.Diff(w, shape(cert)); diff != "" {
			t.Errorf("%s:\n%s", cert.Subject, diff)
		}
		if !cmp.Equal(cert.AuthorityKeyId, c.root.SubjectKeyId) && !cmp.Equal(cert.AuthorityKeyId, c.issuer.SubjectKeyId) || len(cert.SubjectKeyId) != 20 {
			t.Errorf("%s: key identifiers are %x and %x", cert.Subject, cert.SubjectKeyId, cert.AuthorityKeyId)
		}
	}
	if len(pki.SerialHex(c.leaf)) != 32 || pki.SerialDecimal(c.leaf) != c.leaf.SerialNumber.String() {
		t.Error("the serial number is not shown as it is")
	}
}

func TestAConfiguredDNSDomainIsPermitted(t *testing.T) {
	c := newChain(t, keyMakers()[0], []string{"prod.example.internal"}, []string{"a.prod.example.internal", "prod.example.internal"}, false)
	if got := shape(c.issuer); len(got.ExcludedDNS) != 0 || len(got.PermittedDNS) != 1 || got.PermittedDNS[0] != "prod.example.internal" {
		t.Errorf("got permitted %v, excluded %v", got.PermittedDNS, got.ExcludedDNS)
	}
	if diff := cmp.Diff([]string{"a.prod.example.internal", "prod.example.internal"}, shape(c.leaf).DNS); diff != "" {
		t.Error(diff)
	}
	open := newChain(t, keyMakers()[0], []string{"prod.example.internal"}, []string{"elsewhere.example.org"}, true)
	if got := shape(open.issuer); len(got.PermittedURI)+len(got.PermittedDNS)+len(got.ExcludedDNS) != 0 {
		t.Errorf("the name constraint was not turned off: %+v", got)
	}
}

func TestTheSameKeyKeepsItsIdentifier(t *testing.T) {
	c := newChain(t, keyMakers()[0], nil, nil, false)
	later := issuerSpec()
	later.Now = now().AddDate(0, 6, 0)
	again, err := pki.NewIssuer(later, c.issuerKey.Public(), pki.Parent{Certificate: c.root, Key: c.rootKey})
	if err != nil {
		t.Fatal(err)
	}
	if !cmp.Equal(again.SubjectKeyId, c.issuer.SubjectKeyId) || string(again.RawSubject) != string(c.issuer.RawSubject) {
		t.Error("a renewal with the same key changes its subject or key identifier")
	}
	if again.SerialNumber.Cmp(c.issuer.SerialNumber) == 0 {
		t.Error("a renewal has the same serial number")
	}
	// What the former certificate signed still chains to the renewed one.
	if _, err := pki.VerifyPath(c.leaf, nil, certs{again}, c.leaf.NotBefore, pki.AsWorkload); err == nil {
		t.Error("a certificate that is not valid yet was taken")
	}
}

func TestNothingOutlivesItsIssuer(t *testing.T) {
	c := newChain(t, keyMakers()[0], nil, nil, false)
	issuer := pki.Parent{Certificate: c.issuer, Key: c.issuerKey}
	end := c.issuer.NotAfter
	cases := []struct {
		name    string
		now     time.Time
		life    time.Duration
		longest time.Duration // of the error; 0 when there is none
	}{
		{"to the second", end.Add(-time.Hour), time.Hour, 0},
		{"a second longer", end.Add(-time.Hour), time.Hour + time.Second, time.Hour},
		{"much longer", end.Add(-90 * time.Minute), 24 * time.Hour, 90 * time.Minute},
	}
	for _, k := range cases {
		s := workloadSpec()
		s.Now, s.Lifetime = k.now, k.life
		_, err := pki.NewWorkload(s, c.leafKey.Public(), issuer)
		var tooLong *pki.LifetimeError
		switch {
		case k.longest == 0 && err != nil:
			t.Errorf("%s: %v", k.name, err)
		case k.longest != 0 && (!errors.As(err, &tooLong) || tooLong.Longest != k.longest || !strings.Contains(err.Error(), k.longest.String())):
			t.Errorf("%s: got %v, want the longest lifetime %s", k.name, err, k.longest)
		}
	}
	for name, at := range map[string]time.Time{"expired": end.Add(time.Second), "not yet valid": c.issuer.NotBefore.Add(-time.Second)} {
		s := workloadSpec()
		s.Now = at
		if _, err := pki.NewWorkload(s, c.leafKey.Public(), issuer); err == nil || !strings.Contains(err.Error(), "signs nothing now") {
			t.Errorf("an issuer that is %s: got %v", name, err)
		}
	}
	// Just after the issuer was made, back-dating stops at the issuer's own start.
	young := issuerSpec()
	young.Now = now()
	s := workloadSpec()
	s.Now = c.issuer.NotBefore.Add(time.Minute)
	leaf, err := pki.NewWorkload(s, c.leafKey.Public(), issuer)
	if err != nil || !leaf.NotBefore.Equal(c.issuer.NotBefore) {
		t.Errorf("starts at %v, want its issuer's start %s: %v", leaf, c.issuer.NotBefore, err)
	}
}

func TestCapsOfLifetimes(t *testing.T) {
	c := newChain(t, keyMakers()[0], nil, nil, false)
	var tooLong *pki.LifetimeError
	root := rootSpec()
	root.Lifetime = pki.MaxRootLifetime + time.Second
	if _, err := pki.NewRoot(root, c.rootKey); !errors.As(err, &tooLong) || tooLong.Longest != pki.MaxRootLifetime {
		t.Errorf("root: got %v", err)
	}
	issuer := issuerSpec()
	issuer.Lifetime = pki.MaxIssuerLifetime + time.Second
	if _, err := pki.NewIssuer(issuer, c.issuerKey.Public(), pki.Parent{Certificate: c.root, Key: c.rootKey}); !errors.As(err, &tooLong) || tooLong.Longest != pki.MaxIssuerLifetime {
		t.Errorf("issuer: got %v", err)
	}
	// Past 2049 dates are written in another way.
	root = rootSpec()
	root.Lifetime = pki.MaxRootLifetime
	if _, err := pki.NewRoot(root, c.rootKey); err != nil {
		t.Error(err)
	}
}

func TestSpecsThatAreRefused(t *testing.T) {
	c := newChain(t, keyMakers()[0], []string{"prod.example.internal"}, nil, false)
	root, issuer := pki.Parent{Certificate: c.root, Key: c.rootKey}, pki.Parent{Certificate: c.issuer, Key: c.issuerKey}
	leaf := pki.Parent{Certificate: c.leaf, Key: c.leafKey}
	other := pkitest.ECDSA(t)
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	p224, err := ecdsaKey(elliptic.P224())
	if err != nil {
		t.Fatal(err)
	}
	newRoot := func(change func(*pki.RootSpec)) func() error {
		return func() error { s := rootSpec(); change(&s); _, err := pki.NewRoot(s, c.rootKey); return err }
	}
	newIssuer := func(p pki.Parent, change func(*pki.IssuerSpec)) func() error {
		return func() error { s := issuerSpec(); change(&s); _, err := pki.NewIssuer(s, other.Public(), p); return err }
	}
	newLeaf := func(p pki.Parent, change func(*pki.WorkloadSpec)) func() error {
		return func() error {
			s := workloadSpec()
			change(&s)
			_, err := pki.NewWorkload(s, other.Public(), p)
			return err
		}
	}
	same := func(*pki.WorkloadSpec) {}
	cases := []struct {
		name string
		make func() error
		want string
	}{
		{"an organisation with a comma", newRoot(func(s *pki.RootSpec) { s.Organization = "Example, Inc." }), "session tag"},
		{"no organisation", newRoot(func(s *pki.RootSpec) { s.Organization = "" }), "1 to 64"},
		{"an organisation that is too long", newRoot(func(s *pki.RootSpec) { s.Organization = strings.Repeat("x", 65) }), "1 to 64"},
		{"an organisation with a line end", newRoot(func(s *pki.RootSpec) { s.Organization = "Example\nCorp" }), "white space"},
		{"an organisation with a space at its end", newRoot(func(s *pki.RootSpec) { s.Organization = "Example " }), "white space"},
		{"an organisation that is no UTF-8", newRoot(func(s *pki.RootSpec) { s.Organization = "Ex\xffmple" }), "session tag"},
		{"a common name that is too long", newRoot(func(s *pki.RootSpec) { s.Name = strings.Repeat("x", 60) }), "61 characters"},
		{"generation 0", newRoot(func(s *pki.RootSpec) { s.Generation = 0 }), "counted from 1"},
		{"no lifetime", newRoot(func(s *pki.RootSpec) { s.Lifetime = 0 }), "too short"},
		{"no clock", newRoot(func(s *pki.RootSpec) { s.Now = time.Time{} }), "the clock says"},
		{"an environment with capitals", newIssuer(root, func(s *pki.IssuerSpec) { s.Environment = "Prod" }), "environment"},
		{"an environment with a dot", newIssuer(root, func(s *pki.IssuerSpec) { s.Environment = "a.b" }), "environment"},
		{"an environment with a hyphen at its end", newIssuer(root, func(s *pki.IssuerSpec) { s.Environment = "a-" }), "host name"},
		{"a trust domain with capitals", newIssuer(root, func(s *pki.IssuerSpec) { s.TrustDomain = "Example.internal" }), "host name"},
		{"a trust domain with a port", newIssuer(root, func(s *pki.IssuerSpec) { s.TrustDomain = "example.internal:80" }), "host name"},
		{"a DNS domain with a leading dot", newIssuer(root, func(s *pki.IssuerSpec) { s.DNSDomains = []string{".example.org"} }), "host name"},
		{"an issuer under an issuer", newIssuer(issuer, func(s *pki.IssuerSpec) { s.Generation, s.Lifetime = 3, time.Hour }), "path length"},
		{"an issuer under a workload", newIssuer(leaf, func(s *pki.IssuerSpec) { s.Lifetime = time.Hour }), "not a CA"},
		{"a workload under the root", newLeaf(root, same), "not an issuer of environment prod"},
		{"a workload under another workload", newLeaf(leaf, func(s *pki.WorkloadSpec) { s.Workload, s.Lifetime = "reports", time.Hour }), "not a CA"},
		{"a workload of another environment", newLeaf(issuer, func(s *pki.WorkloadSpec) { s.Environment = "dev" }), "not an issuer of environment dev"},
		{"a workload of another trust domain", newLeaf(issuer, func(s *pki.WorkloadSpec) { s.TrustDomain = "example.org" }), "not permitted"},
		{"a DNS name outside the environment's domains", newLeaf(issuer, func(s *pki.WorkloadSpec) { s.DNS = []string{"example.org"} }), "not permitted"},
		{"a DNS name with a wildcard", newLeaf(issuer, func(s *pki.WorkloadSpec) { s.DNS = []string{"*.prod.example.internal"} }), "host name"},
		{"a workload with a slash", newLeaf(issuer, func(s *pki.WorkloadSpec) { s.Workload = "a/b" }), "workload"},
		{"a workload without a name", newLeaf(issuer, func(s *pki.WorkloadSpec) { s.Workload = "" }), "workload"},
		{"an instance with a comma", newLeaf(issuer, func(s *pki.WorkloadSpec) { s.Instance = "a,b" }), "instance"},
		{"the key of somebody else's certificate", newLeaf(pki.Parent{Certificate: c.issuer, Key: other}, same), "does not belong"},
		{"no issuer", newLeaf(pki.Parent{}, same), "no issuer"},
		{"an Ed25519 key", func() error { _, err := pki.NewWorkload(workloadSpec(), edKey.Public(), issuer); return err }, "neither ECDSA nor RSA"},
		{"a short RSA key", func() error { _, err := pki.NewWorkload(workloadSpec(), short.Public(), issuer); return err }, "1024 bits"},
		{"a key on P-224", func() error { _, err := pki.NewWorkload(workloadSpec(), p224.Public(), issuer); return err }, "224 bits"},
		{"the issuer's own key", func() error { _, err := pki.NewWorkload(workloadSpec(), c.issuerKey.Public(), issuer); return err }, "itself"},
	}
	for _, k := range cases {
		t.Run(k.name, func(t *testing.T) {
			if err := k.make(); err == nil || !strings.Contains(err.Error(), k.want) {
				t.Errorf("got %v, want an error with %q", err, k.want)
			}
		})
	}
}

// Names at the edge of what a configuration allows.
func TestNamesAtTheEdge(t *testing.T) {
	for _, name := range []string{"a", "a1", "a--b", strings.Repeat("z", 32)} {
		issuer := issuerSpec()
		issuer.Environment, issuer.Organization = name, "Ünïted Bäkers @ _.:/=+-"
		c := newChain(t, keyMakers()[0], nil, nil, false)
		made, err := pki.NewIssuer(issuer, c.issuerKey.Public(), pki.Parent{Certificate: c.root, Key: c.rootKey})
		if err != nil {
			t.Fatal(err)
		}
		w := workloadSpec()
		w.Environment, w.Workload, w.Instance, w.Organization = name, strings.Repeat("w", 32), strings.Repeat("i", 28), issuer.Organization
		if _, err := pki.NewWorkload(w, c.leafKey.Public(), pki.Parent{Certificate: made, Key: c.issuerKey}); err != nil {
			t.Error(err)
		}
	}
}

// The lints must be able to say no: shapes that are wrong are seen.
func TestLintSeesWrongShapes(t *testing.T) {
	root := pkitest.Root(t)
	issuer := root.Issuer(t, "prod")
	cases := []struct {
		name string
		cert *x509.Certificate
		want string
	}{
		{"a URI missing", issuer.Leaf(t, "prod", "x", uris(t)).Certificate, "anchorctl_names"},
		{"two URIs", issuer.Leaf(t, "prod", "x", uris(t, "spiffe://prod.example.internal/x", "spiffe://prod.example.internal/y")).Certificate, "anchorctl_names"},
		{"a workload that asks to be a CA", issuer.Leaf(t, "prod", "x", pkitest.With(func(c *x509.Certificate) { c.IsCA = true })).Certificate, "anchorctl_usage"},
		{"a server's usage", issuer.Leaf(t, "prod", "x", pkitest.With(func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		})).Certificate, "anchorctl_usage"},
		{"two distribution points", issuer.Leaf(t, "prod", "x", pkitest.With(func(c *x509.Certificate) {
			c.CRLDistributionPoints = []string{"http://x/crl", "http://y/crl"}
		})).Certificate, "anchorctl_names"},
		{"a distribution point that is no URL of the web", issuer.Leaf(t, "prod", "x", pkitest.With(func(c *x509.Certificate) {
			c.CRLDistributionPoints = []string{"ldap://x/crl"}
		})).Certificate, "anchorctl_names"},
		{"a distribution point of an issuer", root.Issuer(t, "prod", pkitest.With(func(c *x509.Certificate) {
			c.CRLDistributionPoints = []string{"http://x/crl"}
		})).Certificate, "anchorctl_extensions"},
		{"an issuer without a path length", root.Issuer(t, "prod", pkitest.PathLen(-1)).Certificate, "anchorctl_usage"},
		{"an issuer with a path length of 1", root.Issuer(t, "prod", pkitest.PathLen(1)).Certificate, "anchorctl_usage"},
		{"a comma in a name", issuer.Leaf(t, "prod", "x", pkitest.Name("a,b")).Certificate, "anchorctl_common_name"},
		{"a short serial number", issuer.Leaf(t, "prod", "x", pkitest.With(func(c *x509.Certificate) { c.SerialNumber.SetInt64(7) })).Certificate, "anchorctl_serial"},
		{"an issuer without key usage", root.Issuer(t, "prod", pkitest.Usage(0)).Certificate, "e_path_len_constraint_improperly_included"},
	}
	for _, k := range cases {
		t.Run(k.name, func(t *testing.T) {
			var codes []string
			for _, p := range pki.Lint(k.cert) {
				codes = append(codes, p.Code)
			}
			if !strings.Contains(strings.Join(codes, " "), k.want) {
				t.Errorf("got %v, want %q among them", codes, k.want)
			}
		})
	}
	if problems := pki.Lint(issuer.Leaf(t, "prod", "x").Certificate); len(problems) != 0 {
		t.Errorf("a workload in its right shape: %v", problems)
	}
}

func BenchmarkNewWorkload(b *testing.B) {
	c := newChain(b, keyMakers()[0], nil, nil, false)
	for b.Loop() {
		if _, err := pki.NewWorkload(workloadSpec(), c.leafKey.Public(), pki.Parent{Certificate: c.issuer, Key: c.issuerKey}); err != nil {
			b.Fatal(err)
		}
	}
}

func TestWorkloadNamesAreTakenApart(t *testing.T) {
	for name, want := range map[string][2]string{
		"backup": {"backup"}, "backup@web-2": {"backup", "web-2"}, "backup@a.b@c": {"backup", "a.b@c"},
	} {
		workload, instance, err := pki.SplitWorkloadName(name)
		if err != nil || [2]string{workload, instance} != want || pki.WorkloadName(workload, instance) != name {
			t.Errorf("%q: got %q, %q, %v", name, workload, instance, err)
		}
	}
	for name, want := range map[string]string{
		"": "", "@": "", "backup@": "", "@web-2": "", "backup.": "", ".web-2": "", "a/b": "", "a@b/c": "",
		"backup.web-2": `write "backup@web-2": the name of an instance follows an @`,
		"backup.a.b@c": `write "backup@a.b@c": the name of an instance follows an @`,
	} {
		workload, instance, err := pki.SplitWorkloadName(name)
		if err == nil || strings.Join(hint.Of(err), "") != want {
			t.Errorf("%q: got %q, %q, %v, hints %q", name, workload, instance, err, hint.Of(err))
		}
	}
}

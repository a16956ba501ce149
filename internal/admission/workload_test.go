package admission_test

import (
	"crypto/x509"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/admission"
	"anchorctl/internal/pki"
	"anchorctl/internal/pki/pkitest"
	"anchorctl/internal/rules"
)

func TestJudgeWorkload(t *testing.T) {
	e := pkitest.NewEstate(t, "dev", "prod")
	uris := func(list ...string) pkitest.Option {
		return pkitest.With(func(c *x509.Certificate) {
			c.URIs = nil
			for _, text := range list {
				u, err := url.Parse(text)
				if err != nil {
					t.Fatal(err)
				}
				c.URIs = append(c.URIs, u)
			}
		})
	}
	with := pkitest.With
	for _, c := range []struct {
		name    string
		options []pkitest.Option
		change  func(*admission.WorkloadCase)
		want    []string
	}{
		{"a workload's certificate", nil, nil, nil},
		{"an instance's certificate with the workload's DNS name", []pkitest.Option{
			pkitest.Name("backup@7"), with(func(c *x509.Certificate) { c.DNSNames = []string{"backup.prod.example.internal"} }),
		}, nil, nil},
		{"longer than the limit", []pkitest.Option{pkitest.Dates(pkitest.Now().Add(-pki.BackDate), pkitest.Now().Add(24*time.Hour+time.Second))}, nil, []string{"ANC201"}},
		{"longer than the issuer", nil, func(c *admission.WorkloadCase) {
			issuer := *c.Issuer
			issuer.NotAfter = pkitest.Now()
			c.Issuer = &issuer
		}, []string{"ANC201"}},
		{"no limit given", nil, func(c *admission.WorkloadCase) { c.Limit = 0 }, []string{"ANC201"}},
		{"another environment's OU", []pkitest.Option{with(func(c *x509.Certificate) { c.Subject.OrganizationalUnit = []string{"dev"} })}, nil, []string{"ANC202"}},
		{"two OUs", []pkitest.Option{with(func(c *x509.Certificate) { c.Subject.OrganizationalUnit = []string{"prod", "dev"} })}, nil, []string{"ANC202"}},
		{"another environment's URI", []pkitest.Option{uris("spiffe://dev.example.internal/backup")}, nil, []string{"ANC202"}},
		{"a workload that does not exist", []pkitest.Option{uris("spiffe://prod.example.internal/admin")}, nil, []string{"ANC202"}},
		{"two URIs", []pkitest.Option{uris("spiffe://prod.example.internal/backup", "spiffe://prod.example.internal/reports")}, nil, []string{"ANC202"}},
		{"no URI", []pkitest.Option{uris()}, nil, []string{"ANC202"}},
		{"a common name of another workload", []pkitest.Option{pkitest.Name("reports")}, nil, []string{"ANC202"}},
		{"an instance without a name", []pkitest.Option{pkitest.Name("backup@")}, nil, []string{"ANC202"}},
		{"an instance after a dot", []pkitest.Option{pkitest.Name("backup.web-2")}, nil, []string{"ANC202"}},
		{"a common name with a space", []pkitest.Option{pkitest.Name("backup@a b")}, nil, []string{"ANC202"}},
		{"a DNS name that is not the workload's", []pkitest.Option{with(func(c *x509.Certificate) { c.DNSNames = []string{"example.com"} })}, nil, []string{"ANC202"}},
		{"an environment that names no workload", nil, func(c *admission.WorkloadCase) { c.Workloads = nil }, []string{"ANC202", "ANC203"}},
		{"a CA", []pkitest.Option{with(func(c *x509.Certificate) { c.IsCA = true })}, nil, []string{"ANC204"}},
		{"another key usage", []pkitest.Option{pkitest.Usage(x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment)}, nil, []string{"ANC204"}},
		{"another extended key usage", []pkitest.Option{with(func(c *x509.Certificate) { c.ExtKeyUsage = append(c.ExtKeyUsage, x509.ExtKeyUsageServerAuth) })}, nil, []string{"ANC204"}},
		{"a short RSA key", []pkitest.Option{pkitest.Key(pkitest.RSAKey(t, 1024))}, nil, []string{"ANC204"}},
		{"its issuer's key", []pkitest.Option{pkitest.Key(e.Issuers["prod"].Key)}, nil, []string{"ANC204"}},
		{"no issuer given", nil, func(c *admission.WorkloadCase) { c.Issuer = nil }, []string{"ANC204"}},
		{"another issuer", nil, func(c *admission.WorkloadCase) { c.Issuer = e.Issuers["dev"].Certificate }, []string{"ANC204"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := admission.WorkloadCase{
				At: "workload/prod/backup", Certificate: e.Leaf(t, "prod", "backup", c.options...).Certificate,
				Issuer: e.Issuers["prod"].Certificate, Environment: "prod", TrustDomain: pkitest.TrustDomain,
				Workloads: map[string][]string{"backup": {"backup.prod.example.internal"}, "reports": nil}, Limit: 24 * time.Hour,
			}
			if c.change != nil {
				c.change(&in)
			}
			findings := admission.JudgeWorkload(in)
			if diff := cmp.Diff(c.want, summary(findings)); diff != "" {
				t.Errorf("findings (-want +got):\n%s%s", diff, (&rules.Refusal{Findings: findings}).Error())
			}
		})
	}
}

package corpus

import (
	"crypto/x509"
	"encoding/asn1"

	"anchorctl/internal/pki/pkitest"
)

// profiles are what a certificate may say that it is for.
func profiles() []recipe {
	bent := func(name string, options ...pkitest.Option) recipe {
		return recipe{name, func(m *maker) Files { return m.issuer(options...) }}
	}
	template := func(name string, change func(*x509.Certificate)) recipe { return bent(name, pkitest.With(change)) }
	usage := func(name string, u x509.KeyUsage) recipe { return bent(name, pkitest.Usage(u)) }
	extended := func(name string, list ...x509.ExtKeyUsage) recipe {
		return template(name, func(c *x509.Certificate) { c.ExtKeyUsage = list })
	}
	added := func(name string, critical bool, value []byte, id ...int) recipe {
		return recipe{name, func(m *maker) Files { return m.forged(pkitest.AddExtension(id, critical, value)) }}
	}
	without := func(name string, arc int) recipe {
		return recipe{name, func(m *maker) Files {
			return m.forged(func(f *pkitest.Forgery) {
				kept := f.Extensions[:0]
				for _, e := range f.Extensions {
					if !e.Id.Equal(asn1.ObjectIdentifier{2, 5, 29, arc}) {
						kept = append(kept, e)
					}
				}
				f.Extensions = kept
			})
		}}
	}
	uncritical := func(name string, arc int) recipe {
		return recipe{name, func(m *maker) Files {
			return m.forged(func(f *pkitest.Forgery) {
				for i := range f.Extensions {
					if f.Extensions[i].Id.Equal(asn1.ObjectIdentifier{2, 5, 29, arc}) {
						f.Extensions[i].Critical = false
					}
				}
			})
		}}
	}
	policies := []byte{0x30, 6, 0x30, 4, 6, 2, 0x2a, 3}
	return []recipe{
		{"profile/workload.pem", func(m *maker) Files {
			leaf := m.prod.Leaf(m, "prod", "backup", m.today(), pkitest.Dates(m.now.AddDate(0, 0, -1), m.now.AddDate(0, 0, 90)))
			return below(m.root, leaf.PEM(), m.prod)
		}},
		bent("profile/ca-false.pem", pkitest.NotCA()),
		without("profile/no-basic-constraints.pem", 19),
		without("profile/no-key-usage.pem", 15),
		without("profile/no-key-identifier.pem", 14),
		without("profile/no-authority-identifier.pem", 35),
		without("profile/no-extended-usage.pem", 37),
		without("profile/no-name-constraints.pem", 30),
		uncritical("profile/basic-constraints-not-critical.pem", 19),
		uncritical("profile/key-usage-not-critical.pem", 15),
		uncritical("profile/name-constraints-not-critical.pem", 30),
		bent("profile/no-path-length.pem", pkitest.PathLen(-1)),
		usage("profile/usage-sign-alone.pem", x509.KeyUsageCertSign),
		usage("profile/usage-crl-alone.pem", x509.KeyUsageCRLSign),
		usage("profile/usage-digital-signature.pem", x509.KeyUsageDigitalSignature|x509.KeyUsageKeyEncipherment),
		usage("profile/usage-everything.pem", 0x1ff),
		usage("profile/usage-with-digital-signature.pem", x509.KeyUsageCertSign|x509.KeyUsageCRLSign|x509.KeyUsageDigitalSignature),
		extended("profile/for-servers.pem", x509.ExtKeyUsageServerAuth),
		extended("profile/for-code.pem", x509.ExtKeyUsageCodeSigning),
		extended("profile/for-ocsp.pem", x509.ExtKeyUsageOCSPSigning),
		extended("profile/for-clients-and-servers.pem", x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth),
		extended("profile/for-anything.pem", x509.ExtKeyUsageAny),
		added("profile/critical-unknown.pem", true, []byte{5, 0}, 1, 2, 3, 4, 5),
		added("profile/critical-policies.pem", true, policies, 2, 5, 29, 32),
		added("profile/critical-policy-constraints.pem", true, []byte{0x30, 3, 0x80, 1, 0}, 2, 5, 29, 36),
		added("profile/critical-any-policy.pem", true, []byte{2, 1, 0}, 2, 5, 29, 54),
		added("profile/critical-poison.pem", true, []byte{5, 0}, 1, 3, 6, 1, 4, 1, 11129, 2, 4, 3),
		added("profile/critical-distribution-points.pem", true, []byte{0x30, 0}, 2, 5, 29, 31),
		added("profile/unknown-not-critical.pem", false, []byte("anything"), 1, 3, 6, 1, 4, 1, 55555, 7),
		added("profile/policies-not-critical.pem", false, policies, 2, 5, 29, 32),
		template("profile/names.pem", func(c *x509.Certificate) { c.DNSNames = []string{"pki.prod.example.internal"} }),
		{"profile/middle-no-ca.pem", func(m *maker) Files { return m.throughMiddle(pkitest.NotCA()) }},
		{"profile/middle-may-not-sign.pem", func(m *maker) Files { return m.throughMiddle(pkitest.Usage(x509.KeyUsageCRLSign)) }},
		{"profile/middle-for-servers.pem", func(m *maker) Files {
			return m.throughMiddle(pkitest.With(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }))
		}},
		{"profile/root-no-ca.pem", func(m *maker) Files { return m.under(pkitest.NotCA()) }},
		{"profile/root-may-not-sign.pem", func(m *maker) Files { return m.under(pkitest.Usage(x509.KeyUsageCRLSign)) }},
		{"profile/root-no-usage.pem", func(m *maker) Files { return m.under(pkitest.Usage(0)) }},
		{"profile/root-for-servers.pem", func(m *maker) Files {
			return m.under(pkitest.With(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }))
		}},
		{"profile/root-version-1.pem", func(m *maker) Files {
			return Files{Candidate: m.prod.PEM(), Root: block("CERTIFICATE", pkitest.Forge(m, m.root.Certificate, m.byRoot(), func(f *pkitest.Forgery) {
				f.Version, f.Extensions = 0, nil
			}))}
		}},
	}
}

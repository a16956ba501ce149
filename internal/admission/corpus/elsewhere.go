package corpus

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"

	"anchorctl/internal/pki/pkitest"
)

// elsewhere are issuers as other software makes them: sound, and unlike ours.
func elsewhere() []recipe {
	plain := func(c *x509.Certificate) {
		c.ExtKeyUsage, c.PermittedURIDomains, c.ExcludedDNSDomains, c.PermittedDNSDomainsCritical = nil, nil, nil, false
	}
	made := func(name string, subject pkix.Name, change func(m *maker, c *x509.Certificate), root ...pkitest.Option) recipe {
		return recipe{name, func(m *maker) Files {
			parent := m.newRoot(root...)
			return below(parent, m.issue(parent, pkitest.With(func(c *x509.Certificate) {
				plain(c)
				c.Subject = subject
				change(m, c)
			})).PEM())
		}}
	}
	rootNamed := func(name string, subject pkix.Name) recipe {
		return made(name, pkix.Name{CommonName: "prod issuer 1"}, func(*maker, *x509.Certificate) {},
			pkitest.With(func(c *x509.Certificate) { c.Subject = subject }))
	}
	extra := func(c *x509.Certificate, critical bool, value []byte, id ...int) {
		c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: id, Critical: critical, Value: value})
	}
	return []recipe{
		made("elsewhere/active-directory.pem", pkix.Name{CommonName: "EXAMPLE-ISSUING-CA1"}, func(m *maker, c *x509.Certificate) {
			c.KeyUsage |= x509.KeyUsageDigitalSignature
			c.IssuingCertificateURL = []string{"ldap:///CN=EXAMPLE-ROOT,CN=AIA,CN=Public%20Key%20Services,DC=example?cACertificate?base"}
			c.CRLDistributionPoints = []string{"ldap:///CN=EXAMPLE-ROOT,CN=CDP,DC=example?certificateRevocationList?base"}
			extra(c, false, []byte{2, 1, 0}, 1, 3, 6, 1, 4, 1, 311, 21, 1)
			extra(c, false, pkitest.TLV(bmpKind, []byte("\x00S\x00u\x00b\x00C\x00A")), 1, 3, 6, 1, 4, 1, 311, 20, 2)
			extra(c, false, pkitest.TLV(0x30, m.der(pkitest.OID(1, 3, 6, 1, 4, 1, 311, 21, 8, 1, 2)), []byte{2, 1, 100}), 1, 3, 6, 1, 4, 1, 311, 21, 7)
			extra(c, false, pkitest.TLV(0x30, pkitest.TLV(0x30, m.der(pkitest.OID(1, 2, 3, 4, 1455, 67, 89, 5)),
				pkitest.TLV(0x30, pkitest.TLV(0x30, m.der(pkitest.OID(1, 3, 6, 1, 5, 5, 7, 2, 1)), pkitest.TLV(ia5Kind, []byte("http://pki.example/cps")))))), 2, 5, 29, 32)
		}),
		made("elsewhere/aws-private-ca.pem", pkix.Name{
			Country: []string{"DE"}, Province: []string{"Berlin"}, Locality: []string{"Berlin"}, Organization: []string{"Example Corp"},
			OrganizationalUnit: []string{"prod"}, CommonName: "prod subordinate",
		}, func(*maker, *x509.Certificate) {}),
		made("elsewhere/vault.pem", pkix.Name{CommonName: "example.internal Intermediate Authority"}, func(_ *maker, c *x509.Certificate) {
			c.MaxPathLen, c.MaxPathLenZero = -1, false
			c.IssuingCertificateURL = []string{"https://vault.example.internal:8200/v1/pki/ca"}
			c.CRLDistributionPoints = []string{"https://vault.example.internal:8200/v1/pki/crl"}
			c.OCSPServer = []string{"https://vault.example.internal:8200/v1/pki/ocsp"}
		}, pkitest.PathLen(-1)),
		made("elsewhere/step-ca.pem", pkix.Name{Organization: []string{"Example"}, CommonName: "Example Intermediate CA"}, func(_ *maker, c *x509.Certificate) {
			extra(c, false, pkitest.TLV(0x30, []byte{2, 1, 1}, pkitest.TLV(4, []byte("admin")), pkitest.TLV(4, []byte("kid"))), 1, 3, 6, 1, 4, 1, 37476, 9000, 64, 1)
		}),
		made("elsewhere/cfssl.pem", pkix.Name{
			Country: []string{"US"}, Province: []string{"California"}, Locality: []string{"San Francisco"},
			Organization: []string{"Example"}, OrganizationalUnit: []string{"WWW"}, CommonName: "example intermediate",
		}, func(_ *maker, c *x509.Certificate) {
			c.KeyUsage |= x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
		}),
		made("elsewhere/ejbca.pem", pkix.Name{CommonName: "ProdSubCA", Organization: []string{"EJBCA Sample"}, Country: []string{"SE"},
			ExtraNames: []pkix.AttributeTypeAndValue{{Type: pkitest.OID(0, 9, 2342, 19200300, 100, 1, 1), Value: "c-0a1b2c"}},
		}, func(m *maker, c *x509.Certificate) {
			c.MaxPathLen, c.MaxPathLenZero = -1, false
			c.SerialNumber.SetBytes([]byte{0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0})
			extra(c, false, pkitest.TLV(0x30, pkitest.TLV(0x30, m.der(pkitest.OID(1, 3, 6, 1, 5, 5, 7, 48, 5)), pkitest.TLV(0x86, []byte("http://ca.example/")))), 1, 3, 6, 1, 5, 5, 7, 1, 11)
		}, pkitest.PathLen(-1)),
		made("elsewhere/netscape.pem", pkix.Name{CommonName: "prod issuer"}, func(_ *maker, c *x509.Certificate) {
			extra(c, false, []byte{3, 2, 1, 6}, 2, 16, 840, 1, 113730, 1, 1)
			extra(c, false, pkitest.TLV(ia5Kind, []byte("OpenSSL Generated Certificate")), 2, 16, 840, 1, 113730, 1, 13)
		}),
		made("elsewhere/policy-mappings.pem", pkix.Name{CommonName: "prod issuer"}, func(m *maker, c *x509.Certificate) {
			extra(c, false, pkitest.TLV(0x30, pkitest.TLV(0x30, m.der(pkitest.OID(1, 2, 3)), m.der(pkitest.OID(1, 2, 4)))), 2, 5, 29, 33)
			extra(c, false, pkitest.TLV(0x30, pkitest.TLV(0x30, pkitest.TLV(0xa0, pkitest.TLV(0xa0, pkitest.TLV(0x86, []byte("http://crl.example/delta")))))), 2, 5, 29, 46)
		}),
		made("elsewhere/two-extended-usages-unknown.pem", pkix.Name{CommonName: "prod issuer"}, func(_ *maker, c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
			c.UnknownExtKeyUsage = []asn1.ObjectIdentifier{{1, 3, 6, 1, 4, 1, 311, 20, 2, 2}}
		}),
		made("elsewhere/spiffe.pem", pkix.Name{Country: []string{"US"}, Organization: []string{"SPIFFE"}}, func(m *maker, c *x509.Certificate) {
			extra(c, false, pkitest.TLV(0x30, pkitest.TLV(0x86, []byte("spiffe://prod.example.internal"))), 2, 5, 29, 17)
		}),
		rootNamed("elsewhere/root-with-comma.pem", pkix.Name{CommonName: "Example Root CA", Organization: []string{"Example, Inc."}}),
		rootNamed("elsewhere/root-with-apostrophe-and-more.pem", pkix.Name{CommonName: "Baker's (Bread & Butter) Root #1!", Country: []string{"US"}}),
		rootNamed("elsewhere/root-with-many-units.pem", pkix.Name{CommonName: "Root", OrganizationalUnit: []string{"a", "b", "(c) 2026 Example"}}),
		rootNamed("elsewhere/root-with-a-long-name.pem", pkix.Name{CommonName: "A Root Certification Authority Whose Name Is Much Longer Than Any Common Name Should Be"}),
		rootNamed("elsewhere/root-without-common-name.pem", pkix.Name{Organization: []string{"Example"}, OrganizationalUnit: []string{"Class 3 Primary"}}),
		rootNamed("elsewhere/root-with-control-character.pem", pkix.Name{CommonName: "Root\x1b[2J"}),
		{"elsewhere/root-in-teletex.pem", func(m *maker) Files {
			root := pkitest.Parsed(m, pkitest.Forge(m, m.root.Certificate, m.byRoot(), func(f *pkitest.Forgery) {
				f.Subject = asn1.RawValue{FullBytes: m.name(attribute{commonName, t61Kind, "example root 1"})}
				f.Issuer = f.Subject
			}))
			parent := pkitest.Cert{Certificate: root, Key: m.root.Key}
			return below(parent, m.issue(parent).PEM())
		}},
		made("elsewhere/root-without-crl-sign.pem", pkix.Name{CommonName: "prod issuer 1"}, func(*maker, *x509.Certificate) {}, pkitest.Usage(x509.KeyUsageCertSign)),
		{"elsewhere/root-rsa-4096.pem", func(m *maker) Files {
			root := m.newRoot(pkitest.Key(m.rsa(4096)))
			return below(root, m.issue(root, pkitest.Key(m.rsa(2048))).PEM())
		}},
		{"elsewhere/root-without-identifiers.pem", func(m *maker) Files {
			strip := func(f *pkitest.Forgery) {
				kept := f.Extensions[:0]
				for _, e := range f.Extensions {
					if arc := e.Id[len(e.Id)-1]; arc != 14 && arc != 35 {
						kept = append(kept, e)
					}
				}
				f.Extensions = kept
			}
			return Files{
				Candidate: block("CERTIFICATE", pkitest.Forge(m, m.prod.Certificate, m.byRoot(), strip)),
				Root:      block("CERTIFICATE", pkitest.Forge(m, m.root.Certificate, m.byRoot(), strip)),
			}
		}},
	}
}

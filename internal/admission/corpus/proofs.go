package corpus

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"slices"
	"strings"

	"anchorctl/internal/pki"
	"anchorctl/internal/pki/pkitest"
)

// publicOnes lean on a public CA. The whole public set is held against the
// rules elsewhere; these are the ways to lean.
func publicOnes() []recipe {
	keyed := func(name string, key func(m *maker) any) recipe {
		return recipe{name, func(m *maker) Files { return m.forged(pkitest.SetKey(m, key(m))) }}
	}
	return []recipe{
		{"public/root.pem", func(m *maker) Files { return m.of(pki.EncodePEM(m.publicRSA())) }},
		keyed("public/key-under-our-root.pem", func(m *maker) any { return m.publicRSA().PublicKey }),
		keyed("public/ecdsa-key-under-our-root.pem", func(m *maker) any { return m.publicEC() }),
		keyed("public/modulus-with-another-exponent.pem", func(m *maker) any {
			return &rsa.PublicKey{N: m.publicRSA().PublicKey.(*rsa.PublicKey).N, E: 65539}
		}),
		keyed("public/point-with-the-other-sign.pem", func(m *maker) any {
			key := m.publicEC()
			raw, err := key.Bytes()
			if err != nil {
				m.Fatal(err)
			}
			half := len(raw) / 2
			y := new(big.Int).Sub(key.Curve.Params().P, new(big.Int).SetBytes(raw[1+half:]))
			other, err := ecdsa.ParseUncompressedPublicKey(key.Curve, append(raw[:1+half:1+half], y.FillBytes(make([]byte, half))...))
			if err != nil {
				m.Fatal(err)
			}
			return other
		}),
		{"public/key-for-pss-alone.pem", func(m *maker) Files {
			return m.forged(func(f *pkitest.Forgery) { relabel(m, f, m.publicRSA().PublicKey.(*rsa.PublicKey), 10) })
		}},
		{"public/in-the-chain.pem", func(m *maker) Files {
			f := m.of(m.prod.PEM())
			f.Chain = m.forged(pkitest.SetKey(m, m.publicRSA().PublicKey)).Candidate
			return f
		}},
		{"public/root-in-the-chain.pem", func(m *maker) Files {
			f := m.of(m.prod.PEM())
			f.Chain = pki.EncodePEM(m.publicRSA())
			return f
		}},
		{"public/as-the-root.pem", func(m *maker) Files { return Files{Candidate: m.prod.PEM(), Root: pki.EncodePEM(m.publicRSA())} }},
	}
}

// publicRSA is a public root with an RSA key that all else is right with.
func (m *maker) publicRSA() *x509.Certificate {
	return m.public[slices.IndexFunc(m.public, func(c *x509.Certificate) bool {
		return c.SignatureAlgorithm == x509.SHA256WithRSA && c.NotAfter.After(m.now.AddDate(1, 0, 0))
	})]
}

func (m *maker) publicEC() *ecdsa.PublicKey {
	i := slices.IndexFunc(m.public, func(c *x509.Certificate) bool { return c.PublicKeyAlgorithm == x509.ECDSA })
	return m.public[i].PublicKey.(*ecdsa.PublicKey)
}

// proofs are ways that lead to the root, or do not.
func proofs() []recipe {
	return append(paths(), constrained()...)
}

func paths() []recipe {
	middles := func(m *maker, root pkitest.Cert, lengths ...int) []pkitest.Cert {
		var list []pkitest.Cert
		for i, n := range lengths {
			root = m.issue(root, pkitest.Name("middle "+string(rune('1'+i))), pkitest.PathLen(n))
			list = append(list, root)
		}
		return list
	}
	deep := func(name string, rootLength int, lengths ...int) recipe {
		return recipe{name, func(m *maker) Files {
			root := m.newRoot(pkitest.PathLen(rootLength))
			chain := middles(m, root, lengths...)
			return below(root, m.issue(chain[len(chain)-1]).PEM(), chain...)
		}}
	}
	return []recipe{
		deep("path/one-between.pem", -1, 1),
		deep("path/two-between.pem", -1, -1, -1),
		deep("path/two-between-with-room.pem", 3, 2, 1),
		deep("path/six-between.pem", -1, -1, -1, -1, -1, -1),
		deep("path/root-length-1-and-two-below.pem", 1, -1),
		deep("path/middle-length-0.pem", -1, 0),
		deep("path/length-1-and-two-below.pem", -1, 1, -1),
		deep("path/grows-again.pem", -1, 0, 5),
		{"path/root-length-0.pem", func(m *maker) Files { return m.under(pkitest.PathLen(0)) }},
		{"path/eight-between.pem", func(m *maker) Files {
			root := m.newRoot(pkitest.PathLen(-1))
			chain := middles(m, root, -1, -1, -1, -1, -1, -1, -1, -1)
			return below(root, m.issue(chain[7]).PEM(), chain...)
		}},
		{"path/chain-out-of-order.pem", func(m *maker) Files {
			root := m.newRoot(pkitest.PathLen(-1))
			chain := middles(m, root, -1, -1)
			return below(root, m.issue(chain[1]).PEM(), chain[1], chain[0])
		}},
		{"path/middle-missing.pem", func(m *maker) Files {
			root := m.newRoot(pkitest.PathLen(-1))
			return below(root, m.issue(middles(m, root, 1)[0]).PEM())
		}},
		{"path/foreign-root.pem", func(m *maker) Files { return m.of(m.issue(m.newRoot(pkitest.Name("foreign root"))).PEM()) }},
		{"path/root-of-the-same-name.pem", func(m *maker) Files { return m.of(m.issue(m.newRoot()).PEM()) }},
		{"path/root-given-as-chain-alone.pem", func(m *maker) Files { return Files{Candidate: m.prod.PEM(), Chain: m.root.PEM()} }},
		{"path/loop.pem", func(m *maker) Files {
			a, b := m.newRoot(pkitest.Name("a"), pkitest.PathLen(-1)), m.newRoot(pkitest.Name("b"), pkitest.PathLen(-1))
			aByB := m.issue(b, pkitest.Key(a.Key), pkitest.PathLen(-1), pkitest.With(func(c *x509.Certificate) { c.Subject = a.Certificate.Subject }))
			bByA := m.issue(a, pkitest.Key(b.Key), pkitest.PathLen(-1), pkitest.With(func(c *x509.Certificate) { c.Subject = b.Certificate.Subject }))
			return below(m.root, m.issue(aByB).PEM(), aByB, bByA)
		}},
		{"path/key-of-one-above.pem", func(m *maker) Files {
			root := m.newRoot(pkitest.PathLen(-1))
			chain := middles(m, root, -1, -1)
			return below(root, m.issue(chain[1], pkitest.Key(chain[0].Key)).PEM(), chain...)
		}},
		{"path/only-the-second-holds.pem", func(m *maker) Files {
			root := m.newRoot(pkitest.PathLen(-1))
			tight := m.issue(root, pkitest.Name("middle"), pkitest.PathLen(0))
			wide := m.issue(root, pkitest.Name("middle"), pkitest.PathLen(1), pkitest.Key(tight.Key))
			return below(root, m.issue(wide).PEM(), tight, wide)
		}},
		{"path/same-name-other-key-beside.pem", func(m *maker) Files {
			root := m.newRoot(pkitest.PathLen(-1))
			identifier := pkitest.With(func(c *x509.Certificate) { c.SubjectKeyId = []byte{1} })
			other := m.issue(root, pkitest.Name("middle"), pkitest.PathLen(1), identifier)
			right := m.issue(root, pkitest.Name("middle"), pkitest.PathLen(1), identifier)
			return below(root, m.issue(right).PEM(), other, right)
		}},
		{"path/authority-names-another-key.pem", func(m *maker) Files {
			return m.withValue(35, false, pkitest.TLV(0x30, pkitest.TLV(0x80, []byte{1, 2, 3})))
		}},
		{"path/authority-by-serial-number.pem", func(m *maker) Files {
			return m.withValue(35, false, pkitest.TLV(0x30,
				pkitest.TLV(0xa1, pkitest.TLV(0xa4, m.root.Certificate.RawSubject)), pkitest.TLV(0x82, m.root.Certificate.SerialNumber.Bytes())))
		}},
		{"path/issuer-in-another-string.pem", func(m *maker) Files {
			return m.forged(func(f *pkitest.Forgery) {
				f.Issuer = asn1.RawValue{FullBytes: m.name(attribute{organization, utf8Kind, "Example Corp"}, attribute{commonName, utf8Kind, "example root 1"})}
			})
		}},
		{"path/issuer-in-another-case.pem", func(m *maker) Files {
			return m.forged(func(f *pkitest.Forgery) {
				f.Issuer = asn1.RawValue{FullBytes: m.name(attribute{organization, utf8Kind, "EXAMPLE  CORP"}, attribute{commonName, utf8Kind, "Example Root 1"})}
			})
		}},
		{"path/root-changed.pem", func(m *maker) Files {
			root := slices.Clone(m.root.Certificate.Raw)
			root[len(root)-1] ^= 1
			return Files{Candidate: m.prod.PEM(), Root: block("CERTIFICATE", root)}
		}},
		{"path/issuer-of-another-name.pem", func(m *maker) Files {
			return m.forged(func(f *pkitest.Forgery) {
				f.Issuer = asn1.RawValue{FullBytes: m.name(attribute{commonName, utf8Kind, "somebody else"})}
			})
		}},
		{"path/issuer-empty.pem", func(m *maker) Files {
			return m.forged(func(f *pkitest.Forgery) { f.Issuer = asn1.RawValue{FullBytes: pkitest.TLV(0x30)} })
		}},
	}
}

func constrained() []recipe {
	// permits and excludes bend the root; the issuer's subject is
	// "prod issuer 1" of Example Corp, unit prod.
	root := func(name string, value func(m *maker) []byte, options ...pkitest.Option) recipe {
		return recipe{name, func(m *maker) Files {
			bent := pkitest.Forge(m, m.root.Certificate, m.byRoot(), pkitest.AddExtension(pkitest.OID(2, 5, 29, 30), true, value(m)))
			return Files{Candidate: m.issue(m.root, options...).PEM(), Root: block("CERTIFICATE", bent)}
		}}
	}
	const permitted, excluded = 0xa0, 0xa1
	tree := func(list byte, form byte, value func(m *maker) []byte) func(m *maker) []byte {
		return func(m *maker) []byte {
			return pkitest.TLV(0x30, pkitest.TLV(list, pkitest.TLV(0x30, pkitest.TLV(form, value(m)))))
		}
	}
	text := func(s string) func(*maker) []byte { return func(*maker) []byte { return []byte(s) } }
	directory := func(attributes ...attribute) func(m *maker) []byte {
		return func(m *maker) []byte { return m.name(attributes...) }
	}
	ours := directory(attribute{organization, utf8Kind, "Example Corp"})
	bmp := func(s string) string { return "\x00" + strings.Join(strings.Split(s, ""), "\x00") }
	of := func(organization string) pkitest.Option {
		return pkitest.With(func(c *x509.Certificate) { c.Subject.Organization = []string{organization} })
	}
	hosts := pkitest.With(func(c *x509.Certificate) { c.DNSNames = []string{"pki.example.org"} })
	return []recipe{
		root("constraint/directory-permits.pem", tree(permitted, 0xa4, ours)),
		root("constraint/directory-permits-others.pem", tree(permitted, 0xa4, directory(attribute{organization, utf8Kind, "Other Corp"}))),
		root("constraint/directory-excludes.pem", tree(excluded, 0xa4, ours)),
		root("constraint/directory-excludes-others.pem", tree(excluded, 0xa4, directory(attribute{organization, utf8Kind, "Other Corp"}))),
		root("constraint/directory-excludes-in-bmp.pem", tree(excluded, 0xa4, directory(attribute{organization, asn1.TagBMPString, bmp("Example Corp")}))),
		root("constraint/directory-permits-in-bmp.pem", tree(permitted, 0xa4, directory(attribute{organization, asn1.TagBMPString, bmp("Example Corp")}))),
		root("constraint/directory-excludes-in-teletex.pem", tree(excluded, 0xa4, directory(attribute{organization, asn1.TagT61String, "Stra\xdfe"})), of("STRASSE")),
		root("constraint/directory-excludes-composed.pem", tree(excluded, 0xa4, directory(attribute{organization, utf8Kind, "Mu\u0308ller"})), of("Müller")),
		root("constraint/host-excluded-by-pattern.pem", tree(excluded, 0x82, text("*.example.org")), hosts),
		root("constraint/host-permitted.pem", tree(permitted, 0x82, text("example.org")), hosts),
		root("constraint/host-not-permitted.pem", tree(permitted, 0x82, text("example.com")), hosts),
		root("constraint/host-excluded.pem", tree(excluded, 0x82, text("example.org")), hosts),
		root("constraint/no-host-to-hold.pem", tree(permitted, 0x82, text("example.com"))),
		root("constraint/with-minimum.pem", func(*maker) []byte {
			return pkitest.TLV(0x30, pkitest.TLV(permitted, pkitest.TLV(0x30, pkitest.TLV(0x82, []byte("example.org")), pkitest.TLV(0x80, []byte{1}))))
		}),
		{"constraint/middle-excludes.pem", func(m *maker) Files {
			return m.throughMiddle(pkitest.With(func(c *x509.Certificate) { c.ExcludedDNSDomains = []string{"example.org"} }))
		}},
		{"constraint/outside-the-directory.pem", func(m *maker) Files {
			bent := pkitest.Forge(m, m.root.Certificate, m.byRoot(), pkitest.AddExtension(pkitest.OID(2, 5, 29, 30), true,
				tree(permitted, 0xa4, ours)(m)))
			candidate := m.issue(m.root, pkitest.With(func(c *x509.Certificate) { c.Subject = pkix.Name{CommonName: "prod issuer 1"} }))
			return Files{Candidate: candidate.PEM(), Root: block("CERTIFICATE", bent)}
		}},
	}
}

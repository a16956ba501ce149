package corpus

import (
	"bytes"

	"anchorctl/internal/pki/pkitest"
)

// bundles are PKCS#7.
func bundles() []recipe {
	with := func(name string, bend func(m *maker, b *pkitest.Bundle)) recipe {
		return file(name, func(m *maker, _, der []byte) []byte {
			b := pkitest.Bundle{Certificates: der}
			bend(m, &b)
			return b.Bytes()
		})
	}
	sound := func(_ *maker, _ *pkitest.Bundle) {}
	labelled := func(label string) func(*maker, []byte, []byte) []byte {
		return func(_ *maker, _, der []byte) []byte { return block(label, pkitest.Bundle{Certificates: der}.Bytes()) }
	}
	return []recipe{
		with("pkcs7/one.p7b", sound),
		file("pkcs7/one.pem", labelled("PKCS7")),
		file("pkcs7/one-cms.pem", labelled("CMS")),
		file("pkcs7/one-openssl-label.pem", labelled("PKCS #7 SIGNED DATA")),
		with("pkcs7/empty-crls.p7b", func(_ *maker, b *pkitest.Bundle) { b.Lists = []byte{} }),
		with("pkcs7/indefinite.p7b", func(_ *maker, b *pkitest.Bundle) { b.Constructed = pkitest.OpenEnded }),
		with("pkcs7/gnutls-type.p7b", func(_ *maker, b *pkitest.Bundle) { b.Type = 5 }),
		with("pkcs7/two.p7b", func(m *maker, b *pkitest.Bundle) { b.Certificates = join(b.Certificates, m.dev.Certificate.Raw) }),
		with("pkcs7/issuer-and-root.p7b", func(m *maker, b *pkitest.Bundle) { b.Certificates = join(b.Certificates, m.root.Certificate.Raw) }),
		with("pkcs7/same-twice.p7b", func(_ *maker, b *pkitest.Bundle) { b.Certificates = join(b.Certificates, b.Certificates) }),
		with("pkcs7/none.p7b", func(_ *maker, b *pkitest.Bundle) { b.Certificates = nil }),
		with("pkcs7/signed.p7b", func(_ *maker, b *pkitest.Bundle) { b.Signers = pkitest.TLV(0x30, []byte{2, 1, 1}) }),
		with("pkcs7/content.p7b", func(_ *maker, b *pkitest.Bundle) { b.Content = pkitest.TLV(0xa0, pkitest.TLV(4, []byte("hello"))) }),
		with("pkcs7/empty-content.p7b", func(_ *maker, b *pkitest.Bundle) { b.Content = pkitest.TLV(0xa0, pkitest.TLV(4)) }),
		with("pkcs7/crl.p7b", func(m *maker, b *pkitest.Bundle) { b.Lists = revocations(m) }),
		with("pkcs7/digests.p7b", func(m *maker, b *pkitest.Bundle) {
			b.Algorithms = pkitest.TLV(0x30, m.der(pkitest.OID(2, 16, 840, 1, 101, 3, 4, 2, 1)))
		}),
		with("pkcs7/attribute-certificate.p7b", func(_ *maker, b *pkitest.Bundle) { b.Certificates = join(b.Certificates, pkitest.TLV(0xa2)) }),
		with("pkcs7/padding-inside.p7b", func(_ *maker, b *pkitest.Bundle) { b.Certificates = join(b.Certificates, []byte{5, 0}) }),
		file("pkcs7/trailing.p7b", func(_ *maker, _, der []byte) []byte {
			return join(pkitest.Bundle{Certificates: der}.Bytes(), []byte{0})
		}),
		file("pkcs7/trailing-in-pem.pem", func(_ *maker, _, der []byte) []byte {
			return block("PKCS7", join(pkitest.Bundle{Certificates: der}.Bytes(), []byte{0}))
		}),
		file("pkcs7/and-a-key.pem", func(m *maker, _, der []byte) []byte {
			return join(block("PKCS7", pkitest.Bundle{Certificates: der}.Bytes()), block("PRIVATE KEY", pkcs8(m, m.prod.Key)))
		}),
		file("pkcs7/and-a-certificate.pem", func(_ *maker, text, der []byte) []byte {
			return join(block("PKCS7", pkitest.Bundle{Certificates: der}.Bytes()), text)
		}),
		file("pkcs7/in-lines-of-a-certificate.pem", labelled("CERTIFICATE")),
		file("pkcs7/certificate-in-its-lines.pem", func(_ *maker, _, der []byte) []byte { return block("PKCS7", der) }),
		file("pkcs7/enveloped.p7m", func(*maker, []byte, []byte) []byte {
			return pkitest.TLV(0x30, []byte{6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 3}, pkitest.TLV(0xa0, pkitest.TLV(0x30, []byte{2, 1, 0})))
		}),
		file("pkcs7/cut.p7b", func(_ *maker, _, der []byte) []byte {
			whole := pkitest.Bundle{Certificates: der}.Bytes()
			return whole[:len(whole)-20]
		}),
		file("pkcs7/endless-nesting.p7b", func(*maker, []byte, []byte) []byte { return bytes.Repeat([]byte{0x30, 0x80}, 20000) }),
		file("pkcs7/root-alone.p7b", func(m *maker, _, _ []byte) []byte {
			return pkitest.Bundle{Certificates: m.root.Certificate.Raw}.Bytes()
		}),
	}
}

// companions are the files with the chain and with the root.
func companions() []recipe {
	chain := func(name string, make func(m *maker, middle []byte) []byte) recipe {
		return recipe{name, func(m *maker) Files {
			f := m.throughMiddle()
			f.Chain = make(m, f.Chain)
			return f
		}}
	}
	root := func(name string, make func(m *maker, root []byte) []byte) recipe {
		return recipe{name, func(m *maker) Files { return Files{Candidate: m.prod.PEM(), Root: make(m, m.root.PEM())} }}
	}
	der := func(m *maker, text []byte) []byte { return decode(m, text) }
	return []recipe{
		chain("chain/pem.pem", func(_ *maker, c []byte) []byte { return c }),
		chain("chain/der.pem", der),
		chain("chain/pkcs7.pem", func(m *maker, c []byte) []byte {
			return block("PKCS7", pkitest.Bundle{Certificates: decode(m, c)}.Bytes())
		}),
		chain("chain/pkcs7-der.pem", func(m *maker, c []byte) []byte { return pkitest.Bundle{Certificates: decode(m, c)}.Bytes() }),
		chain("chain/text-between.pem", func(_ *maker, c []byte) []byte { return join([]byte("the middle:\n"), c, []byte("\nthat is all\n")) }),
		chain("chain/crlf.pem", func(_ *maker, c []byte) []byte { return bytes.ReplaceAll(c, []byte("\n"), []byte("\r\n")) }),
		chain("chain/with-stranger.pem", func(m *maker, c []byte) []byte { return join(m.dev.PEM(), c) }),
		chain("chain/twice.pem", func(_ *maker, c []byte) []byte { return join(c, c) }),
		chain("chain/twenty-times.pem", func(_ *maker, c []byte) []byte { return bytes.Repeat(c, 20) }),
		chain("chain/with-key.pem", func(m *maker, c []byte) []byte { return join(c, block("PRIVATE KEY", pkcs8(m, m.prod.Key))) }),
		chain("chain/with-request.pem", func(m *maker, c []byte) []byte { return join(c, block("CERTIFICATE REQUEST", request(m))) }),
		chain("chain/with-damaged-block.pem", func(_ *maker, c []byte) []byte { return join(c, c[:100]) }),
		chain("chain/with-rubbish.pem", func(_ *maker, c []byte) []byte { return join(c, block("CERTIFICATE", []byte("rubbish"))) }),
		chain("chain/empty.pem", func(*maker, []byte) []byte { return []byte{} }),
		chain("chain/seventeen.pem", func(m *maker, c []byte) []byte {
			for range 16 {
				c = join(c, m.issue(m.root).PEM())
			}
			return c
		}),
		chain("chain/20-mb.pem", func(_ *maker, c []byte) []byte { return join(c, bytes.Repeat([]byte("\n"), 20<<20)) }),
		chain("chain/stranger-self-signed.pem", func(m *maker, c []byte) []byte { return join(c, m.newRoot(pkitest.Name("stranger")).PEM()) }),
		chain("chain/workload-in-it.pem", func(m *maker, c []byte) []byte {
			return join(c, m.prod.Leaf(m, "prod", "app", m.today(), pkitest.Dates(m.now.AddDate(0, 0, -1), m.now.AddDate(0, 0, 90))).PEM())
		}),
		root("root/der.pem", der),
		root("root/pkcs7.pem", func(m *maker, c []byte) []byte {
			return block("PKCS7", pkitest.Bundle{Certificates: decode(m, c)}.Bytes())
		}),
		root("root/two.pem", func(m *maker, c []byte) []byte { return join(c, m.newRoot().PEM()) }),
		root("root/with-key.pem", func(m *maker, c []byte) []byte { return join(c, block("EC PRIVATE KEY", pkcs8(m, m.root.Key))) }),
		root("root/with-text.pem", func(_ *maker, c []byte) []byte { return join([]byte("our root:\n"), c) }),
		root("root/rubbish.pem", func(*maker, []byte) []byte { return []byte("rubbish") }),
		root("root/none.pem", func(*maker, []byte) []byte { return nil }),
		{"root/chain-repeats-both.pem", func(m *maker) Files {
			return Files{Candidate: m.prod.PEM(), Root: m.root.PEM(), Chain: join(m.prod.PEM(), m.root.PEM())}
		}},
	}
}

package admission_test

import (
	"bytes"
	"encoding/asn1"
	"testing"
	"unicode"

	"anchorctl/internal/admission"
	"anchorctl/internal/pki/pkitest"
	"anchorctl/internal/publicca"
	"anchorctl/internal/rules"
)

// FuzzNames: whatever a certificate is called, in whatever kind of string,
// nothing that a terminal acts upon comes out.
func FuzzNames(f *testing.F) {
	f.Add("prod issuer 1", "Example Corp", byte(0x0c), byte(0x13), "pki.example.org")
	f.Add("\x1b]0;owned\a", "a\r\nb", byte(0x0c), byte(0x16), "\x1b[2J")
	f.Add("\x00p\x00\x1b", "\x9b2J", byte(0x1e), byte(0x14), "a")
	f.Add("\u202eprod", "\ufeff\u2066", byte(0x0c), byte(0x0c), "*.example")
	f.Add("", "\xff\xfe", byte(0x0c), byte(0x0c), "")
	root := pkitest.Root(f)
	issuer := root.Issuer(f, "prod")
	signing := pkitest.ByRoot(&pkitest.Estate{Root: root})
	public := publicca.Load()
	f.Fuzz(func(t *testing.T, common, organization string, one, other byte, host string) {
		attribute := func(arc, kind byte, text string) []byte {
			return pkitest.TLV(0x31, pkitest.TLV(0x30, []byte{6, 3, 0x55, 4, arc}, pkitest.TLV(kind, []byte(text))))
		}
		der := pkitest.Forge(t, issuer.Certificate, signing, func(g *pkitest.Forgery) {
			g.Subject = asn1.RawValue{FullBytes: pkitest.TLV(0x30, attribute(3, one, common), attribute(10, other, organization))}
			pkitest.AddExtension(pkitest.OID(2, 5, 29, 17), false, pkitest.TLV(0x30, pkitest.TLV(0x82, []byte(host)), pkitest.TLV(0x86, []byte(host))))(g)
		})
		report, err := admission.CheckFile(admission.CheckInput{
			At: common + ".pem", File: bytes.NewReader(der), Root: bytes.NewReader(root.PEM()), Now: pkitest.Now(), Public: public,
		})
		if err != nil {
			t.Fatal(err)
		}
		legible(t, report.Findings)
		texts := append([]string{report.At}, report.Path...)
		if report.Subject != nil {
			texts = append(texts, report.Subject.Subject, report.Subject.Issuer, report.Subject.Key, report.Subject.Signature, report.Subject.Serial)
		}
		chain, err := admission.CheckChain(admission.ChainInput{
			At: common, File: bytes.NewReader(der), Root: bytes.NewReader(root.PEM()), Now: pkitest.Now(), Public: public,
		})
		if err != nil {
			t.Fatal(err)
		}
		legible(t, chain.Findings)
		for _, c := range chain.Certificates {
			texts = append(texts, c.Subject, c.Issuer)
		}
		for _, text := range append(texts, chain.Path...) {
			for _, r := range text {
				if !unicode.IsPrint(r) {
					t.Fatalf("%U in %q", r, text)
				}
			}
		}
	})
}

// FuzzChain: whatever the file holds, a chain is sound only if something leads
// to the root.
func FuzzChain(f *testing.F) {
	l := pkitest.NewEstate(f, "prod")
	leaf, prod := l.Leaf(f, "prod", "app"), l.Issuers["prod"]
	f.Add(pemOf(leaf, prod))
	f.Add(pemOf(prod, leaf, l.Root))
	f.Add(append(pemOf(leaf), prod.Certificate.Raw...))
	f.Add(pkitest.Bundle{Certificates: append(leaf.Certificate.Raw, prod.Certificate.Raw...)}.Bytes())
	f.Add([]byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"))
	public := publicca.Load()
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := admission.CheckChain(admission.ChainInput{
			At: "chain.pem", File: bytes.NewReader(data), Root: bytes.NewReader(l.Root.PEM()), Now: pkitest.Now(), Public: public,
		})
		if err != nil {
			t.Fatal(err)
		}
		legible(t, got.Findings)
		if got.Sound == rules.Refused(got.Findings) || got.Sound && len(got.Path) < 2 {
			t.Fatalf("sound %v, path %q, findings %v", got.Sound, got.Path, got.Findings)
		}
	})
}

package admission_test

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"slices"
	"testing"
	"unicode"

	"anchorctl/internal/admission"
	"anchorctl/internal/pki"
	"anchorctl/internal/pki/pkitest"
	"anchorctl/internal/publicca"
	"anchorctl/internal/rules"
)

// FuzzAdmit: whatever the bytes are, nothing that verifies under its own key is
// ever admitted, nothing is admitted that the root has not signed, and what is
// admitted is what was in the file.
func FuzzAdmit(f *testing.F) {
	w := newWorld(f)
	// Those that need no RSA keys, which take too long to make.
	for _, c := range slices.Concat(refusedFile(), refusedProfile(), refusedProof(), refusedUse()) {
		in := c.make(w)
		data := in.Data
		if data == nil && in.Certificate != nil {
			data = in.Certificate.Raw
		}
		if len(data) < 1<<16 {
			f.Add(data)
		}
	}
	public := publicca.Load()
	f.Fuzz(func(t *testing.T, data []byte) {
		in := w.data(data)
		in.Public = public
		got, findings := admission.Admit(in)
		legible(t, findings)
		c := got.Certificate()
		if c == nil {
			if !rules.Refused(findings) {
				t.Fatal("neither admitted nor refused")
			}
			return
		}
		if c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) == nil {
			t.Fatal("a self-signed certificate was admitted")
		}
		if c.CheckSignatureFrom(w.root().Certificate) != nil || c.Equal(w.root().Certificate) {
			t.Fatal("a certificate was admitted that is not the root's")
		}
		if again, err := pki.ParseOne(data); err != nil || !again.Equal(c) {
			t.Fatal("what was admitted is not what was in the file")
		}
	})
}

// FuzzAdmitSelfSigned dresses a self-signed certificate up in any way.
func FuzzAdmitSelfSigned(f *testing.F) {
	f.Add("prod issuer 1", "example root 1", []byte{1}, []byte{2}, int64(5), 0, uint16(x509.KeyUsageCertSign), byte(0))
	f.Add("example root 1", "example root 1", []byte(nil), []byte(nil), int64(1), -1, uint16(96), byte(1))
	f.Add("a\x00b", "", []byte("x"), []byte("x"), int64(0), 7, uint16(0), byte(2))
	root := pkitest.Root(f)
	keys := []*ecdsa.PrivateKey{root.Key.(*ecdsa.PrivateKey), pkitest.ECDSA(f).(*ecdsa.PrivateKey), pkitest.ECDSA(f).(*ecdsa.PrivateKey)}
	base := root.Issuer(f, "prod").Certificate
	public := publicca.Load()
	f.Fuzz(func(t *testing.T, subject, issuer string, ski, aki []byte, serial int64, pathLen int, usage uint16, which byte) {
		key := keys[int(which)%len(keys)]
		der := pkitest.Forge(t, base, pkitest.ECDSAWith(key, pkitest.OID(1, 2, 840, 10045, 4, 3, 2), pkitest.SHA256), func(g *pkitest.Forgery) {
			pkitest.SetKey(t, &key.PublicKey)(g)
			pkitest.SetSubject(t, pkix.Name{CommonName: valid(subject)})(g)
			named := g.Subject
			pkitest.SetSubject(t, pkix.Name{CommonName: valid(issuer)})(g)
			g.Issuer, g.Subject = g.Subject, named
			g.Serial = big.NewInt(serial)
			g.Extensions = extensions(t, ski, aki, pathLen, x509.KeyUsage(usage&0x1ff))
		})
		got, findings := admission.Admit(admission.AnchorCase{
			At: "anchor/prod", Data: der, Roots: []*x509.Certificate{root.Certificate}, Now: pkitest.Now(), Public: public,
		})
		if got.Certificate() != nil {
			t.Fatalf("a self-signed certificate was admitted: %x", der)
		}
		if !rules.Refused(findings) {
			t.Fatal("it was not refused either")
		}
		legible(t, findings)
	})
}

// extensions are those of a CA with these settings, as crypto/x509 writes them.
func extensions(t *testing.T, ski, aki []byte, pathLen int, usage x509.KeyUsage) []pkix.Extension {
	t.Helper()
	key := pkitest.ECDSA(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), SubjectKeyId: ski, AuthorityKeyId: aki, KeyUsage: usage,
		IsCA: true, BasicConstraintsValid: true, MaxPathLen: max(pathLen, -1) % 100, MaxPathLenZero: pathLen == 0,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, &x509.Certificate{SubjectKeyId: aki}, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return pkitest.Parsed(t, der).Extensions
}

// valid is text that an ASN.1 string can hold.
func valid(s string) string {
	var out []rune
	for _, r := range s {
		if r != unicode.ReplacementChar {
			out = append(out, r)
		}
	}
	return string(out)
}

// legible: nothing that a terminal acts upon comes out of a certificate.
func legible(t *testing.T, findings []rules.Finding) {
	t.Helper()
	for _, f := range findings {
		for _, r := range f.At + f.Element + f.Evidence + f.Remedy {
			if !unicode.IsPrint(r) {
				t.Fatalf("%U in %q", r, f)
			}
		}
	}
}

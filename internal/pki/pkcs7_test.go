package pki_test

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"anchorctl/internal/pki"
	"anchorctl/internal/pki/pkitest"
)

func TestPKCS7IsTheOneCertificateInItOrRefused(t *testing.T) {
	estate := pkitest.NewEstate(t, "prod")
	one, root := estate.Issuers["prod"].Certificate.Raw, estate.Root.Certificate.Raw
	two := append(bytes.Clone(one), root...)
	labelled := func(label string, der []byte) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der})
	}
	sound := pkitest.Bundle{Certificates: one}.Bytes()
	for _, c := range []struct {
		name string
		data []byte
		want pki.Found
		says string
	}{
		{"DER", sound, "", ""},
		{"PEM", labelled("PKCS7", sound), "", ""},
		{"PEM, as CMS", labelled("CMS", sound), "", ""},
		{"with an empty set of revocation lists, as OpenSSL once wrote it", pkitest.Bundle{Certificates: one, Lists: []byte{}}.Bytes(), "", ""},
		{"BER of indefinite lengths, as Bouncy Castle writes it", pkitest.Bundle{Certificates: one, Constructed: pkitest.OpenEnded}.Bytes(), "", ""},
		{"two certificates", pkitest.Bundle{Certificates: two}.Bytes(), pki.FoundPKCS7, "it holds 2 certificates"},
		{"the same certificate twice", pkitest.Bundle{Certificates: append(bytes.Clone(one), one...)}.Bytes(), pki.FoundPKCS7, "it holds 2 certificates"},
		{"no certificate", pkitest.Bundle{}.Bytes(), pki.FoundPKCS7, "it holds no certificate"},
		{"an empty set of certificates", pkitest.Bundle{Certificates: []byte{}}.Bytes(), pki.FoundPKCS7, "it holds no certificate"},
		{"content", pkitest.Bundle{Certificates: one, Content: pkitest.TLV(0xa0, pkitest.TLV(0x04, []byte("x")))}.Bytes(), pki.FoundPKCS7, "content"},
		{"a signature", pkitest.Bundle{Certificates: one, Signers: pkitest.TLV(0x30, []byte{2, 1, 1})}.Bytes(), pki.FoundPKCS7, "signatures"},
		{"digest algorithms", pkitest.Bundle{Certificates: one, Algorithms: pkitest.TLV(0x30, []byte{5, 0})}.Bytes(), pki.FoundPKCS7, "digest"},
		{"a revocation list", pkitest.Bundle{Certificates: one, Lists: pkitest.TLV(0x30)}.Bytes(), pki.FoundPKCS7, "revocation lists"},
		{"an attribute certificate", pkitest.Bundle{Certificates: append(bytes.Clone(one), pkitest.TLV(0xa2)...)}.Bytes(), pki.FoundPKCS7, "attribute"},
		{"trailing bytes", append(bytes.Clone(sound), 0), pki.FoundPKCS7, "follows"},
		{"trailing bytes in PEM", labelled("PKCS7", append(bytes.Clone(sound), 0)), pki.FoundPKCS7, "follows"},
		{"a certificate after it", append(bytes.Clone(sound), one...), pki.FoundPKCS7, "follows"},
		{"cut short", sound[:len(sound)-40], pki.FoundUnknownData, ""},
		{"cut short in PEM", labelled("PKCS7", sound[:len(sound)-40]), pki.FoundPKCS7, "cut"},
		{"an end that never comes", pkitest.Bundle{Certificates: one, Constructed: pkitest.OpenEnded}.Bytes()[:len(one)], pki.FoundUnknownData, ""},
		{"bytes after the certificate, inside", pkitest.Bundle{Certificates: append(bytes.Clone(one), 0x05, 0)}.Bytes(), pki.FoundPKCS7, "other than"},
		{"a bundle in lines of a certificate", labelled("CERTIFICATE", sound), pki.FoundMalformed, ""},
		{"a certificate in lines of a bundle", labelled("PKCS7", one), pki.FoundPKCS7, ""},
		{"text before it", append([]byte("subject=CN=x\n"), labelled("PKCS7", sound)...), pki.FoundTrailing, ""},
		{"text after it", append(labelled("PKCS7", sound), "x"...), pki.FoundTrailing, ""},
		{"two bundles", append(labelled("PKCS7", sound), labelled("PKCS7", sound)...), pki.FoundTrailing, ""},
		{"nested without end", bytes.Repeat([]byte{0x30, 0x80}, 30000), pki.FoundUnknownData, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := pki.ParseOne(c.data)
			if c.want == "" {
				if err != nil || !bytes.Equal(got.Raw, one) {
					t.Errorf("got %v", err)
				}
				return
			}
			var parse *pki.ParseError
			if !errors.As(err, &parse) || parse.Found != c.want || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want found %q, saying %q", err, c.want, c.says)
			}
		})
	}
}

func TestAChainIsPEMOrDEROrPKCS7(t *testing.T) {
	estate := pkitest.NewEstate(t, "prod")
	one, root := estate.Issuers["prod"].Certificate, estate.Root.Certificate
	both := pkitest.Bundle{Certificates: append(bytes.Clone(one.Raw), root.Raw...)}.Bytes()
	text := pki.EncodePEM(one, root)
	bundled := pem.EncodeToMemory(&pem.Block{Type: "PKCS7", Bytes: both})
	for _, c := range []struct {
		name string
		data []byte
		want int // certificates; 0: refused
	}{
		{"PEM", text, 2},
		{"PEM with text between", append(append([]byte("issuer:\n"), pki.EncodePEM(one)...), append([]byte("root:\n"), pki.EncodePEM(root)...)...), 2},
		{"one certificate as DER", one.Raw, 1},
		{"PKCS#7 as DER", both, 2},
		{"PKCS#7 as PEM", bundled, 2},
		{"PKCS#7 and a certificate", append(bytes.Clone(bundled), pki.EncodePEM(root)...), 3},
		{"nothing", nil, 0},
		{"text alone", []byte("hello"), 0},
		{"a private key among them", append(bytes.Clone(text), "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n"...), 0},
		{"another block among them", append(bytes.Clone(text), "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"...), 0},
		{"a damaged block among them", append(bytes.Clone(text), "-----BEGIN CERTIFICATE-----\nAAAA\n"...), 0},
		{"a signed bundle", pkitest.Bundle{Certificates: one.Raw, Signers: pkitest.TLV(0x30, []byte{2, 1, 1})}.Bytes(), 0},
		{"a certificate with something after it", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: append(bytes.Clone(one.Raw), 0)}), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := pki.OpenChain(c.data)
			if len(got) != c.want || (err == nil) != (c.want > 0) {
				t.Errorf("got %d certificates, error %v, want %d", len(got), err, c.want)
			}
			for _, der := range got {
				if _, err := x509.ParseCertificate(der); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// GnuTLS names another type of content than OpenSSL, and has none either.
func TestPKCS7OfGnuTLS(t *testing.T) {
	certtool := needTool(t, "certtool")
	c := pkitest.NewEstate(t, "prod").Issuers["prod"]
	file := filepath.Join(t.TempDir(), "issuer.pem")
	if err := os.WriteFile(file, c.PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), certtool, "--p7-generate", "--load-certificate", file).Output()
	if err != nil {
		t.Fatal(err)
	}
	got, err := pki.ParseOne(out)
	if err != nil || !got.Equal(c.Certificate) {
		t.Errorf("got %v", err)
	}
}

// FuzzPKCS7: whatever the bytes are, what comes out of a bundle stood in it.
func FuzzPKCS7(f *testing.F) {
	one := pkitest.Root(f).Certificate.Raw
	f.Add(pkitest.Bundle{Certificates: one}.Bytes())
	f.Add(pkitest.Bundle{Certificates: one, Lists: []byte{}}.Bytes())
	f.Add(pkitest.Bundle{Certificates: one, Constructed: pkitest.OpenEnded}.Bytes())
	f.Add(pkitest.Bundle{Certificates: one, Content: pkitest.TLV(0xa0, pkitest.TLV(0x04))}.Bytes())
	f.Add(bytes.Repeat([]byte{0x30, 0x80}, 100))
	f.Add([]byte{0x30, 0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, form := range [][]byte{data, pem.EncodeToMemory(&pem.Block{Type: "PKCS7", Bytes: data})} {
			list, err := pki.OpenChain(form)
			if err != nil {
				continue
			}
			for _, der := range list {
				if !bytes.Contains(data, der) {
					t.Fatal("a certificate that was not in the bundle")
				}
			}
			if got, err := pki.ParseOne(form); err == nil && (len(list) != 1 || !bytes.Equal(got.Raw, list[0])) {
				t.Fatal("one reader finds one certificate, the other does not")
			}
		}
	})
}

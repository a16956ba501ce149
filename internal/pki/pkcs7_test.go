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

// tlv is one element of DER with this identifier octet.
func tlv(tag byte, parts ...[]byte) []byte {
	content := bytes.Join(parts, nil)
	switch n := len(content); {
	case n < 0x80:
		return append([]byte{tag, byte(n)}, content...)
	case n < 0x100:
		return append([]byte{tag, 0x81, byte(n)}, content...)
	case n < 0x10000:
		return append([]byte{tag, 0x82, byte(n >> 8), byte(n)}, content...)
	default:
		return append([]byte{tag, 0x83, byte(n >> 16), byte(n >> 8), byte(n)}, content...)
	}
}

// open ended is the same with an indefinite length.
func openEnded(tag byte, parts ...[]byte) []byte {
	return append(append([]byte{tag, 0x80}, bytes.Join(parts, nil)...), 0, 0)
}

// A bundle is SignedData in its parts.
type bundle struct {
	content, certificates, lists, signers, algorithms []byte
	constructed                                       func(tag byte, parts ...[]byte) []byte
}

func (b bundle) bytes() []byte {
	make := b.constructed
	if make == nil {
		make = tlv
	}
	oid := func(last byte) []byte {
		return []byte{0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, last}
	}
	fields := [][]byte{{2, 1, 1}, tlv(0x31, b.algorithms), make(0x30, oid(1), b.content)}
	if b.certificates != nil {
		fields = append(fields, make(0xa0, b.certificates))
	}
	if b.lists != nil {
		fields = append(fields, make(0xa1, b.lists))
	}
	return make(0x30, oid(2), make(0xa0, make(0x30, append(fields, tlv(0x31, b.signers))...)))
}

func TestPKCS7IsTheOneCertificateInItOrRefused(t *testing.T) {
	estate := pkitest.NewEstate(t, "prod")
	one, root := estate.Issuers["prod"].Certificate.Raw, estate.Root.Certificate.Raw
	two := append(bytes.Clone(one), root...)
	labelled := func(label string, der []byte) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der})
	}
	sound := bundle{certificates: one}.bytes()
	for _, c := range []struct {
		name string
		data []byte
		want pki.Found
		says string
	}{
		{"DER", sound, "", ""},
		{"PEM", labelled("PKCS7", sound), "", ""},
		{"PEM, as CMS", labelled("CMS", sound), "", ""},
		{"with an empty set of revocation lists, as OpenSSL once wrote it", bundle{certificates: one, lists: []byte{}}.bytes(), "", ""},
		{"BER of indefinite lengths, as Bouncy Castle writes it", bundle{certificates: one, constructed: openEnded}.bytes(), "", ""},
		{"two certificates", bundle{certificates: two}.bytes(), pki.FoundPKCS7, "it holds 2 certificates"},
		{"the same certificate twice", bundle{certificates: append(bytes.Clone(one), one...)}.bytes(), pki.FoundPKCS7, "it holds 2 certificates"},
		{"no certificate", bundle{}.bytes(), pki.FoundPKCS7, "it holds no certificate"},
		{"an empty set of certificates", bundle{certificates: []byte{}}.bytes(), pki.FoundPKCS7, "it holds no certificate"},
		{"content", bundle{certificates: one, content: tlv(0xa0, tlv(0x04, []byte("x")))}.bytes(), pki.FoundPKCS7, "content"},
		{"a signature", bundle{certificates: one, signers: tlv(0x30, []byte{2, 1, 1})}.bytes(), pki.FoundPKCS7, "signatures"},
		{"digest algorithms", bundle{certificates: one, algorithms: tlv(0x30, []byte{5, 0})}.bytes(), pki.FoundPKCS7, "digest"},
		{"a revocation list", bundle{certificates: one, lists: tlv(0x30)}.bytes(), pki.FoundPKCS7, "revocation lists"},
		{"an attribute certificate", bundle{certificates: append(bytes.Clone(one), tlv(0xa2)...)}.bytes(), pki.FoundPKCS7, "attribute"},
		{"trailing bytes", append(bytes.Clone(sound), 0), pki.FoundPKCS7, "follows"},
		{"trailing bytes in PEM", labelled("PKCS7", append(bytes.Clone(sound), 0)), pki.FoundPKCS7, "follows"},
		{"a certificate after it", append(bytes.Clone(sound), one...), pki.FoundPKCS7, "follows"},
		{"cut short", sound[:len(sound)-40], pki.FoundUnknownData, ""},
		{"cut short in PEM", labelled("PKCS7", sound[:len(sound)-40]), pki.FoundPKCS7, "cut"},
		{"an end that never comes", bundle{certificates: one, constructed: openEnded}.bytes()[:len(one)], pki.FoundUnknownData, ""},
		{"bytes after the certificate, inside", bundle{certificates: append(bytes.Clone(one), 0x05, 0)}.bytes(), pki.FoundPKCS7, "other than"},
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
	both := bundle{certificates: append(bytes.Clone(one.Raw), root.Raw...)}.bytes()
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
		{"a signed bundle", bundle{certificates: one.Raw, signers: tlv(0x30, []byte{2, 1, 1})}.bytes(), 0},
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
	f.Add(bundle{certificates: one}.bytes())
	f.Add(bundle{certificates: one, lists: []byte{}}.bytes())
	f.Add(bundle{certificates: one, constructed: openEnded}.bytes())
	f.Add(bundle{certificates: one, content: tlv(0xa0, tlv(0x04))}.bytes())
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

package pki_test

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"math/big"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"anchorctl/internal/pki"
	"anchorctl/internal/pki/pkitest"
)

type parseCase struct {
	name string
	data []byte
	want pki.Found // "" when it is one certificate
}

func parseCases(t testing.TB) []parseCase {
	t.Helper()
	issuer := pkitest.NewEstate(t, "prod").Issuers["prod"]
	text, der := issuer.PEM(), issuer.Certificate.Raw
	key, err := x509.MarshalPKCS8PrivateKey(issuer.Key)
	if err != nil {
		t.Fatal(err)
	}
	spki, err := x509.MarshalPKIXPublicKey(issuer.Key.Public())
	if err != nil {
		t.Fatal(err)
	}
	request, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, issuer.Key)
	if err != nil {
		t.Fatal(err)
	}
	crl, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{Number: big.NewInt(1),
		ThisUpdate: pkitest.Now(), NextUpdate: pkitest.Now().AddDate(0, 0, 1)}, issuer.Certificate, issuer.Key)
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string, der []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}) }
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	keyPEM := block("PRIVATE KEY", key)
	return []parseCase{
		{"PEM", text, ""},
		{"DER", der, ""},
		{"PEM with white space around and Windows line ends", join([]byte("\n \t"), bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n")), []byte("\n\n")), ""},
		{"nothing", nil, pki.FoundNothing},
		{"white space", []byte(" \n\n"), pki.FoundNothing},
		{"too much", bytes.Repeat([]byte("a"), pki.MaxFile+1), pki.FoundTooMuch},
		{"two certificates", join(text, text), pki.FoundSeveral},
		{"two certificates in DER", join(der, der), pki.FoundSeveral},
		{"a certificate and its key", join(text, keyPEM), pki.FoundPrivateKey},
		{"a key and its certificate", join(keyPEM, text), pki.FoundPrivateKey},
		{"a key", keyPEM, pki.FoundPrivateKey},
		{"a key in DER", key, pki.FoundPrivateKey},
		{"an encrypted key", block("ENCRYPTED PRIVATE KEY", key), pki.FoundPrivateKey},
		{"a public key", block("PUBLIC KEY", spki), pki.FoundPublicKey},
		{"a public key in DER", spki, pki.FoundPublicKey},
		{"a certificate and a public key", join(text, block("PUBLIC KEY", spki)), pki.FoundTrailing},
		{"a certificate and text", join(text, []byte("hello\n")), pki.FoundTrailing},
		{"text and a certificate", join([]byte("Certificate:\n"), text), pki.FoundTrailing},
		{"a certificate and a byte in DER", join(der, []byte{0}), pki.FoundTrailing},
		{"a request", block("CERTIFICATE REQUEST", request), pki.FoundRequest},
		{"an old request", block("NEW CERTIFICATE REQUEST", request), pki.FoundRequest},
		{"a request in DER", request, pki.FoundRequest},
		{"a revocation list", block("X509 CRL", crl), pki.FoundCRL},
		{"a revocation list in DER", crl, pki.FoundCRL},
		{"PKCS#7", block("PKCS7", der), pki.FoundPKCS7},
		{"a trusted certificate of OpenSSL", block("TRUSTED CERTIFICATE", der), pki.FoundOtherBlock},
		{"a byte order mark", join([]byte("\xef\xbb\xbf"), text), pki.FoundByteOrder},
		{"UTF-16", utf16(text), pki.FoundByteOrder},
		{"base64 alone", []byte(base64.StdEncoding.EncodeToString(der)), pki.FoundBareBase64},
		{"a Java key store", []byte{0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2}, pki.FoundPKCS12},
		{"a cut block", text[:len(text)-30], pki.FoundDamagedPEM},
		{"a block with headers", bytes.Replace(text, []byte("-----\n"), []byte("-----\nName: x\n\n"), 1), pki.FoundDamagedPEM},
		{"a request in a block of a certificate", block("CERTIFICATE", request), pki.FoundMalformed},
		{"rubbish in a block of a certificate", block("CERTIFICATE", []byte("rubbish")), pki.FoundUnknownData},
		{"two certificates in one block", block("CERTIFICATE", join(der, der)), pki.FoundSeveral},
		{"a cut certificate", der[:len(der)-1], pki.FoundUnknownData},
		{"text", []byte("hello"), pki.FoundUnknownData},
		{"binary zeros", make([]byte, 100), pki.FoundUnknownData},
	}
}

func utf16(text []byte) []byte {
	out := []byte{0xff, 0xfe}
	for _, b := range text {
		out = append(out, b, 0)
	}
	return out
}

func TestParseOneTakesExactlyOneCertificate(t *testing.T) {
	for _, c := range parseCases(t) {
		t.Run(c.name, func(t *testing.T) {
			cert, err := pki.ParseOne(c.data)
			if c.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			var parseErr *pki.ParseError
			if !errors.As(err, &parseErr) || parseErr.Found != c.want || cert != nil {
				t.Errorf("got %v, want found %q", err, c.want)
			}
		})
	}
}

func TestParseOneNamesBinaryBundlesOfOpenSSL(t *testing.T) {
	openssl := needTool(t, "openssl")
	f := writeChain(t, newChain(t, keyMakers()[0], nil, nil, false))
	p7, err := exec.CommandContext(t.Context(), openssl, "crl2pkcs7", "-nocrl", "-certfile", f.chain, "-outform", "DER").Output()
	if err != nil {
		t.Fatal(err)
	}
	p12, err := exec.CommandContext(t.Context(), openssl, "pkcs12", "-export", "-nokeys", "-in", filepath.Clean(f.chain), "-passout", "pass:x").Output()
	if err != nil {
		t.Fatal(err)
	}
	for want, data := range map[pki.Found][]byte{pki.FoundPKCS7: p7, pki.FoundPKCS12: p12} {
		var parseErr *pki.ParseError
		if _, err := pki.ParseOne(data); !errors.As(err, &parseErr) || parseErr.Found != want {
			t.Errorf("got %v, want found %q", err, want)
		}
	}
}

// respelt replaces bytes of a certificate; its signature no longer holds, which
// reading does not look at.
func respelt(t testing.TB, old, replacement string) []byte {
	t.Helper()
	root := pkitest.Root(t)
	if !bytes.Contains(root.Certificate.Raw, []byte(old)) || len(old) != len(replacement) {
		t.Fatalf("cannot replace %q by %q", old, replacement)
	}
	return bytes.Replace(root.Certificate.Raw, []byte(old), []byte(replacement), 1)
}

func TestParseOneIsStricterThanCryptoX509(t *testing.T) {
	// A date without seconds and one with an offset from Greenwich, in the room of
	// two sound ones.
	der := respelt(t, "\x17\x0d251102120000Z\x17\x0d351102120000Z", "\x17\x0b2511021200Z\x17\x0f3511021200+0100")
	if _, err := x509.ParseCertificate(der); err != nil {
		t.Errorf("crypto/x509 refuses it by now, strictDates may be less: %v", err)
	}
	var parseErr *pki.ParseError
	if _, err := pki.ParseOne(der); !errors.As(err, &parseErr) || parseErr.Found != pki.FoundMalformed {
		t.Errorf("got %v, want found %q", err, pki.FoundMalformed)
	}
}

func TestBundles(t *testing.T) {
	e := pkitest.NewEstate(t, "prod", "dev")
	one, two := string(e.Issuers["prod"].PEM()), string(e.Issuers["dev"].PEM())
	for text, want := range map[string]int{one: 1, one + two: 2, "# prod\n" + one + "\n# dev\n" + two: 2} {
		got, err := pki.ParseBundle(text)
		if err != nil || len(got) != want {
			t.Errorf("got %d certificates and %v, want %d", len(got), err, want)
		}
	}
	key := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte{1}}))
	for name, text := range map[string]string{
		"nothing": "", "text": "hello", "a key": one + key, "a cut block": one + two[:len(two)-30],
		"a damaged block first": strings.Replace(one, "MII", "!!!", 1) + two, "too much": strings.Repeat("\n", 300_000) + one,
		"rubbish inside": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte{1}})),
	} {
		if got, err := pki.ParseBundle(text); err == nil {
			t.Errorf("%s: read as %d certificates", name, len(got))
		}
	}
}

func TestReadBounded(t *testing.T) {
	data, err := pki.ReadBounded(strings.NewReader("12345"), 5)
	if err != nil || string(data) != "12345" {
		t.Errorf("got %q, %v", data, err)
	}
	var parseErr *pki.ParseError
	if _, err := pki.ReadBounded(strings.NewReader("123456"), 5); !errors.As(err, &parseErr) || parseErr.Found != pki.FoundTooMuch {
		t.Errorf("got %v, want found %q", err, pki.FoundTooMuch)
	}
}

func FuzzParseOne(f *testing.F) {
	for _, c := range parseCases(f) {
		if len(c.data) < 10_000 {
			f.Add(c.data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := pki.ParseOne(data)
		if err != nil {
			var parseErr *pki.ParseError
			if !errors.As(err, &parseErr) || parseErr.Found == "" {
				t.Errorf("an error that says nothing: %v", err)
			}
			return
		}
		// One certificate has one reading: what it encodes to is itself.
		again, err := pki.ParseOne(pki.EncodePEM(c))
		if err != nil || !again.Equal(c) {
			t.Errorf("it does not come back: %v", err)
		}
		if bytes.Contains(data, []byte("PRIVATE KEY-----")) || bytes.Count(data, []byte("-----BEGIN ")) > 1 {
			t.Error("more than a certificate was taken")
		}
		if c.SerialNumber.Sign() <= 0 {
			t.Error("a serial number that is not positive was taken")
		}
		// None of these may panic, whatever the certificate.
		pki.SelfSigned(c)
		pki.SPKI(c)
		pki.Lint(c)
	})
}

func FuzzParseBundle(f *testing.F) {
	e := pkitest.NewEstate(f, "prod", "dev")
	f.Add(string(e.Issuers["prod"].PEM()))
	f.Add("# two\n" + string(e.Issuers["prod"].PEM()) + string(e.Issuers["dev"].PEM()))
	f.Add("-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----\n")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := pki.ParseBundle(text)
		if err != nil {
			return
		}
		if len(list) != strings.Count(text, "-----BEGIN ") {
			t.Errorf("%d certificates of %d blocks", len(list), strings.Count(text, "-----BEGIN "))
		}
		again, err := pki.ParseBundle(string(pki.EncodePEM(list...)))
		if err != nil || len(again) != len(list) {
			t.Errorf("they do not come back: %v", err)
		}
	})
}

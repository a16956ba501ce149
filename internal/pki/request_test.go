package pki_test

import (
	"bytes"
	"crypto"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"math/big"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/pki"
	"anchorctl/internal/pki/pkitest"
)

func requestFor(t testing.TB, key crypto.Signer, change func(*x509.CertificateRequest)) []byte {
	t.Helper()
	template := &x509.CertificateRequest{Subject: pkix.Name{CommonName: "any"}}
	if change != nil {
		change(template)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, template, key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func requestPEM(label string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der})
}

func TestARequestIsReadInEveryUsualForm(t *testing.T) {
	key := pkitest.ECDSA(t)
	der := requestFor(t, key, nil)
	text := requestPEM("CERTIFICATE REQUEST", der)
	for name, data := range map[string][]byte{
		"DER": der, "PEM": text, "PEM with the older label": requestPEM("NEW CERTIFICATE REQUEST", der),
		"PEM with carriage returns":    bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n")),
		"PEM below the text of GnuTLS": append([]byte("Certificate Request Information:\n\tVersion: 1\n"), text...),
		"PEM above other text":         append(bytes.Clone(text), "made on host-1\n"...),
		"PEM between empty lines":      append(append([]byte("\n \n"), text...), '\n', '\n'),
	} {
		r, err := pki.ParseRequest(data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !key.Public().(interface{ Equal(crypto.PublicKey) bool }).Equal(r.Key) {
			t.Errorf("%s: it has another key", name)
		}
	}
	for name, key := range map[string]crypto.Signer{"RSA": pkitest.RSAKey(t, 2048), "P-384": pkitest.ECKey(t, elliptic.P384())} {
		if _, err := pki.ParseRequest(requestFor(t, key, nil)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	pss := requestFor(t, pkitest.RSAKey(t, 2048), func(r *x509.CertificateRequest) { r.SignatureAlgorithm = x509.SHA256WithRSAPSS })
	if _, err := pki.ParseRequest(pss); err != nil {
		t.Errorf("RSASSA-PSS: %v", err)
	}
}

// rebuilt takes a request apart and puts it together again with other fields,
// signed anew.
func rebuilt(t testing.TB, der []byte, change func(fields [][]byte) [][]byte) []byte {
	t.Helper()
	key := pkitest.ECKey(t, elliptic.P256())
	spki, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	fields := pkitest.Parts(t, pkitest.Parts(t, der)[0])
	fields[2] = spki
	info := pkitest.TLV(0x30, change(fields)...)
	signature, err := key.Sign(rand.Reader, pkitest.SHA256(info), crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	algorithm := pkitest.Parts(t, der)[1]
	return pkitest.TLV(0x30, info, algorithm, pkitest.TLV(0x03, []byte{0}, signature))
}

func TestWhatIsNoRequestIsNamed(t *testing.T) {
	key := pkitest.ECKey(t, elliptic.P256())
	der := requestFor(t, key, nil)
	text := requestPEM("CERTIFICATE REQUEST", der)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	private := requestPEM("PRIVATE "+"KEY", pkcs8)
	root := pkitest.Root(t)
	spki, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		data []byte
		want pki.Found
	}{
		{"nothing", nil, pki.FoundNothing},
		{"white space", []byte(" \n"), pki.FoundNothing},
		{"a word", []byte("hello"), pki.FoundNoRequest},
		{"too much", append(bytes.Clone(text), bytes.Repeat([]byte("\n"), pki.MaxFile)...), pki.FoundTooMuch},
		{"a private key", private, pki.FoundPrivateKey},
		{"a private key in DER", pkcs8, pki.FoundPrivateKey},
		{"a request and its private key", append(bytes.Clone(text), private...), pki.FoundPrivateKey},
		{"a certificate", root.PEM(), pki.FoundCertificate},
		{"a certificate in DER", root.Certificate.Raw, pki.FoundCertificate},
		{"a public key", requestPEM("PUBLIC KEY", spki), pki.FoundPublicKey},
		{"two requests", append(bytes.Clone(text), text...), pki.FoundBlocks},
		{"a request and a certificate", append(bytes.Clone(text), root.PEM()...), pki.FoundBlocks},
		{"a byte after the DER", append(bytes.Clone(der), 0), pki.FoundAround},
		{"a byte after the DER inside the PEM", requestPEM("CERTIFICATE REQUEST", append(bytes.Clone(der), 0)), pki.FoundAround},
		{"PEM that lost a line", append(bytes.Clone(text[:40]), text[41:]...), pki.FoundDamagedPEM},
		{"PEM with headers", []byte(strings.Replace(string(text), "-----\n", "-----\nX: y\n\n", 1)), pki.FoundDamagedPEM},
		{"DER that was cut", der[:len(der)-1], pki.FoundNoRequest},
		{"an empty sequence", []byte{0x30, 0}, pki.FoundBadRequest},
		{"version 2", rebuilt(t, der, func(f [][]byte) [][]byte { f[0] = []byte{2, 1, 1}; return f }), pki.FoundBadRequest},
		{"no attributes at all", rebuilt(t, der, func(f [][]byte) [][]byte { return f[:3] }), pki.FoundBadRequest},
		{"a field too many", rebuilt(t, der, func(f [][]byte) [][]byte { return append(f, []byte{5, 0}) }), pki.FoundBadRequest},
		{"an attribute without values", rebuilt(t, der, func(f [][]byte) [][]byte {
			f[3] = pkitest.TLV(0xa0, pkitest.TLV(0x30, []byte{6, 3, 0x55, 4, 3}, []byte{0x31, 0}))
			return f
		}), pki.FoundBadRequest},
	} {
		_, err := pki.ParseRequest(c.data)
		var wrong *pki.RequestError
		if !errors.As(err, &wrong) || wrong.Found != c.want {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
	if _, err := pki.ParseRequest(rebuilt(t, der, func(f [][]byte) [][]byte { return f })); err != nil {
		t.Errorf("what the cases above are made from is refused: %v", err)
	}
}

func TestARequestProvesPossession(t *testing.T) {
	key := pkitest.ECKey(t, elliptic.P256())
	der := requestFor(t, key, nil)
	parts := pkitest.Parts(t, der)
	sign := func(info []byte, hash crypto.Hash, digest []byte, signer crypto.Signer) []byte {
		signature, err := signer.Sign(rand.Reader, digest, hash)
		if err != nil {
			t.Fatal(err)
		}
		return pkitest.TLV(0x03, []byte{0}, signature)
	}
	other := pkitest.ECKey(t, elliptic.P256())
	algorithm := func(id asn1.ObjectIdentifier) []byte {
		text, err := asn1.Marshal(pkix.AlgorithmIdentifier{Algorithm: id})
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	for _, c := range []struct {
		name string
		der  []byte
		want string
	}{
		{"signed by another key", pkitest.TLV(0x30, parts[0], parts[1], sign(parts[0], crypto.SHA256, pkitest.SHA256(parts[0]), other)), "nothing proves"},
		{"the signature of something else", pkitest.TLV(0x30, parts[0], parts[1], pkitest.Parts(t, requestFor(t, key, func(r *x509.CertificateRequest) { r.DNSNames = []string{"x"} }))[2]), "nothing proves"},
		{"an empty signature", pkitest.TLV(0x30, parts[0], parts[1], []byte{3, 1, 0}), "nothing proves"},
		{"SHA-1", pkitest.TLV(0x30, parts[0], algorithm(pkitest.OID(1, 2, 840, 10045, 4, 1)), sign(parts[0], crypto.SHA1, pkitest.SHA1(parts[0]), key)), "signed with ECDSA-SHA1"},
		{"an algorithm for another kind of key", pkitest.TLV(0x30, parts[0], algorithm(pkitest.OID(1, 2, 840, 113549, 1, 1, 11)), parts[2]), "nothing proves"},
		{"an unknown algorithm", pkitest.TLV(0x30, parts[0], algorithm(pkitest.OID(1, 2, 3)), parts[2]), "an algorithm that is not known"},
		{"Ed25519", requestFor(t, pkitest.EdKey(t), nil), "signed with Ed25519"},
		{"an RSA key without end", endlessRequest(t, parts), "more than 8192 bits"},
	} {
		_, err := pki.ParseRequest(c.der)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
}

// endlessRequest has an RSA key that would take long to verify with.
func endlessRequest(t testing.TB, parts [][]byte) []byte {
	t.Helper()
	modulus := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 60_000), big.NewInt(1))
	key, err := asn1.Marshal(struct {
		N *big.Int
		E int
	}{modulus, 65537})
	if err != nil {
		t.Fatal(err)
	}
	spki, err := asn1.Marshal(struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}{pkix.AlgorithmIdentifier{Algorithm: pkitest.OID(1, 2, 840, 113549, 1, 1, 1), Parameters: asn1.NullRawValue}, asn1.BitString{Bytes: key, BitLength: 8 * len(key)}})
	if err != nil {
		t.Fatal(err)
	}
	fields := pkitest.Parts(t, parts[0])
	fields[2] = spki
	algorithm, err := asn1.Marshal(pkix.AlgorithmIdentifier{Algorithm: pkitest.OID(1, 2, 840, 113549, 1, 1, 11), Parameters: asn1.NullRawValue})
	if err != nil {
		t.Fatal(err)
	}
	return pkitest.TLV(0x30, pkitest.TLV(0x30, fields...), algorithm, parts[2])
}

func TestWhatARequestAsksForIsListedAndItsPasswordIsNot(t *testing.T) {
	uri, err := url.Parse("spiffe://prod.example.internal/backup")
	if err != nil {
		t.Fatal(err)
	}
	der := requestFor(t, pkitest.ECDSA(t), func(r *x509.CertificateRequest) {
		r.Subject = pkix.Name{CommonName: "backup", Organization: []string{"Example Corp"}, OrganizationalUnit: []string{"prod"}}
		r.DNSNames, r.URIs, r.EmailAddresses = []string{"backup.example.com"}, []*url.URL{uri}, []string{"root@example.com"}
		r.ExtraExtensions = []pkix.Extension{{Id: pkitest.OID(2, 5, 29, 19), Critical: true, Value: []byte{0x30, 3, 1, 1, 0xff}}, {Id: pkitest.OID(1, 2, 3, 4), Value: []byte{5, 0}}}
	})
	password := pkitest.TLV(0x30, []byte{6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 7}, pkitest.TLV(0x31, pkitest.TLV(0x0c, []byte("hunter2"))))
	der = rebuilt(t, der, func(f [][]byte) [][]byte {
		f[3] = pkitest.TLV(0xa0, append(pkitest.Parts(t, f[3]), password)...)
		return f
	})
	r, err := pki.ParseRequest(der)
	if err != nil {
		t.Fatal(err)
	}
	leaf := pkitest.NewEstate(t, "prod").Leaf(t, "prod", "backup").Certificate
	var got []string
	for _, a := range r.Ignored(leaf) {
		got = append(got, a.String())
	}
	want := []string{"DNS name backup.example.com", "e-mail address root@example.com", "extension basicConstraints", "extension 1.2.3.4", "attribute challengePassword"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTooManyNamesAreCounted(t *testing.T) {
	der := requestFor(t, pkitest.ECDSA(t), func(r *x509.CertificateRequest) {
		for range 500 {
			r.DNSNames = append(r.DNSNames, "a.example.com")
		}
	})
	r, err := pki.ParseRequest(der)
	if err != nil {
		t.Fatal(err)
	}
	ignored := r.Ignored(pkitest.Root(t).Certificate)
	if len(ignored) != 21 || ignored[20].String() != "and 481 more" {
		t.Errorf("%d lines, the last of them %q", len(ignored), ignored[len(ignored)-1])
	}
}

// FuzzRequest: whatever is taken for a request verifies under crypto/x509 too.
func FuzzRequest(f *testing.F) {
	der := requestFor(f, pkitest.ECDSA(f), func(r *x509.CertificateRequest) { r.DNSNames = []string{"a"} })
	f.Add(der)
	f.Add(requestPEM("CERTIFICATE REQUEST", der))
	f.Add(requestFor(f, pkitest.RSAKey(f, 2048), nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := pki.ParseRequest(data)
		if err != nil {
			return
		}
		if begins := bytes.Index(data, []byte("-----BEGIN ")); begins >= 0 {
			block, _ := pem.Decode(data[begins:])
			data = block.Bytes
		}
		parsed, err := x509.ParseCertificateRequest(data)
		if err != nil || parsed.CheckSignature() != nil || r.Key == nil {
			t.Errorf("taken, and crypto/x509 says %v", err)
		}
	})
}

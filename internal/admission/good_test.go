package admission_test

import (
	"bytes"
	"crypto"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"anchorctl/internal/admission"
	"anchorctl/internal/pki"
	"anchorctl/internal/pki/pkitest"
	"anchorctl/internal/publicca"
	"anchorctl/internal/rules"
)

// goods makes chains at random, all of them sound.
type goods struct {
	t    *testing.T
	now  time.Time
	keys []crypto.Signer // of every kind there is; RSA keys take too long to make anew
}

func newGoods(t *testing.T) *goods {
	t.Helper()
	g := &goods{t: t, now: time.Now().UTC().Truncate(time.Second)}
	for _, curve := range []elliptic.Curve{elliptic.P256(), elliptic.P256(), elliptic.P384(), elliptic.P384(), elliptic.P521(), elliptic.P521()} {
		for range 4 {
			g.keys = append(g.keys, pkitest.ECKey(t, curve))
		}
	}
	for _, bits := range []int{2048, 2048, 2048, 3072, 3072, 4096} {
		g.keys = append(g.keys, pkitest.RSAKey(t, bits))
	}
	return g
}

// below is a random number from 0 to n-1.
func (g *goods) below(n int) int {
	i, err := rand.Int(rand.Reader, big.NewInt(int64(n)))
	if err != nil {
		g.t.Fatal(err)
	}
	return int(i.Int64())
}

func (g *goods) maybe() bool { return g.below(2) == 0 }

// keysFor are different keys, one for each certificate of a chain.
func (g *goods) keysFor(n int) []crypto.Signer {
	var list []crypto.Signer
	for len(list) < n {
		if k := g.keys[g.below(len(g.keys))]; !slices.Contains(list, k) {
			list = append(list, k)
		}
	}
	return list
}

// word is what people call things, in letters of many kinds; a tag can carry
// all of it.
func (g *goods) word(most int) string {
	alphabets := []string{"abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789", "äöüßéèñçøå", "абвгдежзик", "αβγδεζηθ", "日本語中文", "_.:/=+-@"}
	n := 1 + g.below(most)
	var b strings.Builder
	for i := range n {
		from := []rune(alphabets[g.below(len(alphabets))])
		if i > 0 && i < n-1 && g.below(8) == 0 {
			b.WriteByte(' ')
			continue
		}
		b.WriteRune(from[g.below(len(from))])
	}
	return b.String()
}

// plain is a word that a PrintableString holds, so that every tool takes it.
func (g *goods) plain(most int) string {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-./:+="
	var b strings.Builder
	for range 1 + g.below(most) {
		b.WriteByte(letters[g.below(len(letters))])
	}
	return b.String()
}

func (g *goods) subject(word func(int) string) pkix.Name {
	n := pkix.Name{CommonName: word(61)}
	if g.maybe() {
		n.Organization = []string{word(64)}
	}
	for range g.below(4) {
		n.OrganizationalUnit = append(n.OrganizationalUnit, word(40))
	}
	if g.maybe() {
		n.Country, n.Locality, n.Province = []string{"DE"}, []string{word(30)}, []string{word(30)}
	}
	return n
}

// form is one of the forms that a file may have.
func (g *goods) form(der []byte) []byte {
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	switch g.below(6) {
	case 0:
		return der
	case 1:
		return bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))
	case 2:
		return pkitest.Bundle{Certificates: der}.Bytes()
	case 3:
		return pem.EncodeToMemory(&pem.Block{Type: "PKCS7", Bytes: pkitest.Bundle{Certificates: der, Lists: []byte{}}.Bytes()})
	default:
		return text
	}
}

// chain is the DER of one chain, issuer first and root last.
type chain [][]byte

func (g *goods) judge(c chain, public *publicca.Set) admission.Report {
	in := admission.CheckInput{
		At: "issuer.pem", File: bytes.NewReader(g.form(c[0])), Root: bytes.NewReader(g.form(c[len(c)-1])), Now: g.now.Add(time.Minute), Public: public,
	}
	if between := c[1 : len(c)-1]; len(between) > 0 {
		var file []byte
		for _, der := range between {
			file = append(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
		}
		in.Chain = bytes.NewReader(file)
	}
	report, err := admission.CheckFile(in)
	if err != nil {
		g.t.Fatal(err)
	}
	return report
}

// ours are chains by the code that makes an estate's certificates.
func (g *goods) ours(n int) []chain {
	var list []chain
	for len(list) < n {
		keys := g.keysFor(2)
		root, err := pki.NewRoot(pki.RootSpec{
			Name: "estate" + fmt.Sprint(g.below(1000)), Organization: "Example Corp", Generation: 1 + g.below(9),
			Lifetime: time.Duration(1+g.below(25)) * 365 * 24 * time.Hour, Now: g.now,
		}, keys[0])
		if err != nil {
			g.t.Fatal(err)
		}
		for range 10 {
			spec := pki.IssuerSpec{
				Environment: []string{"prod", "dev", "staging", "test-2"}[g.below(4)], Generation: 1 + g.below(99), Organization: "Example Corp",
				TrustDomain: "example.internal", Lifetime: time.Duration(60+g.below(300)) * 24 * time.Hour, Now: g.now, NoNameConstraint: g.maybe(),
			}
			if g.maybe() {
				spec.DNSDomains = []string{"example.internal"}
			}
			issuer, err := pki.NewIssuer(spec, g.other(keys[0]).Public(), pki.Parent{Certificate: root, Key: keys[0]})
			if err != nil {
				g.t.Fatal(err)
			}
			list = append(list, chain{issuer.Raw, root.Raw})
		}
	}
	return list
}

// other is a key that none of the chain's certificates has.
func (g *goods) other(than ...crypto.Signer) crypto.Signer {
	for {
		if k := g.keys[g.below(len(g.keys))]; !slices.Contains(than, k) {
			return k
		}
	}
}

// random are chains by crypto/x509, with up to two intermediates.
func (g *goods) random(n int) []chain {
	var list []chain
	for range n {
		keys := g.keysFor(2 + g.below(3))
		var c chain
		parent := pkitest.Root(g.t, pkitest.Key(keys[0]), g.bent(keys[0], -1, 3650))
		c = append(c, parent.Certificate.Raw)
		for i, key := range keys[1:] {
			room := len(keys) - 2 - i
			if g.maybe() {
				room = -1
			}
			parent = parent.Issuer(g.t, "prod", pkitest.Key(key), g.bent(keys[i], room, 3600-100*i))
			c = append(c, parent.Certificate.Raw)
		}
		slices.Reverse(c)
		list = append(list, c)
	}
	return list
}

// bent is what sound certificates may differ in.
func (g *goods) bent(signer crypto.Signer, room, days int) pkitest.Option {
	return pkitest.With(func(c *x509.Certificate) {
		c.Subject = g.subject(g.word)
		c.NotBefore = g.now.AddDate(0, 0, -1-g.below(300))
		c.NotAfter = g.now.AddDate(0, 0, days-g.below(50))
		c.MaxPathLen, c.MaxPathLenZero = room, room == 0
		serial := make([]byte, 1+g.below(19))
		if _, err := rand.Read(serial); err != nil {
			g.t.Fatal(err)
		}
		serial[0] = serial[0]&0x7f | 1
		c.SerialNumber = new(big.Int).SetBytes(serial)
		c.PermittedURIDomains, c.ExcludedDNSDomains, c.PermittedDNSDomainsCritical = nil, nil, false
		c.ExtKeyUsage = [][]x509.ExtKeyUsage{nil, {x509.ExtKeyUsageClientAuth}, {x509.ExtKeyUsageAny}, {x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}[g.below(4)]
		if g.maybe() {
			c.KeyUsage |= x509.KeyUsageDigitalSignature
		}
		if g.maybe() {
			c.CRLDistributionPoints, c.OCSPServer = []string{"http://crl.example/" + g.plain(9)}, []string{"http://ocsp.example"}
		}
		if _, ok := signer.(*rsa.PrivateKey); ok {
			c.SignatureAlgorithm = []x509.SignatureAlgorithm{x509.SHA256WithRSA, x509.SHA384WithRSA, x509.SHA512WithRSA,
				x509.SHA256WithRSAPSS, x509.SHA384WithRSAPSS, x509.SHA512WithRSAPSS}[g.below(6)]
			return
		}
		c.SignatureAlgorithm = []x509.SignatureAlgorithm{x509.ECDSAWithSHA256, x509.ECDSAWithSHA384, x509.ECDSAWithSHA512}[g.below(3)]
	})
}

// byOpenSSL are chains that OpenSSL's own CA has made, many from each
// hierarchy.
func (g *goods) byOpenSSL(n int) []chain {
	const each = 20
	var list []chain
	for i := 0; len(list) < n; i++ {
		list = append(list, g.hierarchy(filepath.Join(g.t.TempDir(), fmt.Sprint(i)), each)...)
	}
	return list
}

func (g *goods) hierarchy(dir string, issuers int) []chain {
	keys := g.keysFor(1 + g.below(3))
	if err := os.MkdirAll(filepath.Join(dir, "new"), 0o700); err != nil {
		g.t.Fatal(err)
	}
	g.write(dir, "c.cnf", g.config(len(keys)))
	var above chain
	for i, key := range keys {
		raw, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			g.t.Fatal(err)
		}
		g.write(dir, fmt.Sprintf("%d.key", i), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}))
		name := fmt.Sprintf("%d.pem", i)
		if i == 0 {
			openssl(g.t, dir, slices.Concat([]string{"req", "-x509", "-new", "-config", "c.cnf", "-extensions", "root", "-key", "0.key", "-days", "3650",
				"-subj", fmt.Sprintf("/O=Example Corp/CN=root %d", g.below(1000)), "-out", name}, g.signing("-", key))...)
		} else {
			g.request(dir, name+".csr", key)
			g.sign(dir, i-1, keys[i-1], "middle", 3600-i, []string{name + ".csr"}, []string{name})
		}
		above = append(chain{g.decoded(dir, name)}, above...)
	}
	var requests, made []string
	for i := range issuers {
		request := fmt.Sprintf("issuer-%d.csr", i)
		g.request(dir, request, g.other(keys...))
		requests, made = append(requests, request), append(made, fmt.Sprintf("issuer-%d.pem", i))
	}
	last := len(keys) - 1
	g.sign(dir, last, keys[last], "issuer", 100+g.below(600), requests, made)
	var list []chain
	for _, name := range made {
		list = append(list, append(chain{g.decoded(dir, name)}, above...))
	}
	return list
}

// request is made here, to spare a process.
func (g *goods) request(dir, name string, key crypto.Signer) {
	raw, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: g.subject(g.plain)}, key)
	if err != nil {
		g.t.Fatal(err)
	}
	g.write(dir, name, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: raw}))
}

// sign lets one process of OpenSSL sign all requests.
func (g *goods) sign(dir string, ca int, key crypto.Signer, extensions string, days int, requests, names []string) {
	g.write(dir, "index.txt", nil)
	g.write(dir, "serial", []byte(fmt.Sprintf("%02X%030X\n", 0x10+ca, 1+g.below(1<<30))))
	before, err := filepath.Glob(filepath.Join(dir, "new", "*.pem"))
	if err != nil {
		g.t.Fatal(err)
	}
	openssl(g.t, dir, slices.Concat([]string{"ca", "-batch", "-notext", "-preserveDN", "-config", "c.cnf", "-extensions", extensions, "-days", fmt.Sprint(days),
		"-cert", fmt.Sprintf("%d.pem", ca), "-keyfile", fmt.Sprintf("%d.key", ca)}, g.signing("-md ", key), []string{"-infiles"}, requests)...)
	after, err := filepath.Glob(filepath.Join(dir, "new", "*.pem"))
	if err != nil {
		g.t.Fatal(err)
	}
	made := slices.DeleteFunc(after, func(f string) bool { return slices.Contains(before, f) })
	if len(made) != len(names) {
		g.t.Fatalf("OpenSSL has made %d certificates of %d", len(made), len(names))
	}
	for i, f := range made {
		if err := os.Rename(f, filepath.Join(dir, names[i])); err != nil {
			g.t.Fatal(err)
		}
	}
}

// signing are a hash, after the flag for it, and now and then PSS.
func (g *goods) signing(flag string, key crypto.Signer) []string {
	args := strings.Fields(flag + []string{"sha256", "sha384", "sha512"}[g.below(3)])
	if _, ok := key.(*rsa.PrivateKey); ok && g.maybe() {
		args = append(args, "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest")
	}
	return args
}

func (g *goods) config(cas int) []byte {
	pick := func(lines ...string) string { return lines[g.below(len(lines))] }
	return []byte(`[req]
distinguished_name = dn
string_mask = ` + pick("utf8only", "pkix", "default") + `
[dn]
[ca]
default_ca = here
[here]
database = index.txt
serial = serial
new_certs_dir = new
policy = any
unique_subject = no
default_md = sha256
string_mask = ` + pick("utf8only", "pkix") + `
[any]
commonName = supplied
organizationName = optional
organizationalUnitName = optional
countryName = optional
stateOrProvinceName = optional
localityName = optional
[root]
basicConstraints = critical,CA:true` + pick("", fmt.Sprintf(",pathlen:%d", cas)) + `
keyUsage = ` + pick("critical,", "") + `keyCertSign,cRLSign` + pick("", ",digitalSignature") + `
subjectKeyIdentifier = hash
` + pick("", "authorityKeyIdentifier = keyid:always,issuer\n") + `[middle]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = ` + pick("keyid", "keyid,issuer:always") + `
[issuer]
basicConstraints = critical,CA:true,pathlen:` + pick("0", "1", "5") + `
keyUsage = critical,keyCertSign,cRLSign` + pick("", ",digitalSignature") + `
subjectKeyIdentifier = hash
authorityKeyIdentifier = ` + pick("keyid", "keyid:always,issuer:always") + `
` + pick("", "extendedKeyUsage = clientAuth\n", "extendedKeyUsage = serverAuth,clientAuth\n") +
		pick("", "certificatePolicies = 1.2.3.4\n") +
		pick("", "crlDistributionPoints = URI:http://crl.example/root.crl\nauthorityInfoAccess = caIssuers;URI:http://aia.example/root.cer\n") +
		pick("", "nsComment = \"made for a test\"\n") +
		pick("", "nameConstraints = critical,permitted;DNS:example.internal\n"))
}

func (g *goods) write(dir, name string, data []byte) {
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
		g.t.Fatal(err)
	}
}

func (g *goods) decoded(dir, name string) []byte {
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		g.t.Fatal(err)
	}
	block, _ := pem.Decode(data)
	if block == nil {
		g.t.Fatalf("%s is no PEM", name)
	}
	return block.Bytes
}

// A thousand sound chains, of every kind of key, and none is refused.
func TestNoSoundChainIsRefused(t *testing.T) {
	g, public := newGoods(t), publicca.Load()
	refused := 0
	for _, from := range []struct {
		name string
		make func(int) []chain
		n    int
	}{{"our own", g.ours, 250}, {"crypto/x509", g.random, 250}, {"OpenSSL", g.byOpenSSL, 500}} {
		made := from.make(from.n)
		kinds := map[string]int{}
		for i, c := range made[:from.n] {
			got := g.judge(c, public)
			if got.Subject != nil {
				kinds[got.Subject.Key+" signed with "+got.Subject.Signature]++
			}
			for _, f := range got.Findings {
				if f.Severity != rules.Warn {
					refused++
					t.Errorf("%s, chain %d of %d certificates: %s\n%s", from.name, i, len(c), f, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c[0]}))
				}
			}
		}
		t.Logf("%d chains by %s, of %d kinds", from.n, from.name, len(kinds))
	}
	t.Logf("%d false refusals", refused)
}

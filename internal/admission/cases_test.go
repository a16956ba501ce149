package admission_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/x509roots/fallback/bundle"

	"anchorctl/internal/admission"
	"anchorctl/internal/pki"
	"anchorctl/internal/pki/pkitest"
)

// world is what the cases of anchors are made from.
type world struct {
	t      testing.TB
	estate *pkitest.Estate
	public []*x509.Certificate
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, estate: pkitest.NewEstate(t, "dev", "prod")}
	for r := range bundle.Roots() {
		w.public = append(w.public, pkitest.Parsed(t, r.Certificate))
	}
	return w
}

func (w *world) now() time.Time          { return pkitest.Now() }
func (w *world) root() pkitest.Cert      { return w.estate.Root }
func (w *world) prod() *x509.Certificate { return w.estate.Issuers["prod"].Certificate }

// of is the case of a certificate under the estate's root.
func (w *world) of(c *x509.Certificate) admission.AnchorCase {
	return admission.AnchorCase{At: "anchor/prod", Certificate: c, Roots: []*x509.Certificate{w.root().Certificate}, Now: w.now()}
}

func (w *world) data(data []byte) admission.AnchorCase {
	c := w.of(nil)
	c.Data = data
	return c
}

// issuer is prod's issuer, bent.
func (w *world) issuer(options ...pkitest.Option) admission.AnchorCase {
	return w.of(w.root().Issuer(w.t, "prod", options...).Certificate)
}

// forged is prod's issuer, signed by the root again after a change.
func (w *world) forged(change func(*pkitest.Forgery)) admission.AnchorCase {
	return w.data(pkitest.Forge(w.t, w.prod(), pkitest.ByRoot(w.estate), change))
}

// anchorCases are every kind of case, each with the rules that it must meet:
// "ANC012 warn" is a warning, which does not keep it from being admitted.
type anchorCase struct {
	name string
	make func(w *world) admission.AnchorCase
	want []string
}

func publicRSA(w *world) *x509.Certificate {
	i := slices.IndexFunc(w.public, func(c *x509.Certificate) bool {
		return c.SignatureAlgorithm == x509.SHA256WithRSA && c.NotAfter.After(w.now().AddDate(1, 0, 0))
	})
	return w.public[i]
}

func admitted() []anchorCase {
	return []anchorCase{
		{"the issuer of an environment, below the root", func(w *world) admission.AnchorCase { return w.of(w.prod()) }, nil},
		{"the same as PEM", func(w *world) admission.AnchorCase { return w.data(pki.EncodePEM(w.prod())) }, nil},
		{"the same as DER", func(w *world) admission.AnchorCase { return w.data(w.prod().Raw) }, nil},
		{"PEM with carriage returns", func(w *world) admission.AnchorCase {
			return w.data(bytes.ReplaceAll(pki.EncodePEM(w.prod()), []byte("\n"), []byte("\r\n")))
		}, nil},
		{"an issuer below an intermediate that is given", func(w *world) admission.AnchorCase {
			root := pkitest.Root(w.t, pkitest.PathLen(-1))
			middle := root.Issuer(w.t, "prod", pkitest.Name("middle"), pkitest.PathLen(1))
			c := w.of(middle.Issuer(w.t, "prod").Certificate)
			c.Roots, c.Chain = []*x509.Certificate{root.Certificate}, []*x509.Certificate{middle.Certificate}
			return c
		}, nil},
		{"a chain that repeats the candidate and the root", func(w *world) admission.AnchorCase {
			c := w.of(w.prod())
			c.Chain = []*x509.Certificate{w.prod(), w.root().Certificate}
			return c
		}, nil},
		{"an issuer on P-384", func(w *world) admission.AnchorCase { return w.issuer(pkitest.Key(pkitest.ECKey(w.t, elliptic.P384()))) }, nil},
		{"an issuer with RSA 2048", func(w *world) admission.AnchorCase { return w.issuer(pkitest.Key(pkitest.RSAKey(w.t, 2048))) }, nil},
		{"an issuer with RSA 3072 below a root with RSA 4096 and PSS", func(w *world) admission.AnchorCase {
			root := pkitest.Root(w.t, pkitest.Key(pkitest.RSAKey(w.t, 4096)), pkitest.With(func(c *x509.Certificate) { c.SignatureAlgorithm = x509.SHA384WithRSAPSS }))
			c := w.of(root.Issuer(w.t, "prod", pkitest.Key(pkitest.RSAKey(w.t, 3072)), pkitest.With(func(c *x509.Certificate) { c.SignatureAlgorithm = x509.SHA256WithRSAPSS })).Certificate)
			c.Roots = []*x509.Certificate{root.Certificate}
			return c
		}, nil},
		{"an issuer without extended key usage or name constraints", func(w *world) admission.AnchorCase {
			return w.issuer(pkitest.With(func(c *x509.Certificate) {
				c.ExtKeyUsage, c.PermittedURIDomains, c.ExcludedDNSDomains = nil, nil, nil
			}))
		}, nil},
		{"an issuer on P-521", func(w *world) admission.AnchorCase { return w.issuer(pkitest.Key(pkitest.ECKey(w.t, elliptic.P521()))) }, []string{"ANC005 warn"}},
		{"an issuer whose basicConstraints is not critical", func(w *world) admission.AnchorCase {
			return w.forged(func(f *pkitest.Forgery) {
				for i := range f.Extensions {
					if f.Extensions[i].Id.Equal(pkitest.OID(2, 5, 29, 19)) {
						f.Extensions[i].Critical = false
					}
				}
			})
		}, []string{"ANC003 warn"}},
		{"an issuer that cannot sign revocation lists", func(w *world) admission.AnchorCase {
			return w.issuer(pkitest.Usage(x509.KeyUsageCertSign))
		}, []string{"ANC004 warn"}},
		{"an issuer in its last weeks", func(w *world) admission.AnchorCase {
			return w.issuer(pkitest.Dates(w.now().AddDate(-1, 0, 0), w.now().Add(days(44))))
		}, []string{"ANC012 warn"}},
		{"a serial number of exactly 20 octets", func(w *world) admission.AnchorCase {
			return w.forged(pkitest.SetSerial(new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 159), big.NewInt(1))))
		}, nil},
		{"the second certificate of an anchor", func(w *world) admission.AnchorCase {
			c := w.of(w.prod())
			c.Existing = []*x509.Certificate{w.root().Issuer(w.t, "prod", pkitest.Name("prod issuer 2")).Certificate, w.prod()}
			c.SourceType = "CERTIFICATE_BUNDLE"
			return c
		}, nil},
		{"an issuer beside those of other environments", func(w *world) admission.AnchorCase {
			c := w.of(w.prod())
			c.Others = []admission.Use{{Certificate: w.estate.Issuers["dev"].Certificate, By: "issuer/dev#1"}}
			return c
		}, nil},
		{"an issuer of a former root that has a successor", func(w *world) admission.AnchorCase {
			c := w.of(w.prod())
			c.Roots = append(c.Roots, pkitest.Root(w.t, pkitest.Name("example root 2")).Certificate)
			return c
		}, nil},
		{"an issuer of a new root beside a former one that has expired", func(w *world) admission.AnchorCase {
			c := w.of(w.prod())
			old := pkitest.Root(w.t, pkitest.Name("example root 0"), pkitest.Dates(w.now().AddDate(-9, 0, 0), w.now().AddDate(-1, 0, 0)))
			c.Roots = append([]*x509.Certificate{old.Certificate}, c.Roots...)
			return c
		}, nil},
		{"a cross-certified issuer of which one parent lives long enough", func(w *world) admission.AnchorCase {
			short := pkitest.Root(w.t, pkitest.Key(w.root().Key), pkitest.Dates(w.now().AddDate(-1, 0, 0), w.now().Add(days(60))))
			c := w.of(w.prod())
			c.Chain = nil
			c.Roots = []*x509.Certificate{w.root().Certificate, short.Certificate}
			return c
		}, nil},
	}
}

func refusedFile() []anchorCase {
	var cases []anchorCase
	for name, data := range map[string]func(w *world) []byte{
		"an empty file":      func(*world) []byte { return []byte{} },
		"nothing but spaces": func(*world) []byte { return []byte(" \r\n\t") },
		"two certificates": func(w *world) []byte {
			return pki.EncodePEM(w.prod(), w.estate.Issuers["dev"].Certificate)
		},
		"the same certificate twice": func(w *world) []byte { return pki.EncodePEM(w.prod(), w.prod()) },
		"two certificates as DER": func(w *world) []byte {
			return append(bytes.Clone(w.prod().Raw), w.root().Certificate.Raw...)
		},
		"trailing bytes after DER": func(w *world) []byte { return append(bytes.Clone(w.prod().Raw), 0) },
		"text after PEM":           func(w *world) []byte { return append(pki.EncodePEM(w.prod()), "and more\n"...) },
		"text before PEM, as openssl -text writes it": func(w *world) []byte {
			return append([]byte("Certificate:\n    Data:\n"), pki.EncodePEM(w.prod())...)
		},
		"a private key beside it": func(w *world) []byte {
			return append(pki.EncodePEM(w.prod()), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")})...)
		},
		"a private key before it": func(w *world) []byte {
			return append(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: []byte("x")}), pki.EncodePEM(w.prod())...)
		},
		"a byte order mark":           func(w *world) []byte { return append([]byte("\xef\xbb\xbf"), pki.EncodePEM(w.prod())...) },
		"NUL bytes after it":          func(w *world) []byte { return append(pki.EncodePEM(w.prod()), 0, 0) },
		"NUL bytes before it":         func(w *world) []byte { return append([]byte{0}, pki.EncodePEM(w.prod())...) },
		"a NUL byte in the base64":    func(w *world) []byte { return splice(pki.EncodePEM(w.prod()), 100, "\x00") },
		"a header in the PEM block":   func(w *world) []byte { return splice(pki.EncodePEM(w.prod()), 28, "Proc-Type: 4\n\n") },
		"a PEM block without its end": func(w *world) []byte { return pki.EncodePEM(w.prod())[:200] },
		"another label": func(w *world) []byte {
			return bytes.ReplaceAll(pki.EncodePEM(w.prod()), []byte("CERTIFICATE"), []byte("TRUSTED CERTIFICATE"))
		},
		"a PKCS#7 bundle": func(w *world) []byte {
			return pem.EncodeToMemory(&pem.Block{Type: "PKCS7", Bytes: pkcs7(w)})
		},
		"a PKCS#7 bundle as DER": pkcs7,
		"a certificate request": func(*world) []byte {
			return []byte("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n")
		},
		"a revocation list":     func(*world) []byte { return []byte("-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n") },
		"no certificate at all": func(*world) []byte { return []byte("hello") },
		"a truncated DER":       func(w *world) []byte { return w.prod().Raw[:len(w.prod().Raw)-1] },
		"20 MB of base64": func(*world) []byte {
			return append([]byte("-----BEGIN CERTIFICATE-----\n"), bytes.Repeat([]byte("A"), 20<<20)...)
		},
		"dates without seconds": func(w *world) []byte {
			return pkitest.Forge(w.t, w.prod(), pkitest.ByRoot(w.estate), func(f *pkitest.Forgery) { f.Validity = validity(w.t, "2601010000Z", "3001010000Z") })
		},
		"dates with an offset from Greenwich": func(w *world) []byte {
			return pkitest.Forge(w.t, w.prod(), pkitest.ByRoot(w.estate), func(f *pkitest.Forgery) { f.Validity = validity(w.t, "260101000000+0100", "270901000000+0100") })
		},
	} {
		cases = append(cases, anchorCase{name, func(w *world) admission.AnchorCase { return w.data(data(w)) }, []string{"ANC013"}})
	}
	slices.SortFunc(cases, func(a, b anchorCase) int { return strings.Compare(a.name, b.name) })
	return append(cases, anchorCase{"nothing given", func(w *world) admission.AnchorCase { return w.of(nil) }, []string{"ANC013"}},
		anchorCase{"a chain of forty certificates", func(w *world) admission.AnchorCase {
			c := w.of(w.prod())
			for range 40 {
				c.Chain = append(c.Chain, w.root().Issuer(w.t, "prod").Certificate)
			}
			return c
		}, []string{"ANC013 chain"}})
}

func splice(data []byte, at int, text string) []byte {
	return append(append(bytes.Clone(data[:at]), text...), data[at:]...)
}

// pkcs7 is the outer form of a certificates-only bundle.
func pkcs7(w *world) []byte {
	der, err := asn1.Marshal(struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue `asn1:"explicit,tag:0"`
	}{pkitest.OID(1, 2, 840, 113549, 1, 7, 2), asn1.RawValue{FullBytes: w.prod().Raw}})
	if err != nil {
		w.t.Fatal(err)
	}
	return der
}

func validity(t testing.TB, from, to string) asn1.RawValue {
	value := func(text string) asn1.RawValue {
		return asn1.RawValue{Class: asn1.ClassUniversal, Tag: asn1.TagUTCTime, Bytes: []byte(text)}
	}
	raw, err := asn1.Marshal(struct{ From, To asn1.RawValue }{value(from), value(to)})
	if err != nil {
		t.Fatal(err)
	}
	return asn1.RawValue{FullBytes: raw}
}

func refusedProfile() []anchorCase {
	return []anchorCase{
		{"a workload's certificate", func(w *world) admission.AnchorCase {
			c := w.of(w.estate.Leaf(w.t, "prod", "backup").Certificate)
			c.Chain = []*x509.Certificate{w.prod()}
			return c
		}, []string{"ANC003", "ANC004", "ANC010", "ANC012 warn"}},
		{"CA:false with keyCertSign", func(w *world) admission.AnchorCase { return w.issuer(pkitest.NotCA()) }, []string{"ANC003"}},
		{"no basicConstraints at all", func(w *world) admission.AnchorCase {
			return w.forged(func(f *pkitest.Forgery) {
				f.Extensions = slices.DeleteFunc(f.Extensions, func(e pkix.Extension) bool { return e.Id.Equal(pkitest.OID(2, 5, 29, 19)) })
			})
		}, []string{"ANC003"}},
		{"no key usage", func(w *world) admission.AnchorCase { return w.issuer(pkitest.Usage(0)) }, []string{"ANC004"}},
		{"key usage without keyCertSign", func(w *world) admission.AnchorCase {
			return w.issuer(pkitest.Usage(x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature))
		}, []string{"ANC004"}},
		{"a CA for servers alone", func(w *world) admission.AnchorCase {
			return w.issuer(pkitest.With(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }))
		}, []string{"ANC004"}},
		{"an intermediate in the chain that is no CA", func(w *world) admission.AnchorCase {
			root := pkitest.Root(w.t, pkitest.PathLen(-1))
			middle := root.Issuer(w.t, "prod", pkitest.NotCA(), pkitest.Name("middle"))
			c := w.of(middle.Issuer(w.t, "prod").Certificate)
			c.Roots, c.Chain = []*x509.Certificate{root.Certificate}, []*x509.Certificate{middle.Certificate}
			return c
		}, []string{"ANC003 chain 1"}},
		{"a root that may not sign", func(w *world) admission.AnchorCase {
			root := pkitest.Root(w.t, pkitest.Usage(x509.KeyUsageCRLSign))
			c := w.of(root.Issuer(w.t, "prod").Certificate)
			c.Roots = []*x509.Certificate{root.Certificate}
			return c
		}, []string{"ANC004 root"}},
		{"version 1", func(w *world) admission.AnchorCase {
			return w.forged(func(f *pkitest.Forgery) { f.Version, f.Extensions = 0, nil })
		}, []string{"ANC003", "ANC004", "ANC005"}},
	}
}

func refusedQuality() []anchorCase {
	even := func(w *world) *rsa.PublicKey { k := pkitest.RSAKey(w.t, 2048).PublicKey; k.E = 65536; return &k }
	cases := []anchorCase{
		{"RSA with 1024 bits", func(w *world) admission.AnchorCase { return w.issuer(pkitest.Key(pkitest.RSAKey(w.t, 1024))) }, nil},
		{"RSA with 2047 bits", func(w *world) admission.AnchorCase {
			return w.forged(pkitest.SetKey(w.t, &pkitest.HandmadeRSA(w.t, 2047, 65537).PublicKey))
		}, nil},
		{"RSA with 16384 bits", func(w *world) admission.AnchorCase {
			n := new(big.Int).SetBit(big.NewInt(1), 16383, 1)
			return w.forged(pkitest.SetKey(w.t, &rsa.PublicKey{N: n, E: 65537}))
		}, []string{"ANC005", "ANC006"}},
		{"RSA with an even modulus", func(w *world) admission.AnchorCase {
			return w.forged(pkitest.SetKey(w.t, &rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(2), 2047, 1), E: 65537}))
		}, nil},
		{"RSA with an even exponent", func(w *world) admission.AnchorCase { return w.forged(pkitest.SetKey(w.t, even(w))) }, nil},
		{"RSA with the exponent 3", func(w *world) admission.AnchorCase {
			return w.forged(pkitest.SetKey(w.t, &pkitest.HandmadeRSA(w.t, 2048, 3).PublicKey))
		}, nil},
		{"RSA with an exponent of 33 bits", func(w *world) admission.AnchorCase {
			k := pkitest.RSAKey(w.t, 2048).PublicKey
			k.E = 1<<32 + 1
			return w.forged(pkitest.SetKey(w.t, &k))
		}, nil},
		{"P-224", func(w *world) admission.AnchorCase { return w.issuer(pkitest.Key(pkitest.ECKey(w.t, elliptic.P224()))) }, nil},
		{"Ed25519", func(w *world) admission.AnchorCase { return w.issuer(pkitest.Key(pkitest.EdKey(w.t))) }, nil},
		{"secp256k1", func(w *world) admission.AnchorCase {
			return w.forged(pkitest.SetECKey(w.t, pkitest.OID(1, 3, 132, 0, 10), append([]byte{4}, make([]byte, 64)...)))
		}, nil},
		{"a Brainpool curve", func(w *world) admission.AnchorCase {
			return w.forged(pkitest.SetECKey(w.t, pkitest.OID(1, 3, 36, 3, 3, 2, 8, 1, 1, 7), append([]byte{4}, make([]byte, 64)...)))
		}, nil},
		{"a curve that is spelt out", func(w *world) admission.AnchorCase {
			return w.forged(pkitest.SetECKey(w.t, struct{ Version int }{1}, append([]byte{4}, make([]byte, 64)...)))
		}, nil},
		{"a key of no known kind", func(w *world) admission.AnchorCase {
			return w.forged(func(f *pkitest.Forgery) {
				raw, _ := asn1.Marshal(struct {
					Algorithm pkix.AlgorithmIdentifier
					Key       asn1.BitString
				}{pkix.AlgorithmIdentifier{Algorithm: pkitest.OID(2, 16, 840, 1, 101, 3, 4, 3, 18)}, asn1.BitString{Bytes: []byte{1}, BitLength: 8}})
				f.Key = asn1.RawValue{FullBytes: raw}
			})
		}, nil},
		{"signed with SHA-1", func(w *world) admission.AnchorCase {
			return w.data(pkitest.Forge(w.t, w.prod(), pkitest.ECDSAWith(ecOf(w.root()), pkitest.OID(1, 2, 840, 10045, 4, 1), pkitest.SHA1), nil))
		}, nil},
		{"a root that is signed with SHA-1", func(w *world) admission.AnchorCase {
			root := pkitest.Parsed(w.t, pkitest.Forge(w.t, w.root().Certificate, pkitest.ECDSAWith(ecOf(w.root()), pkitest.OID(1, 2, 840, 10045, 4, 1), pkitest.SHA1), nil))
			c := w.of(w.prod())
			c.Roots = []*x509.Certificate{root}
			return c
		}, []string{"ANC005 root"}},
		{"signed with an unknown algorithm", func(w *world) admission.AnchorCase {
			return w.data(pkitest.Forge(w.t, w.prod(), pkitest.ECDSAWith(ecOf(w.root()), pkitest.OID(1, 2, 3, 4), pkitest.SHA256), nil))
		}, []string{"ANC005", "ANC006"}},
		{"a serial number of zero", func(w *world) admission.AnchorCase { return w.forged(pkitest.SetSerial(new(big.Int))) }, nil},
		{"a negative serial number", func(w *world) admission.AnchorCase { return w.forged(pkitest.SetSerial(big.NewInt(-5))) }, nil},
		{"a serial number of 21 octets", func(w *world) admission.AnchorCase {
			return w.forged(pkitest.SetSerial(new(big.Int).Lsh(big.NewInt(1), 159)))
		}, nil},
		{"expired", func(w *world) admission.AnchorCase {
			return w.issuer(pkitest.Dates(w.now().AddDate(-1, 0, 0), w.now().Add(-time.Second)))
		}, nil},
		{"not yet valid", func(w *world) admission.AnchorCase {
			return w.issuer(pkitest.Dates(w.now().Add(time.Second), w.now().AddDate(0, 6, 0)))
		}, nil},
		{"an end before the beginning", func(w *world) admission.AnchorCase {
			return w.forged(func(f *pkitest.Forgery) { f.Validity = validity(w.t, "270101000000Z", "260101000000Z") })
		}, nil},
		{"a root that has expired", func(w *world) admission.AnchorCase {
			root := pkitest.Root(w.t, pkitest.Dates(w.now().AddDate(-9, 0, 0), w.now().Add(-time.Hour)))
			c := w.of(root.Issuer(w.t, "prod", pkitest.Dates(w.now().AddDate(-1, 0, 0), w.now().AddDate(0, 6, 0))).Certificate)
			c.Roots = []*x509.Certificate{root.Certificate}
			return c
		}, []string{"ANC005 root", "ANC007"}},
		{"an unknown critical extension", func(w *world) admission.AnchorCase {
			return w.forged(pkitest.AddExtension(pkitest.OID(1, 2, 3, 4, 5), true, []byte{5, 0}))
		}, nil},
		{"critical policies, which nobody here acts upon", func(w *world) admission.AnchorCase {
			return w.forged(pkitest.AddExtension(pkitest.OID(2, 5, 29, 32), true, []byte{0x30, 0x06, 0x30, 0x04, 0x06, 0x02, 0x2a, 0x03}))
		}, nil},
		{"an empty subject", func(w *world) admission.AnchorCase { return w.forged(pkitest.SetSubject(w.t, pkix.Name{})) }, nil},
		{"a control character in the subject", func(w *world) admission.AnchorCase {
			return w.forged(pkitest.SetSubject(w.t, pkix.Name{CommonName: "prod\x1b[2J"}))
		}, nil},
		{"a right-to-left override in the subject", func(w *world) admission.AnchorCase {
			return w.forged(pkitest.SetSubject(w.t, pkix.Name{CommonName: "prod\u202eissuer"}))
		}, nil},
		{"a comma in the subject, which no session tag can carry", func(w *world) admission.AnchorCase {
			return w.forged(pkitest.SetSubject(w.t, pkix.Name{CommonName: "prod issuer 1", Organization: []string{"Example, Inc."}}))
		}, nil},
		{"a subject longer than a session tag", func(w *world) admission.AnchorCase {
			return w.forged(pkitest.SetSubject(w.t, pkix.Name{CommonName: strings.Repeat("a", 257)}))
		}, nil},
	}
	for i := range cases {
		if cases[i].want == nil {
			cases[i].want = []string{"ANC005"}
		}
	}
	return cases
}

func refusedSigner() []anchorCase {
	return []anchorCase{
		{"a self-signed CA", func(w *world) admission.AnchorCase {
			return w.of(pkitest.Root(w.t, pkitest.Name("another root")).Certificate)
		}, []string{"ANC001", "ANC006"}},
		{"the estate's own root", func(w *world) admission.AnchorCase { return w.of(w.root().Certificate) }, []string{"ANC001", "ANC101"}},
		{"self-signed, naming the root as its issuer", func(w *world) admission.AnchorCase { return w.issuer(pkitest.SelfSigned()) }, []string{"ANC001", "ANC006"}},
		{"self-signed, with key identifiers that differ", func(w *world) admission.AnchorCase {
			return w.issuer(pkitest.SelfSigned(), pkitest.With(func(c *x509.Certificate) {
				c.SubjectKeyId, c.AuthorityKeyId = []byte{1, 2, 3}, []byte{4, 5, 6}
			}))
		}, []string{"ANC001", "ANC006"}},
		{"self-signed with SHA-1, which Go would not verify", func(w *world) admission.AnchorCase {
			key := pkitest.ECKey(w.t, elliptic.P256())
			return w.data(pkitest.Forge(w.t, w.prod(), pkitest.ECDSAWith(key, pkitest.OID(1, 2, 840, 10045, 4, 1), pkitest.SHA1), pkitest.SetKey(w.t, &key.PublicKey)))
		}, []string{"ANC001", "ANC005", "ANC006"}},
		{"self-signed with MD5", func(w *world) admission.AnchorCase {
			key := pkitest.RSAKey(w.t, 2048)
			return w.data(pkitest.Forge(w.t, w.prod(), pkitest.RSAWith(key, 4, 2, pkitest.MD5), pkitest.SetKey(w.t, &key.PublicKey)))
		}, []string{"ANC001", "ANC005", "ANC006"}},
		{"self-signed with an RSA key of 512 bits", func(w *world) admission.AnchorCase {
			key := pkitest.HandmadeRSA(w.t, 512, 65537)
			return w.data(pkitest.Forge(w.t, w.prod(), pkitest.RSAWith(key, 11, 5, pkitest.SHA256), pkitest.SetKey(w.t, &key.PublicKey)))
		}, []string{"ANC001", "ANC005", "ANC006"}},
		{"self-signed with a serial number of zero", func(w *world) admission.AnchorCase {
			key := pkitest.ECKey(w.t, elliptic.P256())
			return w.data(pkitest.Forge(w.t, w.prod(), pkitest.ECDSAWith(key, pkitest.OID(1, 2, 840, 10045, 4, 3, 2), pkitest.SHA256), func(f *pkitest.Forgery) {
				pkitest.SetKey(w.t, &key.PublicKey)(f)
				f.Serial = new(big.Int)
			}))
		}, []string{"ANC001", "ANC005", "ANC006"}},
		{"signed by the root for the root's own key", func(w *world) admission.AnchorCase {
			return w.issuer(pkitest.Key(w.root().Key))
		}, []string{"ANC001", "ANC101"}},
		{"a self-signed certificate in the chain that is not the root", func(w *world) admission.AnchorCase {
			c := w.of(w.prod())
			c.Chain = []*x509.Certificate{pkitest.Root(w.t, pkitest.Name("stranger")).Certificate}
			return c
		}, []string{"ANC001 chain 1"}},
		{"a public CA's root", func(w *world) admission.AnchorCase {
			return w.of(publicRSA(w))
		}, []string{"ANC001", "ANC002", "ANC006"}},
		{"a public CA's key under the private root", func(w *world) admission.AnchorCase {
			return w.forged(pkitest.SetKey(w.t, publicRSA(w).PublicKey))
		}, []string{"ANC002"}},
		{"a public CA's modulus under the private root, with another exponent", func(w *world) admission.AnchorCase {
			return w.forged(pkitest.SetKey(w.t, &rsa.PublicKey{N: publicRSA(w).PublicKey.(*rsa.PublicKey).N, E: 65539}))
		}, []string{"ANC002"}},
		{"a public CA's key under the private root, labelled RSASSA-PSS", func(w *world) admission.AnchorCase {
			return w.forged(func(f *pkitest.Forgery) {
				bits := x509.MarshalPKCS1PublicKey(publicRSA(w).PublicKey.(*rsa.PublicKey))
				raw, _ := asn1.Marshal(struct {
					Algorithm pkix.AlgorithmIdentifier
					Key       asn1.BitString
				}{pkix.AlgorithmIdentifier{Algorithm: pkitest.OID(1, 2, 840, 113549, 1, 1, 10)}, asn1.BitString{Bytes: bits, BitLength: 8 * len(bits)}})
				f.Key = asn1.RawValue{FullBytes: raw}
			})
		}, []string{"ANC002", "ANC005"}},
		{"a public CA in the chain", func(w *world) admission.AnchorCase {
			c := w.of(w.prod())
			c.Chain = []*x509.Certificate{pkitest.Parsed(w.t, pkitest.Forge(w.t, w.prod(), pkitest.ByRoot(w.estate), pkitest.SetKey(w.t, publicRSA(w).PublicKey)))}
			return c
		}, []string{"ANC002 chain 1"}},
		{"a public CA named as the private root", func(w *world) admission.AnchorCase {
			c := w.of(w.prod())
			c.Roots = []*x509.Certificate{publicRSA(w)}
			return c
		}, []string{"ANC002 root", "ANC006"}},
	}
}

func ecOf(c pkitest.Cert) *ecdsa.PrivateKey { return c.Key.(*ecdsa.PrivateKey) }

func refusedProof() []anchorCase {
	return []anchorCase{
		{"an issuer of somebody else's root", func(w *world) admission.AnchorCase {
			return w.of(pkitest.Root(w.t, pkitest.Name("foreign root")).Issuer(w.t, "prod").Certificate)
		}, []string{"ANC006"}},
		{"an issuer of a root of the same name", func(w *world) admission.AnchorCase {
			return w.of(pkitest.Root(w.t).Issuer(w.t, "prod").Certificate)
		}, []string{"ANC006"}},
		{"an intermediate missing from the chain", func(w *world) admission.AnchorCase {
			root := pkitest.Root(w.t, pkitest.PathLen(-1))
			middle := root.Issuer(w.t, "prod", pkitest.Name("middle"), pkitest.PathLen(1))
			c := w.of(middle.Issuer(w.t, "prod").Certificate)
			c.Roots = []*x509.Certificate{root.Certificate}
			return c
		}, []string{"ANC006"}},
		{"no root named", func(w *world) admission.AnchorCase {
			c := w.of(w.prod())
			c.Roots = nil
			return c
		}, []string{"ANC006"}},
		{"a signature that was tampered with", func(w *world) admission.AnchorCase {
			der := bytes.Clone(w.prod().Raw)
			der[len(der)-1] ^= 1
			return w.data(der)
		}, []string{"ANC006"}},
		{"a name that the root's constraints forbid", func(w *world) admission.AnchorCase {
			root := pkitest.Root(w.t, pkitest.With(func(c *x509.Certificate) {
				c.PermittedDNSDomainsCritical, c.PermittedDNSDomains = true, []string{"example.com"}
			}))
			issuer := root.Issuer(w.t, "prod", pkitest.With(func(c *x509.Certificate) { c.DNSNames = []string{"example.org"} }))
			c := w.of(issuer.Certificate)
			c.Roots = []*x509.Certificate{root.Certificate}
			return c
		}, []string{"ANC006"}},
		{"a root with path length 0", func(w *world) admission.AnchorCase {
			root := pkitest.Root(w.t, pkitest.PathLen(0))
			c := w.of(root.Issuer(w.t, "prod").Certificate)
			c.Roots = []*x509.Certificate{root.Certificate}
			return c
		}, []string{"ANC010"}},
		{"an intermediate with path length 0", func(w *world) admission.AnchorCase {
			root := pkitest.Root(w.t, pkitest.PathLen(-1))
			middle := root.Issuer(w.t, "prod", pkitest.Name("middle"))
			c := w.of(middle.Issuer(w.t, "prod").Certificate)
			c.Roots, c.Chain = []*x509.Certificate{root.Certificate}, []*x509.Certificate{middle.Certificate}
			return c
		}, []string{"ANC010"}},
		{"an expired issuer below a path length of 0: both are said", func(w *world) admission.AnchorCase {
			root := pkitest.Root(w.t, pkitest.PathLen(0))
			c := w.of(root.Issuer(w.t, "prod", pkitest.Dates(w.now().AddDate(-1, 0, 0), w.now().Add(-time.Hour))).Certificate)
			c.Roots = []*x509.Certificate{root.Certificate}
			return c
		}, []string{"ANC005", "ANC010"}},
		{"an issuer that outlives its root", func(w *world) admission.AnchorCase {
			return w.issuer(pkitest.Dates(w.now().AddDate(0, -1, 0), w.root().Certificate.NotAfter.Add(time.Second)))
		}, []string{"ANC005 warn", "ANC007"}},
		{"an intermediate that outlives its root", func(w *world) admission.AnchorCase {
			root := pkitest.Root(w.t, pkitest.PathLen(-1))
			middle := root.Issuer(w.t, "prod", pkitest.Name("middle"), pkitest.PathLen(1),
				pkitest.Dates(w.now().AddDate(0, -1, 0), root.Certificate.NotAfter.Add(time.Second)))
			c := w.of(middle.Issuer(w.t, "prod").Certificate)
			c.Roots, c.Chain = []*x509.Certificate{root.Certificate}, []*x509.Certificate{middle.Certificate}
			return c
		}, []string{"ANC007 chain 1"}},
	}
}

func refusedUse() []anchorCase {
	with := func(w *world, c *x509.Certificate, uses ...admission.Use) admission.AnchorCase {
		out := w.of(c)
		out.Others = uses
		return out
	}
	return []anchorCase{
		{"the issuer of another environment", func(w *world) admission.AnchorCase {
			dev := w.estate.Issuers["dev"].Certificate
			return with(w, dev, admission.Use{Certificate: dev, By: "issuer/dev#1"})
		}, []string{"ANC011"}},
		{"the key of another environment's issuer", func(w *world) admission.AnchorCase {
			dev := w.estate.Issuers["dev"]
			c := w.root().Issuer(w.t, "prod", pkitest.Key(dev.Key)).Certificate
			return with(w, c, admission.Use{Certificate: dev.Certificate, By: "issuer/dev#1"})
		}, []string{"ANC011"}},
		{"a retired issuer", func(w *world) admission.AnchorCase {
			return with(w, w.prod(), admission.Use{Certificate: w.prod(), By: "issuer/prod#1", Retired: true})
		}, []string{"ANC011"}},
		{"the CA that signed another environment's issuer", func(w *world) admission.AnchorCase {
			root := pkitest.Root(w.t, pkitest.PathLen(-1))
			middle := root.Issuer(w.t, "prod", pkitest.Name("middle"), pkitest.PathLen(1))
			c := with(w, middle.Certificate, admission.Use{Certificate: middle.Issuer(w.t, "dev").Certificate, By: "issuer/dev#1"})
			c.Roots = []*x509.Certificate{root.Certificate}
			return c
		}, []string{"ANC011"}},
		{"an issuer that hangs below another environment's", func(w *world) admission.AnchorCase {
			root := pkitest.Root(w.t, pkitest.PathLen(-1))
			dev := root.Issuer(w.t, "dev", pkitest.PathLen(1), pkitest.With(func(c *x509.Certificate) { c.PermittedURIDomains = nil }))
			c := with(w, dev.Issuer(w.t, "prod").Certificate, admission.Use{Certificate: dev.Certificate, By: "issuer/dev#1"})
			c.Roots, c.Chain = []*x509.Certificate{root.Certificate}, []*x509.Certificate{dev.Certificate}
			return c
		}, []string{"ANC011 chain 1"}},
		{"a use of which nothing is known", func(w *world) admission.AnchorCase {
			return with(w, w.prod(), admission.Use{By: "issuer/dev#1"})
		}, []string{"ANC011"}},
		{"a third certificate for an anchor", func(w *world) admission.AnchorCase {
			c := w.of(w.prod())
			c.Existing = []*x509.Certificate{w.root().Issuer(w.t, "prod").Certificate, w.root().Issuer(w.t, "prod").Certificate}
			return c
		}, []string{"ANC008"}},
		{"an anchor by AWS Private CA", func(w *world) admission.AnchorCase {
			c := w.of(w.prod())
			c.SourceType = "AWS_ACM_PCA"
			return c
		}, []string{"ANC009"}},
		{"a self-signed repository", func(w *world) admission.AnchorCase {
			c := w.of(w.prod())
			c.SourceType = "SELF_SIGNED_REPOSITORY"
			return c
		}, []string{"ANC009"}},
	}
}

func allCases() []anchorCase {
	return slices.Concat(admitted(), refusedFile(), refusedProfile(), refusedQuality(), refusedSigner(), refusedProof(), refusedUse())
}

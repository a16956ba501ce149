package pki_test

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"net"
	"net/url"
	"testing"
	"time"

	"anchorctl/internal/pki"
	"anchorctl/internal/pki/pkitest"
)

func mustURL(t testing.TB, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func ext(id asn1.ObjectIdentifier, critical bool, value []byte) pkitest.Option {
	return pkitest.With(func(c *x509.Certificate) {
		c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: id, Critical: critical, Value: value})
	})
}

func uris(t testing.TB, list ...string) pkitest.Option {
	return pkitest.With(func(c *x509.Certificate) {
		c.URIs = nil
		for _, u := range list {
			c.URIs = append(c.URIs, mustURL(t, u))
		}
	})
}

func marshal(t testing.TB, v any) []byte {
	t.Helper()
	der, err := asn1.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// context is a context-specific value.
func context(t testing.TB, tag int, constructed bool, content []byte) []byte {
	t.Helper()
	return marshal(t, asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: tag, IsCompound: constructed, Bytes: content})
}

func seq(t testing.TB, parts ...[]byte) []byte {
	t.Helper()
	return marshal(t, asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true, Bytes: bytes.Join(parts, nil)})
}

// directoryConstraint is a name constraint on directory names: permitted (0) or
// excluded (1) is the organisation.
func directoryConstraint(t testing.TB, which int, org string) []byte {
	t.Helper()
	name := marshal(t, pkix.Name{Organization: []string{org}}.ToRDNSequence())
	return seq(t, context(t, which, true, seq(t, context(t, 4, true, name))))
}

func nameConstraints() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{2, 5, 29, 30} }

func withoutGoConstraints() pkitest.Option {
	return pkitest.With(func(c *x509.Certificate) {
		c.PermittedURIDomains, c.ExcludedDNSDomains, c.PermittedDNSDomainsCritical = nil, nil, false
	})
}

type pathCase struct {
	name  string
	usage pki.Usage
	at    time.Time
	build func(t testing.TB) (subject *x509.Certificate, intermediates, anchors []*x509.Certificate)
	want  pki.PathCode // "" when the path holds
}

type certs = []*x509.Certificate

// leafUnder builds root, issuer and leaf with options and verifies the leaf under
// the root.
func leafUnder(root, issuer, leaf []pkitest.Option) func(testing.TB) (*x509.Certificate, certs, certs) {
	return func(t testing.TB) (*x509.Certificate, certs, certs) {
		r := pkitest.Root(t, root...)
		i := r.Issuer(t, "prod", issuer...)
		l := i.Leaf(t, "prod", "backup", leaf...)
		return l.Certificate, certs{i.Certificate}, certs{r.Certificate}
	}
}

func issuerUnder(root, issuer []pkitest.Option) func(testing.TB) (*x509.Certificate, certs, certs) {
	return func(t testing.TB) (*x509.Certificate, certs, certs) {
		r := pkitest.Root(t, root...)
		return r.Issuer(t, "prod", issuer...).Certificate, nil, certs{r.Certificate}
	}
}

func opts(o ...pkitest.Option) []pkitest.Option { return o }

func pathCases(tb testing.TB) []pathCase {
	year := 365 * 24 * time.Hour
	at := pkitest.Now()
	return []pathCase{
		{"a workload under issuer and root holds", pki.AsWorkload, at, leafUnder(nil, nil, nil), ""},
		{"an issuer under its root holds", pki.AsIssuer, at, issuerUnder(nil, nil), ""},
		{"an issuer is enough of an anchor", pki.AsWorkload, at, func(t testing.TB) (*x509.Certificate, certs, certs) {
			e := pkitest.NewEstate(t, "prod")
			return e.Leaf(t, "prod", "backup").Certificate, nil, certs{e.Issuers["prod"].Certificate}
		}, ""},
		{"another environment's issuer is no anchor", pki.AsWorkload, at, func(t testing.TB) (*x509.Certificate, certs, certs) {
			e := pkitest.NewEstate(t, "prod", "dev")
			return e.Leaf(t, "dev", "backup").Certificate, nil, certs{e.Issuers["prod"].Certificate}
		}, pki.PathNone},
		{"a key that signed nothing is no anchor, whatever its name", pki.AsWorkload, at, func(t testing.TB) (*x509.Certificate, certs, certs) {
			a, b := pkitest.NewEstate(t, "prod"), pkitest.NewEstate(t, "prod")
			return a.Leaf(t, "prod", "backup").Certificate, nil, certs{b.Issuers["prod"].Certificate}
		}, pki.PathNone},
		{"a certificate with the name of an intermediate but its own signature", pki.AsIssuer, at, func(t testing.TB) (*x509.Certificate, certs, certs) {
			r := pkitest.Root(t)
			return r.Issuer(t, "prod", pkitest.SelfSigned()).Certificate, nil, certs{r.Certificate}
		}, pki.PathNone},
		{"an anchor proves nothing of itself", pki.AsIssuer, at, func(t testing.TB) (*x509.Certificate, certs, certs) {
			r := pkitest.Root(t)
			return r.Certificate, nil, certs{r.Certificate}
		}, pki.PathIsAnchor},
		{"no anchors at all", pki.AsIssuer, at, func(t testing.TB) (*x509.Certificate, certs, certs) {
			return pkitest.Root(t).Issuer(t, "prod").Certificate, nil, nil
		}, pki.PathNone},

		{"an expired workload", pki.AsWorkload, at.Add(25 * time.Hour), leafUnder(nil, nil, nil), pki.PathDates},
		{"a workload of tomorrow", pki.AsWorkload, at.Add(-time.Hour), leafUnder(nil, nil, nil), pki.PathDates},
		{"the last second of a workload", pki.AsWorkload, at.Add(24 * time.Hour), leafUnder(nil, nil, nil), ""},
		{"the first second of a workload", pki.AsWorkload, at.Add(-pki.BackDate), leafUnder(nil, nil, nil), ""},
		{"an expired issuer above a valid workload", pki.AsWorkload, at, leafUnder(nil, opts(pkitest.Dates(at.Add(-year), at.Add(-time.Second))), nil), pki.PathDates},
		{"an expired root", pki.AsIssuer, at, issuerUnder(opts(pkitest.Dates(at.Add(-2*year), at.Add(-time.Second))), nil), pki.PathDates},

		{"a sub-CA under path length 0", pki.AsIssuer, at, func(t testing.TB) (*x509.Certificate, certs, certs) {
			r := pkitest.Root(t)
			i := r.Issuer(t, "prod")
			sub := i.Issuer(t, "prod", pkitest.Name("sub"))
			return sub.Certificate, certs{i.Certificate}, certs{r.Certificate}
		}, pki.PathLength},
		{"a workload of a sub-CA under path length 0", pki.AsWorkload, at, func(t testing.TB) (*x509.Certificate, certs, certs) {
			i := pkitest.NewEstate(t, "prod").Issuers["prod"]
			sub := i.Issuer(t, "prod", pkitest.Name("sub"))
			return sub.Leaf(t, "prod", "backup").Certificate, certs{sub.Certificate}, certs{i.Certificate}
		}, pki.PathLength},
		{"a self-issued sub-CA under path length 0 counts too", pki.AsIssuer, at, func(t testing.TB) (*x509.Certificate, certs, certs) {
			r := pkitest.Root(t)
			i := r.Issuer(t, "prod")
			return i.Issuer(t, "prod").Certificate, certs{i.Certificate}, certs{r.Certificate}
		}, pki.PathLength},
		{"an issuer under a root with path length 0", pki.AsIssuer, at, issuerUnder(opts(pkitest.PathLen(0)), nil), pki.PathLength},
		{"no path length anywhere", pki.AsIssuer, at, issuerUnder(opts(pkitest.PathLen(-1)), opts(pkitest.PathLen(-1))), ""},

		{"an issuer that is no CA", pki.AsIssuer, at, issuerUnder(nil, opts(pkitest.NotCA(), pkitest.Usage(x509.KeyUsageDigitalSignature))), pki.PathNotCA},
		{"a workload signed by a workload", pki.AsWorkload, at, func(t testing.TB) (*x509.Certificate, certs, certs) {
			e := pkitest.NewEstate(t, "prod")
			l := e.Leaf(t, "prod", "reports")
			return l.Leaf(t, "prod", "backup").Certificate, certs{l.Certificate}, certs{e.Issuers["prod"].Certificate}
		}, pki.PathNotCA},
		{"a CA is no workload", pki.AsWorkload, at, issuerUnder(nil, nil), pki.PathNotCA},
		{"an issuer that may not sign certificates", pki.AsIssuer, at, issuerUnder(nil, opts(pkitest.Usage(x509.KeyUsageCRLSign))), pki.PathKeyUsage},
		{"an issuer without key usage", pki.AsIssuer, at, issuerUnder(nil, opts(pkitest.Usage(0))), pki.PathKeyUsage},
		{"a workload without digitalSignature", pki.AsWorkload, at, leafUnder(nil, nil, opts(pkitest.Usage(x509.KeyUsageKeyEncipherment))), pki.PathKeyUsage},
		{"a critical extension that nobody understands", pki.AsWorkload, at,
			leafUnder(nil, nil, opts(ext(asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 99999, 1}, true, []byte{5, 0}))), pki.PathExtension},
		{"an extension that nobody understands and need not", pki.AsWorkload, at,
			leafUnder(nil, nil, opts(ext(asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 99999, 1}, false, []byte{5, 0}))), ""},
		{"critical policy constraints", pki.AsIssuer, at,
			issuerUnder(nil, opts(ext(asn1.ObjectIdentifier{2, 5, 29, 36}, true, []byte{0x30, 0x03, 0x80, 0x01, 0x00}))), pki.PathExtension},

		{"a URI of another environment", pki.AsWorkload, at, leafUnder(nil, nil, opts(uris(tb, "spiffe://dev.example.internal/backup"))), pki.PathNames},
		{"a URI below the permitted host", pki.AsWorkload, at, leafUnder(nil, nil, opts(uris(tb, "spiffe://x.prod.example.internal/backup"))), pki.PathNames},
		{"a second URI of another environment", pki.AsWorkload, at, leafUnder(nil, nil,
			opts(uris(tb, "spiffe://prod.example.internal/backup", "spiffe://dev.example.internal/backup"))), pki.PathNames},
		{"a URI with a port and capitals", pki.AsWorkload, at, leafUnder(nil, nil, opts(uris(tb, "spiffe://PROD.example.internal:8080/backup"))), ""},
		{"a URI without a host", pki.AsWorkload, at, leafUnder(nil, nil, opts(uris(tb, "urn:example:backup"))), pki.PathNames},
		{"a URI whose host is an address", pki.AsWorkload, at, leafUnder(nil, nil, opts(uris(tb, "spiffe://10.0.0.1/backup"))), pki.PathNames},
		{"a DNS name where all are excluded", pki.AsWorkload, at, leafUnder(nil, nil,
			opts(pkitest.With(func(c *x509.Certificate) { c.DNSNames = []string{"x.example.org"} }))), pki.PathNames},
		{"a constraint of the root binds two levels below", pki.AsWorkload, at, leafUnder(
			opts(pkitest.With(func(c *x509.Certificate) { c.PermittedURIDomains = []string{"dev.example.internal"} })), nil, nil), pki.PathNames},
		{"a constraint that is not critical binds too", pki.AsWorkload, at, leafUnder(nil,
			opts(pkitest.With(func(c *x509.Certificate) {
				c.PermittedDNSDomainsCritical, c.PermittedURIDomains = false, []string{"dev.example.internal"}
			})), nil), pki.PathNames},
		{"an anchor's own constraint binds", pki.AsWorkload, at, func(t testing.TB) (*x509.Certificate, certs, certs) {
			i := pkitest.Root(t).Issuer(t, "prod")
			return i.Leaf(t, "dev", "backup").Certificate, nil, certs{i.Certificate}
		}, pki.PathNames},
		{"an e-mail address outside the constraint", pki.AsWorkload, at, leafUnder(nil,
			opts(pkitest.With(func(c *x509.Certificate) { c.PermittedEmailAddresses = []string{"example.com"} })),
			opts(pkitest.With(func(c *x509.Certificate) { c.EmailAddresses = []string{"a@example.org"} }))), pki.PathNames},
		{"an e-mail address inside the constraint", pki.AsWorkload, at, leafUnder(nil,
			opts(pkitest.With(func(c *x509.Certificate) { c.PermittedEmailAddresses = []string{"example.com"} })),
			opts(pkitest.With(func(c *x509.Certificate) { c.EmailAddresses = []string{"a@Example.com"} }))), ""},
		{"an address outside the constraint", pki.AsWorkload, at, leafUnder(nil,
			opts(pkitest.With(func(c *x509.Certificate) {
				c.PermittedIPRanges = []*net.IPNet{{IP: net.IPv4(10, 0, 0, 0).To4(), Mask: net.CIDRMask(8, 32)}}
			})),
			opts(pkitest.With(func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.IPv4(11, 0, 0, 1)} }))), pki.PathNames},
		{"an address inside the constraint", pki.AsWorkload, at, leafUnder(nil,
			opts(pkitest.With(func(c *x509.Certificate) {
				c.PermittedIPRanges = []*net.IPNet{{IP: net.IPv4(10, 0, 0, 0).To4(), Mask: net.CIDRMask(8, 32)}}
			})),
			opts(pkitest.With(func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.IPv4(10, 200, 0, 1)} }))), ""},

		{"a permitted directory name", pki.AsWorkload, at,
			leafUnder(opts(ext(nameConstraints(), true, directoryConstraint(tb, 0, "Example Corp"))), nil, nil), ""},
		{"a permitted directory name in other case and spacing", pki.AsWorkload, at,
			leafUnder(opts(ext(nameConstraints(), true, directoryConstraint(tb, 0, " EXAMPLE  corp"))), nil, nil), ""},
		{"a directory name that is not permitted", pki.AsWorkload, at,
			leafUnder(opts(ext(nameConstraints(), true, directoryConstraint(tb, 0, "Other Corp"))), nil, nil), pki.PathNames},
		{"an excluded directory name", pki.AsWorkload, at,
			leafUnder(opts(ext(nameConstraints(), true, directoryConstraint(tb, 1, "example corp"))), nil, nil), pki.PathNames},
		{"a constraint on registered IDs, which nobody below has", pki.AsWorkload, at,
			leafUnder(opts(ext(nameConstraints(), true, seq(tb, context(tb, 0, true, seq(tb, context(tb, 8, false, []byte{0x2a, 0x03})))))), nil, nil), ""},
		{"a constraint on registered IDs, and one below", pki.AsWorkload, at, leafUnder(
			opts(ext(nameConstraints(), true, seq(tb, context(tb, 0, true, seq(tb, context(tb, 8, false, []byte{0x2a, 0x03})))))),
			opts(withoutGoConstraints()),
			opts(uris(tb), ext(asn1.ObjectIdentifier{2, 5, 29, 17}, false, seq(tb, context(tb, 8, false, []byte{0x2a, 0x03}))))), pki.PathNames},
	}
}

func TestVerifyPath(t *testing.T) {
	for _, c := range pathCases(t) {
		t.Run(c.name, func(t *testing.T) {
			subject, intermediates, anchors := c.build(t)
			path, err := pki.VerifyPath(subject, intermediates, anchors, c.at, c.usage)
			if c.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				checkPath(t, path, subject, anchors)
				return
			}
			var pathErr *pki.PathError
			if !errors.As(err, &pathErr) || pathErr.Code != c.want || path != nil {
				t.Errorf("got %v (path of %d), want code %q", err, len(path), c.want)
			}
		})
	}
}

func checkPath(t testing.TB, path []*x509.Certificate, subject *x509.Certificate, anchors []*x509.Certificate) {
	t.Helper()
	if !path[0].Equal(subject) {
		t.Error("the path does not start with the subject")
	}
	anchored := false
	for _, a := range anchors {
		anchored = anchored || path[len(path)-1].Equal(a)
	}
	if !anchored {
		t.Error("the path does not end with an anchor")
	}
	for i := range path[1:] {
		if !pki.SignedBy(path[i], path[i+1]) {
			t.Errorf("certificate %d was not signed by the next", i)
		}
	}
}

// Where two intermediates fit, an expired one must not hide the good one, in
// whatever order they are given.
func TestVerifyPathFindsTheWayAround(t *testing.T) {
	root := pkitest.Root(t)
	key := pkitest.ECDSA(t)
	good := root.Issuer(t, "prod", pkitest.Key(key))
	old := root.Issuer(t, "prod", pkitest.Key(key), pkitest.Dates(pkitest.Now().AddDate(-2, 0, 0), pkitest.Now().AddDate(-1, 0, 0)))
	leaf := good.Leaf(t, "prod", "backup").Certificate
	for _, order := range []certs{{good.Certificate, old.Certificate}, {old.Certificate, good.Certificate}} {
		path, err := pki.VerifyPath(leaf, order, certs{root.Certificate}, pkitest.Now(), pki.AsWorkload)
		if err != nil {
			t.Fatal(err)
		}
		if len(path) != 3 || !path[1].Equal(good.Certificate) {
			t.Error("the path does not go through the valid issuer")
		}
	}
}

// A heap of certificates that all could have signed each other ends soon.
func TestVerifyPathIsBounded(t *testing.T) {
	root := pkitest.Root(t)
	key := pkitest.ECDSA(t)
	var heap certs
	top := root.Issuer(t, "prod", pkitest.Key(key), pkitest.PathLen(-1))
	for range 40 {
		top = top.Issuer(t, "prod", pkitest.PathLen(-1), pkitest.With(func(c *x509.Certificate) { c.SubjectKeyId = []byte{1} }))
		heap = append(heap, top.Certificate)
	}
	leaf := top.Leaf(t, "prod", "backup").Certificate
	_, err := pki.VerifyPath(leaf, heap, certs{pkitest.Root(t, pkitest.Name("prod issuer 1")).Certificate}, pkitest.Now(), pki.AsWorkload)
	var pathErr *pki.PathError
	if !errors.As(err, &pathErr) || pathErr.Code != pki.PathTooComplex {
		t.Errorf("got %v, want code %q", err, pki.PathTooComplex)
	}
}

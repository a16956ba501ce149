package pki_test

import (
	"bytes"
	"crypto"
	"crypto/elliptic"
	"crypto/x509"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/pki"
)

func newSeries(t testing.TB, c chain) *pki.Series {
	t.Helper()
	return newSeriesAt(t, c, "")
}

func newSeriesAt(t testing.TB, c chain, point string) *pki.Series {
	t.Helper()
	s, err := pki.NewSeries(pki.Parent{Certificate: c.issuer, Key: c.issuerKey, Point: point}, []*x509.Certificate{c.root}, now())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestASeriesGivesTheCertificatesThatAreMadeOneByOne(t *testing.T) {
	for i, kind := range keyMakers()[:3] {
		t.Run(kind.name, func(t *testing.T) {
			c := newChain(t, keyMakers()[(i+1)%3], []string{"prod.example.internal"}, nil, false)
			point := []string{"", "http://crl.example.internal/prod-2.crl", ""}[i]
			s := newSeriesAt(t, c, point)
			serials := map[string]bool{}
			for _, instance := range []string{"", "0001", "0002", "a_b@c", "x_y", "a-rather-long-instance-name-that-still-fits"} {
				key, err := kind.make()
				if err != nil {
					t.Fatal(err)
				}
				spec := workloadSpec()
				spec.Instance, spec.DNS = instance, []string{"backup.prod.example.internal"}
				made := parsed(t, s, spec, key.Public())
				for _, p := range pki.Lint(made) {
					t.Errorf("%s: %s [%s]", made.Subject, p.Message, p.Code)
				}
				if _, err := pki.VerifyPath(made, []*x509.Certificate{c.issuer}, []*x509.Certificate{c.root}, now(), pki.AsWorkload); err != nil {
					t.Error(err)
				}
				alone, err := pki.NewWorkload(spec, key.Public(), pki.Parent{Certificate: c.issuer, Key: c.issuerKey, Point: point})
				if err != nil {
					t.Fatal(err)
				}
				if got, want := withoutSerial(made), withoutSerial(alone); !bytes.Equal(got, want) {
					t.Errorf("instance %q: the to-be-signed bytes are\n%x, want\n%x", instance, got, want)
				}
				serials[pki.SerialHex(made)] = true
			}
			if len(serials) != 6 {
				t.Errorf("6 certificates have %d serial numbers", len(serials))
			}
		})
	}
}

// parsed is a certificate of a series, read; what is recorded of it is held to it.
func parsed(t testing.TB, s *pki.Series, spec pki.WorkloadSpec, key crypto.PublicKey) *x509.Certificate {
	t.Helper()
	cast, err := s.Issue(spec, key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(cast.DER)
	if err != nil {
		t.Fatal(err)
	}
	want := pki.Cast{DER: c.Raw, Serial: pki.SerialHex(c), KeyDigest: pki.SPKIDigest(c), NotBefore: c.NotBefore, NotAfter: c.NotAfter}
	if diff := cmp.Diff(want, cast); diff != "" {
		t.Errorf("what is said of a certificate is not what it says (-it +said):\n%s", diff)
	}
	return c
}

// withoutSerial is what is signed, with the 16 octets of the serial number
// blanked.
func withoutSerial(c *x509.Certificate) []byte {
	return bytes.Replace(c.RawTBSCertificate, c.SerialNumber.Bytes(), make([]byte, 16), 1)
}

func TestASeriesRefuses(t *testing.T) {
	c := newChain(t, keyMakers()[0], nil, nil, false)
	other := newChain(t, keyMakers()[0], nil, nil, false)
	weak, err := ecdsaKey(elliptic.P224())
	if err != nil {
		t.Fatal(err)
	}
	s := newSeries(t, c)
	// What is refused is refused however many of its shape went before.
	if _, err := s.Issue(workloadSpec(), c.leafKey.Public()); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		change func(*pki.WorkloadSpec)
		key    crypto.PublicKey
		want   string
	}{
		{"the issuer's own key", func(*pki.WorkloadSpec) {}, c.issuerKey.Public(), "is that of \"prod issuer 2\" itself"},
		{"a weak key", func(*pki.WorkloadSpec) {}, weak.Public(), "224 bits"},
		{"another environment", func(s *pki.WorkloadSpec) { s.Environment = "dev" }, c.leafKey.Public(), "not an issuer of environment dev"},
		{"another trust domain", func(s *pki.WorkloadSpec) { s.TrustDomain = "other.internal" }, c.leafKey.Public(), "not permitted"},
		{"a DNS name that is excluded", func(s *pki.WorkloadSpec) { s.DNS = []string{"a.example.com"} }, c.leafKey.Public(), "is excluded"},
		{"an instance that no certificate can carry", func(s *pki.WorkloadSpec) { s.Instance = "a/b" }, c.leafKey.Public(), "may hold only"},
		{"a common name that is too long", func(s *pki.WorkloadSpec) { s.Instance = strings.Repeat("i", 60) }, c.leafKey.Public(), "more than 61 characters"},
		{"a lifetime beyond the issuer's", func(s *pki.WorkloadSpec) { s.Lifetime = 366 * 24 * time.Hour }, c.leafKey.Public(), "too long"},
		{"a time after the issuer's end", func(s *pki.WorkloadSpec) { s.Now = now().Add(400 * 24 * time.Hour) }, c.leafKey.Public(), "signs nothing now"},
	} {
		t.Run(test.name, func(t *testing.T) {
			spec := workloadSpec()
			test.change(&spec)
			if _, err := s.Issue(spec, test.key); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
	for name, begin := range map[string]func() error{
		"an issuer under another root": func() error {
			_, err := pki.NewSeries(pki.Parent{Certificate: c.issuer, Key: c.issuerKey}, []*x509.Certificate{other.root}, now())
			return err
		},
		"the key of another issuer": func() error {
			_, err := pki.NewSeries(pki.Parent{Certificate: c.issuer, Key: other.issuerKey}, []*x509.Certificate{c.root}, now())
			return err
		},
		"an issuer that has ended": func() error {
			_, err := pki.NewSeries(pki.Parent{Certificate: c.issuer, Key: c.issuerKey}, []*x509.Certificate{c.root}, now().Add(400*24*time.Hour))
			return err
		},
	} {
		if begin() == nil {
			t.Errorf("a series was begun with %s", name)
		}
	}
}

// liar says it is the issuer's key and signs with another.
type liar struct{ says, signs crypto.Signer }

func (l liar) Public() crypto.PublicKey { return l.says.Public() }
func (l liar) Sign(random io.Reader, digest []byte, o crypto.SignerOpts) ([]byte, error) {
	return l.signs.Sign(random, digest, o)
}

func TestASignatureThatDoesNotVerifyIsNeverGivenOut(t *testing.T) {
	c := newChain(t, keyMakers()[0], nil, nil, false)
	key := liar{says: c.issuerKey, signs: c.leafKey}
	s, err := pki.NewSeries(pki.Parent{Certificate: c.issuer, Key: key}, []*x509.Certificate{c.root}, now())
	if err != nil {
		return // that is early enough
	}
	if _, err := s.Issue(workloadSpec(), c.leafKey.Public()); err == nil {
		t.Error("a certificate was given out that its issuer did not sign")
	}
}

func TestASeriesMayBeUsedBySeveralGoroutines(t *testing.T) {
	c := newChain(t, keyMakers()[0], nil, nil, false)
	s := newSeries(t, c)
	var all sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		all.Go(func() {
			for n := range 20 {
				spec := workloadSpec()
				spec.Instance = fmt.Sprintf("%d-%d", i, n)
				if _, err := s.Issue(spec, c.leafKey.Public()); err != nil {
					errs[i] = err
				}
			}
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
}

// What a certificate of a long series costs beside one alone.
func BenchmarkSeries(b *testing.B) {
	c := newChain(b, keyMakers()[0], nil, nil, false)
	s := newSeries(b, c)
	for b.Loop() {
		if _, err := s.Issue(workloadSpec(), c.leafKey.Public()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAlone(b *testing.B) {
	c := newChain(b, keyMakers()[0], nil, nil, false)
	for b.Loop() {
		if _, err := pki.NewWorkload(workloadSpec(), c.leafKey.Public(), pki.Parent{Certificate: c.issuer, Key: c.issuerKey}); err != nil {
			b.Fatal(err)
		}
	}
}

// A field that a specification gets must become part of the shape of a series,
// unless it is one of those that certificates of one shape differ in.
func TestTheShapeOfASeriesKnowsEveryField(t *testing.T) {
	known := []string{"Environment", "Workload", "Instance", "Organization", "TrustDomain", "DNS", "Lifetime", "Now"}
	var fields []string
	for f := range reflect.TypeFor[pki.WorkloadSpec]().Fields() {
		fields = append(fields, f.Name)
	}
	if !slices.Equal(fields, known) {
		t.Errorf("the fields are %v: add new ones to shapeOf, then here", fields)
	}
}

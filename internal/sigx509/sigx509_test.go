package sigx509_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"anchorctl/internal/sigx509"
)

var at = time.Date(2026, 11, 21, 4, 5, 6, 0, time.UTC)

const (
	region = "eu-central-1"
	body   = `{"durationSeconds":900}`
	target = "https://rolesanywhere.eu-central-1.amazonaws.com/sessions?trustAnchorArn=arn%3Aaws%3Aanchor&profileArn=arn:aws:profile/a+b"
)

func newCertificate(t testing.TB, key crypto.Signer, serial int64) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial),
		Subject:      pkix.Name{CommonName: "backup"},
		NotBefore:    at.Add(-time.Hour),
		NotAfter:     at.Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

func newECDSA(t testing.TB, curve elliptic.Curve) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newRSA(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newSigner(t testing.TB, key crypto.Signer, chain int) sigx509.Signer {
	t.Helper()
	s := sigx509.Signer{Key: key, Certificate: newCertificate(t, key, 255)}
	for i := range chain {
		s.Chain = append(s.Chain, newCertificate(t, key, int64(1000+i)))
	}
	return s
}

func newRequest(t testing.TB) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "anchorctl")
	return req
}

func signed(t testing.TB, s sigx509.Signer) *http.Request {
	t.Helper()
	req := newRequest(t)
	if err := s.Sign(req, []byte(body), region, at); err != nil {
		t.Fatal(err)
	}
	return req
}

func TestASignedRequestIsVerified(t *testing.T) {
	for _, tt := range []struct {
		name  string
		key   crypto.Signer
		chain int
		want  string
	}{
		{"with an RSA key", newRSA(t), 0, "AWS4-X509-RSA-SHA256 Credential=255/20261121/eu-central-1/rolesanywhere/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-x509, Signature="},
		{"with a P-256 key", newECDSA(t, elliptic.P256()), 0, "AWS4-X509-ECDSA-SHA256 Credential=255/20261121/eu-central-1/rolesanywhere/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-x509, Signature="},
		{"with a P-384 key and the same digest", newECDSA(t, elliptic.P384()), 0, "AWS4-X509-ECDSA-SHA256 Credential=255/"},
		{"with the longest chain", newECDSA(t, elliptic.P256()), 5, "AWS4-X509-ECDSA-SHA256 Credential=255/20261121/eu-central-1/rolesanywhere/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-x509;x-amz-x509-chain, Signature="},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSigner(t, tt.key, tt.chain)
			req := signed(t, s)
			if got := req.Header.Get("Authorization"); !strings.HasPrefix(got, tt.want) {
				t.Errorf("Authorization:\ngot  %s\nwant %s…", got, tt.want)
			}
			got, err := sigx509.Verify(req, []byte(body))
			if err != nil {
				t.Fatal(err)
			}
			if !got.Certificate.Equal(s.Certificate) || len(got.Chain) != tt.chain || !got.Date.Equal(at) || got.Region != region {
				t.Errorf("verified is %+v", got)
			}
			for i, c := range got.Chain {
				if !c.Equal(s.Chain[i]) {
					t.Errorf("chain[%d] is another certificate", i)
				}
			}
		})
	}
}

// The request goes through a real client and server, which move and add
// headers on their way.
func TestASignedRequestIsVerifiedByAServer(t *testing.T) {
	s := newSigner(t, newECDSA(t, elliptic.P256()), 1)
	var verdict error
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		received, err := io.ReadAll(r.Body)
		if err != nil {
			verdict = err
			return
		}
		_, verdict = sigx509.Verify(r, received)
	}))
	defer server.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/sessions?roleArn=arn:aws:iam::111122223333:role/a%20b", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if err := s.Sign(req, []byte(body), region, at); err != nil {
		t.Fatal(err)
	}
	resp, err := server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Fatal(err)
	}
	if verdict != nil {
		t.Error(verdict)
	}
}

// The string to sign is written out here; the signature is checked with the
// standard library alone.
func TestTheSignatureIsOverTheDocumentedString(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	s := newSigner(t, key, 0)
	req := signed(t, s)
	canonical := "POST\n" +
		"/sessions\n" +
		"profileArn=arn%3Aaws%3Aprofile%2Fa%20b&trustAnchorArn=arn%3Aaws%3Aanchor\n" +
		"content-type:application/json\n" +
		"host:rolesanywhere.eu-central-1.amazonaws.com\n" +
		"x-amz-date:20261121T040506Z\n" +
		"x-amz-x509:" + base64.StdEncoding.EncodeToString(s.Certificate.Raw) + "\n" +
		"\n" +
		"content-type;host;x-amz-date;x-amz-x509\n" +
		"ab3319db4aad2f204e6a2e6b2f27bbb319323c7c6141d0b0ca86ea708cc14bd7" // sha256sum of the body
	text := "AWS4-X509-RSA-SHA256\n20261121T040506Z\n20261121/eu-central-1/rolesanywhere/aws4_request\n" + hexSum(canonical)
	_, after, _ := strings.Cut(req.Header.Get("Authorization"), "Signature=")
	signature, err := hex.DecodeString(after)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256([]byte(text))
	if err := rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, digest[:], signature); err != nil {
		t.Error(err)
	}
}

func hexSum(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// AWS's helper signs two headers more, and puts no space rules in question.
func TestRequestsOfTheOfficialHelperAreVerified(t *testing.T) {
	key := newECDSA(t, elliptic.P256())
	certificate := newCertificate(t, key, 77)
	encoded := base64.StdEncoding.EncodeToString(certificate.Raw)
	req := newRequest(t)
	req.Header.Set("Amz-Sdk-Invocation-Id", "8d1f8b5e-0000-4000-8000-000000000000")
	req.Header.Set("Amz-Sdk-Request", "attempt=1; max=3")
	req.Header.Set("X-Amz-Date", "20261121T040506Z")
	req.Header.Set("X-Amz-X509", encoded)
	canonical := "POST\n/sessions\nprofileArn=arn%3Aaws%3Aprofile%2Fa%20b&trustAnchorArn=arn%3Aaws%3Aanchor\n" +
		"amz-sdk-invocation-id:8d1f8b5e-0000-4000-8000-000000000000\namz-sdk-request:attempt=1; max=3\n" +
		"content-type:application/json\nhost:rolesanywhere.eu-central-1.amazonaws.com\n" +
		"x-amz-date:20261121T040506Z\nx-amz-x509:" + encoded + "\n\n" +
		"amz-sdk-invocation-id;amz-sdk-request;content-type;host;x-amz-date;x-amz-x509\n" + hexSum(body)
	digest := sha256.Sum256([]byte("AWS4-X509-ECDSA-SHA256\n20261121T040506Z\n20261121/eu-central-1/rolesanywhere/aws4_request\n" + hexSum(canonical)))
	signature, err := key.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "AWS4-X509-ECDSA-SHA256 Credential=77/20261121/eu-central-1/rolesanywhere/aws4_request, "+
		"SignedHeaders=amz-sdk-invocation-id;amz-sdk-request;content-type;host;x-amz-date;x-amz-x509, Signature="+hex.EncodeToString(signature))
	if _, err := sigx509.Verify(req, []byte(body)); err != nil {
		t.Error(err)
	}
}

func TestATamperedRequestIsRefused(t *testing.T) {
	key := newECDSA(t, elliptic.P256())
	signer := newSigner(t, key, 2)
	foreign := newSigner(t, newECDSA(t, elliptic.P256()), 0) // the same serial under another key
	plain := newSigner(t, key, 0)
	replace := func(name, old, with string) func(*http.Request) {
		return func(r *http.Request) {
			if !strings.Contains(r.Header.Get(name), old) {
				t.Fatalf("tampering with %q in %s changes nothing", old, name)
			}
			r.Header.Set(name, strings.Replace(r.Header.Get(name), old, with, 1))
		}
	}
	for _, tt := range []struct {
		name   string
		tamper func(*http.Request)
		want   error
	}{
		{"the method is another", func(r *http.Request) { r.Method = http.MethodPut }, sigx509.ErrSignature},
		{"the path is another", func(r *http.Request) { r.URL.Path = "/session" }, sigx509.ErrSignature},
		{"an argument is another", func(r *http.Request) { r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "anchor", "anchor2", 1) }, sigx509.ErrSignature},
		{"an argument is added", func(r *http.Request) { r.URL.RawQuery += "&roleArn=admin" }, sigx509.ErrSignature},
		{"an argument is added that does not parse", func(r *http.Request) { r.URL.RawQuery += "&roleArn=%zz" }, sigx509.ErrMalformed},
		{"the host is another", func(r *http.Request) { r.Host = "example.com" }, sigx509.ErrSignature},
		{"the content type is another", func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }, sigx509.ErrSignature},
		{"the content type is gone", func(r *http.Request) { r.Header.Del("Content-Type") }, sigx509.ErrMalformed},
		{"the content type stands twice", func(r *http.Request) { r.Header.Add("Content-Type", "application/json") }, sigx509.ErrSignature},
		{"the time is another", func(r *http.Request) { r.Header.Set("X-Amz-Date", "20261121T040507Z") }, sigx509.ErrSignature},
		{"the day is another", func(r *http.Request) { r.Header.Set("X-Amz-Date", "20261122T040506Z") }, sigx509.ErrMalformed},
		{"the date is no date", func(r *http.Request) { r.Header.Set("X-Amz-Date", "20261121T990506Z") }, sigx509.ErrMalformed},
		{"the date is gone", func(r *http.Request) { r.Header.Del("X-Amz-Date") }, sigx509.ErrMalformed},
		{"the date stands twice", func(r *http.Request) { r.Header.Add("X-Amz-Date", "20261121T040506Z") }, sigx509.ErrMalformed},
		{"the day and region of the scope are others", replace("Authorization", "eu-central-1", "us-east-1"), sigx509.ErrSignature},
		{"the service of the scope is another", replace("Authorization", "rolesanywhere", "sts"), sigx509.ErrMalformed},
		{"the scope does not end in aws4_request", replace("Authorization", "aws4_request", "aws4"), sigx509.ErrMalformed},
		{"the serial is another", replace("Authorization", "=255/", "=256/"), sigx509.ErrMalformed},
		{"the serial is in hexadecimal", replace("Authorization", "=255/", "=ff/"), sigx509.ErrMalformed},
		{"the serial has leading zeros", replace("Authorization", "=255/", "=0255/"), sigx509.ErrMalformed},
		{"the algorithm is that of another kind of key", replace("Authorization", "ECDSA", "RSA"), sigx509.ErrMalformed},
		{"the algorithm is unknown", replace("Authorization", "AWS4-X509-ECDSA-SHA256", "AWS4-HMAC-SHA256"), sigx509.ErrMalformed},
		{"the host is not signed", replace("Authorization", "host;", ""), sigx509.ErrMalformed},
		{"the date is not signed", replace("Authorization", "x-amz-date;", ""), sigx509.ErrMalformed},
		{"the certificate is not signed", replace("Authorization", "x-amz-x509;", ""), sigx509.ErrMalformed},
		{"the chain is not signed", replace("Authorization", ";x-amz-x509-chain", ""), sigx509.ErrMalformed},
		{"the signed headers are out of order", replace("Authorization", "content-type;host", "host;content-type"), sigx509.ErrMalformed},
		{"a signed header stands twice", replace("Authorization", "host;", "host;host;"), sigx509.ErrMalformed},
		{"a signed header is not there", replace("Authorization", "host;", "host;x-absent;"), sigx509.ErrMalformed},
		{"the signature is cut", func(r *http.Request) {
			a := r.Header.Get("Authorization")
			r.Header.Set("Authorization", a[:len(a)-2])
		}, sigx509.ErrSignature},
		{"the signature is gone", func(r *http.Request) {
			before, _, _ := strings.Cut(r.Header.Get("Authorization"), "Signature=")
			r.Header.Set("Authorization", before+"Signature=")
		}, sigx509.ErrMalformed},
		{"the authorization is gone", func(r *http.Request) { r.Header.Del("Authorization") }, sigx509.ErrMalformed},
		{"the authorization stands twice", func(r *http.Request) { r.Header.Add("Authorization", r.Header.Get("Authorization")) }, sigx509.ErrMalformed},
		{"the certificate is another with the same serial", func(r *http.Request) {
			r.Header.Set("X-Amz-X509", base64.StdEncoding.EncodeToString(foreign.Certificate.Raw))
		}, sigx509.ErrSignature},
		{"the certificate is a new one of the same key", func(r *http.Request) {
			r.Header.Set("X-Amz-X509", base64.StdEncoding.EncodeToString(newCertificate(t, key, 255).Raw))
		}, sigx509.ErrSignature},
		{"the certificate is followed by bytes", func(r *http.Request) {
			r.Header.Set("X-Amz-X509", base64.StdEncoding.EncodeToString(append(bytes.Clone(signer.Certificate.Raw), 0)))
		}, sigx509.ErrMalformed},
		{"the certificate is gone", func(r *http.Request) { r.Header.Del("X-Amz-X509") }, sigx509.ErrMalformed},
		{"the certificate is larger than any", func(r *http.Request) { r.Header.Set("X-Amz-X509", strings.Repeat("A", 20000)) }, sigx509.ErrMalformed},
		{"the certificate is not base64", func(r *http.Request) { r.Header.Set("X-Amz-X509", "!") }, sigx509.ErrMalformed},
		{"the chain is gone", func(r *http.Request) { r.Header.Del("X-Amz-X509-Chain") }, sigx509.ErrMalformed},
		{"the chain is shorter", func(r *http.Request) {
			first, _, _ := strings.Cut(r.Header.Get("X-Amz-X509-Chain"), ",")
			r.Header.Set("X-Amz-X509-Chain", first)
		}, sigx509.ErrSignature},
		{"the chain is longer than five", func(r *http.Request) {
			one := base64.StdEncoding.EncodeToString(signer.Chain[0].Raw)
			r.Header.Set("X-Amz-X509-Chain", strings.Repeat(one+",", 5)+one)
		}, sigx509.ErrMalformed},
		{"the chain holds no certificate", func(r *http.Request) { r.Header.Set("X-Amz-X509-Chain", "QQ==") }, sigx509.ErrMalformed},
		{"the chain is in two headers", func(r *http.Request) { r.Header.Add("X-Amz-X509-Chain", "QQ==") }, sigx509.ErrMalformed},
		{"there is no URL", func(r *http.Request) { r.URL = nil }, sigx509.ErrMalformed},
	} {
		t.Run("when "+tt.name, func(t *testing.T) {
			req := signed(t, signer)
			tt.tamper(req)
			got, err := sigx509.Verify(req, []byte(body))
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if got.Certificate != nil {
				t.Error("a refused request proves a certificate")
			}
		})
	}
	t.Run("when the body is another", func(t *testing.T) {
		if _, err := sigx509.Verify(signed(t, signer), []byte(body+" ")); !errors.Is(err, sigx509.ErrSignature) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("when a chain is slipped in that was not signed", func(t *testing.T) {
		req := signed(t, plain)
		req.Header.Set("X-Amz-X509-Chain", base64.StdEncoding.EncodeToString(plain.Certificate.Raw))
		if _, err := sigx509.Verify(req, []byte(body)); !errors.Is(err, sigx509.ErrMalformed) {
			t.Errorf("got %v", err)
		}
	})
}

func TestSignRefusesWhatCannotBeVerified(t *testing.T) {
	key := newECDSA(t, elliptic.P256())
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	good := newSigner(t, key, 0)
	for _, tt := range []struct {
		name   string
		signer sigx509.Signer
		region string
		want   error
	}{
		{"no key", sigx509.Signer{Certificate: good.Certificate}, region, nil},
		{"no certificate", sigx509.Signer{Key: key}, region, nil},
		{"a key of another certificate", sigx509.Signer{Key: newECDSA(t, elliptic.P256()), Certificate: good.Certificate}, region, sigx509.ErrKeyMismatch},
		{"a key of another kind", sigx509.Signer{Key: newRSA(t), Certificate: good.Certificate}, region, sigx509.ErrKeyMismatch},
		{"a kind of key the service does not know", sigx509.Signer{Key: edwards, Certificate: newCertificate(t, edwards, 1)}, region, sigx509.ErrKeyType},
		{"a chain of six", newSigner(t, key, 6), region, nil},
		{"an empty region", good, "", nil},
		{"a region that breaks the scope", good, "eu/central", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			req := newRequest(t)
			err := tt.signer.Sign(req, []byte(body), tt.region, at)
			if err == nil || tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if req.Header.Get("Authorization") != "" {
				t.Error("a refused request was signed")
			}
		})
	}
}

func TestARequestCanBeSignedAgain(t *testing.T) {
	s := newSigner(t, newECDSA(t, elliptic.P256()), 1)
	req := signed(t, s)
	s.Chain = nil
	if err := s.Sign(req, []byte(body), region, at.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	got, err := sigx509.Verify(req, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Chain) != 0 || !got.Date.Equal(at.Add(time.Minute)) {
		t.Errorf("verified is %+v", got)
	}
}

func FuzzVerifyNeverPanicsNorBelieves(f *testing.F) {
	s := newSigner(f, newECDSA(f, elliptic.P256()), 1)
	req := signed(f, s)
	f.Add(req.Header.Get("Authorization"), req.Header.Get("X-Amz-Date"), req.Header.Get("X-Amz-X509"), req.Header.Get("X-Amz-X509-Chain"), req.URL.RawQuery, body)
	f.Add("AWS4-X509-RSA-SHA256 Credential=1/20261121/r/rolesanywhere/aws4_request, SignedHeaders=host;x-amz-date;x-amz-x509, Signature=00", "20261121T040506Z", "QQ==", "", "", "")
	f.Add("", "", "", "", "%", "")
	wantQuery := req.URL.Query().Encode()
	f.Fuzz(func(t *testing.T, authorization, date, certificate, chain, query, text string) {
		r := newRequest(t)
		r.URL.RawQuery = query
		r.Header.Set("Authorization", authorization)
		r.Header.Set("X-Amz-Date", date)
		r.Header.Set("X-Amz-X509", certificate)
		r.Header.Set("X-Amz-X509-Chain", chain)
		got, err := sigx509.Verify(r, []byte(text))
		switch {
		case err == nil:
			// Nobody but the signer has the key, so whatever is believed is what it signed.
			if text != body || r.URL.Query().Encode() != wantQuery || !got.Date.Equal(at) {
				t.Errorf("believed a request that was never signed")
			}
		case !errors.Is(err, sigx509.ErrMalformed) && !errors.Is(err, sigx509.ErrSignature):
			t.Errorf("untyped error %v", err)
		}
	})
}

package sigx509

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// Errors of Verify; every error it returns is one of the two.
var (
	// ErrMalformed says that a request is not of the scheme's form.
	ErrMalformed = errors.New("the request is not signed in the form of SigV4-X509")
	// ErrSignature says that the signature is not that of the certificate's key
	// over this request.
	ErrSignature = errors.New("the signature does not match the request")
)

// Bounds on what comes in. The largest honest request carries six RSA
// certificates of some 2 KiB each.
const (
	maxAuthorization = 8 << 10
	maxCertificate   = 16 << 10 // of base64 text
	maxSignedHeaders = 40
	maxRSABits       = 8192
	minRSABits       = 1024
)

// Verified is what a valid signature proves: the holder of the certificate's
// key signed this request, for this region, with this date. It does not say
// that anybody trusts the certificate, nor that the date is fresh.
type Verified struct {
	Certificate *x509.Certificate
	Chain       []*x509.Certificate
	Date        time.Time
	Region      string
}

// Verify checks the signature of a request as a server received it. All that
// AWS's own helper sends is accepted: more signed headers (amz-sdk-request and
// its like) and arguments in the query. Host, x-amz-date and x-amz-x509 must be
// signed, and x-amz-x509-chain when it is there.
func Verify(req *http.Request, body []byte) (Verified, error) {
	if req == nil || req.URL == nil {
		return Verified{}, malformed(errors.New("no request"))
	}
	auth, err := parseAuthorization(req.Header)
	if err != nil {
		return Verified{}, malformed(err)
	}
	verified, err := readHeaders(req.Header, auth)
	if err != nil {
		return Verified{}, malformed(err)
	}
	canonical, err := canonicalRequest(req, body, auth.signed)
	if err != nil {
		return Verified{}, malformed(err)
	}
	text := stringToSign(auth.algorithm, verified.Date.Format(dateLayout), scope(auth.day, auth.region), canonical)
	digest := sha256.Sum256([]byte(text))
	if !validSignature(verified.Certificate.PublicKey, digest[:], auth.signature) {
		return Verified{}, ErrSignature
	}
	return verified, nil
}

func malformed(err error) error { return fmt.Errorf("%w: %w", ErrMalformed, err) }

// authorization is the Authorization header in parts.
type authorization struct {
	algorithm string
	serial    string
	day       string
	region    string
	signed    []string
	signature []byte
}

// Compiled when first used: most commands verify nothing, and start sooner.
var (
	authorizationPattern = compiled(`^([A-Z0-9-]{1,40}) +Credential=([^,= ]+), *SignedHeaders=([a-z0-9;-]+), *Signature=([0-9a-f]+)$`)
	credentialPattern    = compiled(`^([0-9]{1,80})/([0-9]{8})/([a-z0-9][a-z0-9-]{0,31})/` + service + `/` + terminator + `$`)
	dayPattern           = compiled(`^[0-9]{8}T[0-9]{6}Z$`)
)

func compiled(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}

func parseAuthorization(header http.Header) (authorization, error) {
	text, err := single(header, "authorization", maxAuthorization)
	if err != nil {
		return authorization{}, err
	}
	m := authorizationPattern().FindStringSubmatch(text)
	if m == nil {
		return authorization{}, errors.New("reading the Authorization header: not of the form ALGORITHM Credential=…, SignedHeaders=…, Signature=…")
	}
	c := credentialPattern().FindStringSubmatch(m[2])
	if c == nil {
		return authorization{}, errors.New("reading Credential: not of the form SERIAL/DATE/REGION/rolesanywhere/aws4_request with the serial in decimal")
	}
	signature, err := hex.DecodeString(m[4])
	if err != nil {
		return authorization{}, fmt.Errorf("reading Signature: %w", err)
	}
	signed := strings.Split(m[3], ";")
	if err := checkSigned(header, signed); err != nil {
		return authorization{}, err
	}
	return authorization{algorithm: m[1], serial: c[1], day: c[2], region: c[3], signed: signed, signature: signature}, nil
}

// checkSigned holds that the list of signed headers is in canonical order and
// complete.
func checkSigned(header http.Header, signed []string) error {
	if len(signed) > maxSignedHeaders {
		return fmt.Errorf("%d signed headers are too many", len(signed))
	}
	for i, name := range signed {
		if name == "" || i > 0 && signed[i-1] >= name {
			return errors.New("reading SignedHeaders: not a sorted list of different names")
		}
	}
	needed := []string{headerHost, headerDate, headerX509}
	if len(header.Values(headerChain)) > 0 {
		needed = append(needed, headerChain)
	}
	for _, name := range needed {
		if !slices.Contains(signed, name) {
			return fmt.Errorf("header %q must be signed", name)
		}
	}
	return nil
}

// readHeaders reads date and certificates and holds them against what the
// Authorization header says of them.
func readHeaders(header http.Header, auth authorization) (Verified, error) {
	text, err := single(header, headerDate, len(dateLayout))
	if err != nil {
		return Verified{}, err
	}
	if !dayPattern().MatchString(text) {
		return Verified{}, fmt.Errorf("reading X-Amz-Date: %q is not of the form %s", text, dateLayout)
	}
	date, err := time.Parse(dateLayout, text)
	if err != nil {
		return Verified{}, errors.New("reading X-Amz-Date: no such date")
	}
	if date.Format(dayLayout) != auth.day {
		return Verified{}, errors.New("the day in Credential is not that of X-Amz-Date")
	}
	certificate, err := readCertificate(header, auth)
	if err != nil {
		return Verified{}, err
	}
	chain, err := readChain(header)
	if err != nil {
		return Verified{}, err
	}
	return Verified{Certificate: certificate, Chain: chain, Date: date.UTC(), Region: auth.region}, nil
}

// readCertificate reads the signer's certificate and holds its serial and kind
// of key against the Authorization header.
func readCertificate(header http.Header, auth authorization) (*x509.Certificate, error) {
	text, err := single(header, headerX509, maxCertificate)
	if err != nil {
		return nil, err
	}
	certificate, err := decode(text)
	if err != nil {
		return nil, fmt.Errorf("reading X-Amz-X509: %w", err)
	}
	if certificate.SerialNumber.String() != auth.serial {
		return nil, errors.New("the serial in Credential is not the certificate's, in decimal")
	}
	if key, ok := certificate.PublicKey.(*rsa.PublicKey); ok && (key.N.BitLen() > maxRSABits || key.N.BitLen() < minRSABits) {
		return nil, fmt.Errorf("an RSA key of %d bits is not taken", key.N.BitLen())
	}
	algorithm, err := algorithmOf(certificate.PublicKey)
	if err != nil {
		return nil, err
	}
	if algorithm != auth.algorithm {
		return nil, fmt.Errorf("the algorithm is not that of the certificate's key, %s", algorithm)
	}
	return certificate, nil
}

// readChain reads the chain header, if there is one.
func readChain(header http.Header) ([]*x509.Certificate, error) {
	if len(header.Values(headerChain)) == 0 {
		return nil, nil
	}
	text, err := single(header, headerChain, MaxChain*(maxCertificate+1))
	if err != nil {
		return nil, err
	}
	parts := strings.Split(text, ",")
	if len(parts) > MaxChain {
		return nil, fmt.Errorf("reading X-Amz-X509-Chain: more than %d certificates", MaxChain)
	}
	chain := make([]*x509.Certificate, len(parts))
	for i, part := range parts {
		if chain[i], err = decode(strings.TrimSpace(part)); err != nil {
			return nil, fmt.Errorf("reading X-Amz-X509-Chain: %w", err)
		}
	}
	return chain, nil
}

// decode reads one certificate from its base64 text.
func decode(text string) (*x509.Certificate, error) {
	if len(text) > maxCertificate {
		return nil, errors.New("the certificate is too large")
	}
	der, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("not base64: %w", err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("not one DER certificate: %w", err)
	}
	return certificate, nil
}

// single is the value of a header that must be there once.
func single(header http.Header, name string, limit int) (string, error) {
	values := header.Values(name)
	if len(values) != 1 {
		return "", fmt.Errorf("header %q stands %d times, not once", name, len(values))
	}
	if len(values[0]) > limit {
		return "", fmt.Errorf("header %q has %d characters, more than %d", name, len(values[0]), limit)
	}
	return values[0], nil
}

func validSignature(public crypto.PublicKey, digest, signature []byte) bool {
	switch key := public.(type) {
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, digest, signature) == nil
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(key, digest, signature)
	default:
		return false
	}
}

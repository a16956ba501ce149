package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const algorithm = "AWS4-HMAC-SHA256"

// Errors of Parse and Verify.
var (
	ErrMissing    = errors.New("the request is not signed")
	ErrIncomplete = errors.New("the signature is incomplete")
	ErrMismatch   = errors.New("the signature does not match the request")
)

// Signature is what a request says about its signature.
type Signature struct {
	KeyID   string
	Region  string
	Service string
	Token   string // of temporary credentials
	Time    time.Time

	day     string
	headers []string
	value   []byte
}

// Parse reads the Authorization header.
func Parse(h http.Header) (Signature, error) {
	auth := h.Get("Authorization")
	if auth == "" {
		return Signature{}, ErrMissing
	}
	rest, ok := strings.CutPrefix(auth, algorithm+" ")
	if !ok {
		return Signature{}, fmt.Errorf("%w: its algorithm is not %s", ErrIncomplete, algorithm)
	}
	fields := map[string]string{}
	for part := range strings.SplitSeq(rest, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		if _, twice := fields[name]; !ok || twice {
			return Signature{}, fmt.Errorf("%w: its Authorization header does not parse", ErrIncomplete)
		}
		fields[name] = value
	}
	s := Signature{Token: h.Get("X-Amz-Security-Token")}
	scope := strings.Split(fields["Credential"], "/")
	if len(scope) != 5 || scope[4] != "aws4_request" || slices.Contains(scope, "") {
		return Signature{}, fmt.Errorf("%w: its Credential is not KEY/DATE/REGION/SERVICE/aws4_request", ErrIncomplete)
	}
	s.KeyID, s.day, s.Region, s.Service = scope[0], scope[1], scope[2], scope[3]
	return s, s.rest(h, fields)
}

func (s *Signature) rest(h http.Header, fields map[string]string) error {
	value, err := hex.DecodeString(fields["Signature"])
	if err != nil || len(value) != sha256.Size {
		return fmt.Errorf("%w: its Signature is not 64 hexadecimal digits", ErrIncomplete)
	}
	s.value = value
	if s.Time, err = time.Parse("20060102T150405Z", h.Get("X-Amz-Date")); err != nil {
		return fmt.Errorf("%w: it needs an X-Amz-Date header of the form yyyymmddThhmmssZ", ErrIncomplete)
	}
	if s.Time.Format("20060102") != s.day {
		return fmt.Errorf("%w: the date in its Credential is not that of X-Amz-Date", ErrIncomplete)
	}
	s.headers = strings.Split(fields["SignedHeaders"], ";")
	if !slices.IsSorted(s.headers) || !slices.Contains(s.headers, "host") {
		return fmt.Errorf("%w: 'Host' must be a 'SignedHeader', and they must be sorted", ErrIncomplete)
	}
	for name := range h {
		lower := strings.ToLower(name)
		if strings.HasPrefix(lower, "x-amz-") && !slices.Contains(s.headers, lower) {
			return fmt.Errorf("%w: the header %q is not signed", ErrIncomplete, lower)
		}
	}
	return nil
}

// Verify checks the signature with the secret of the key.
func (s Signature) Verify(r *http.Request, body []byte, secret string) error {
	digest := sha256.Sum256(body)
	hash := hex.EncodeToString(digest[:])
	if sent := r.Header.Get("X-Amz-Content-Sha256"); sent != "" && sent != hash {
		return fmt.Errorf("%w: X-Amz-Content-Sha256 is not the hash of the body", ErrMismatch)
	}
	canonical, err := s.canonical(r, hash)
	if err != nil {
		return err
	}
	request := sha256.Sum256([]byte(canonical))
	scope := strings.Join([]string{s.day, s.Region, s.Service, "aws4_request"}, "/")
	text := strings.Join([]string{algorithm, r.Header.Get("X-Amz-Date"), scope, hex.EncodeToString(request[:])}, "\n")

	key := []byte("AWS4" + secret)
	for _, part := range []string{s.day, s.Region, s.Service, "aws4_request", text} {
		key = sum(key, part)
	}
	if !hmac.Equal(key, s.value) {
		return ErrMismatch
	}
	return nil
}

func (s Signature) canonical(r *http.Request, bodyHash string) (string, error) {
	query, err := canonicalQuery(r.URL.RawQuery)
	if err != nil {
		return "", err
	}
	var headers strings.Builder
	for _, name := range s.headers {
		headers.WriteString(name + ":" + headerValue(r, name) + "\n")
	}
	return strings.Join([]string{
		r.Method, canonicalPath(r.URL.EscapedPath()), query, headers.String(), strings.Join(s.headers, ";"), bodyHash,
	}, "\n"), nil
}

func headerValue(r *http.Request, name string) string {
	values := slices.Clone(r.Header.Values(name))
	switch {
	case name == "host":
		values = []string{r.Host}
	case name == "content-length" && len(values) == 0:
		values = []string{fmt.Sprint(r.ContentLength)}
	}
	for i, v := range values {
		values[i] = strings.Join(strings.Fields(v), " ")
	}
	return strings.Join(values, ",")
}

// canonicalPath encodes the path, which was encoded for the wire, once more:
// all services but S3 want it twice.
func canonicalPath(path string) string {
	if path == "" {
		return "/"
	}
	parts := strings.Split(path, "/")
	for i, p := range parts {
		parts[i] = encode(p)
	}
	return strings.Join(parts, "/")
}

func canonicalQuery(raw string) (string, error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return "", fmt.Errorf("%w: its query does not parse", ErrIncomplete)
	}
	type pair struct{ name, value string }
	var pairs []pair
	for name, all := range values {
		for _, v := range all {
			pairs = append(pairs, pair{encode(name), encode(v)})
		}
	}
	slices.SortFunc(pairs, func(a, b pair) int {
		if c := strings.Compare(a.name, b.name); c != 0 {
			return c
		}
		return strings.Compare(a.value, b.value)
	})
	out := make([]string, len(pairs))
	for i, p := range pairs {
		out[i] = p.name + "=" + p.value
	}
	return strings.Join(out, "&"), nil
}

// encode is AWS's UriEncode: everything but the unreserved characters of
// RFC 3986 section 2.3, with upper-case digits.
func encode(s string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || strings.IndexByte("-._~", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(digits[c>>4])
		b.WriteByte(digits[c&15])
	}
	return b.String()
}

func sum(key []byte, text string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(text))
	return m.Sum(nil)
}

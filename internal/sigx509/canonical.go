package sigx509

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// The headers of the scheme, as SignedHeaders lists them.
const (
	headerHost        = "host"
	headerContentType = "content-type"
	headerDate        = "x-amz-date"
	headerX509        = "x-amz-x509"
	headerChain       = "x-amz-x509-chain"
)

// The parts of the credential scope that never change.
const (
	service    = "rolesanywhere"
	terminator = "aws4_request"
	dateLayout = "20060102T150405Z"
	dayLayout  = "20060102"
)

// scope is the credential scope of a day and a region.
func scope(day, region string) string {
	return day + "/" + region + "/" + service + "/" + terminator
}

// canonicalRequest is the request in the one form that both sides compute
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html,
// steps 1 and 2). The names in signed are lower case and sorted.
func canonicalRequest(req *http.Request, body []byte, signed []string) (string, error) {
	query, err := canonicalQuery(req.URL.RawQuery)
	if err != nil {
		return "", err
	}
	path := req.URL.EscapedPath()
	if path == "" {
		path = "/"
	}
	var b strings.Builder
	b.WriteString(req.Method + "\n" + path + "\n" + query + "\n")
	for _, name := range signed {
		value, err := headerValue(req, name)
		if err != nil {
			return "", err
		}
		b.WriteString(name + ":" + value + "\n")
	}
	sum := sha256.Sum256(body)
	b.WriteString("\n" + strings.Join(signed, ";") + "\n" + hex.EncodeToString(sum[:]))
	return b.String(), nil
}

// stringToSign is what the signature is over.
func stringToSign(algorithm, date, scope, canonical string) string {
	sum := sha256.Sum256([]byte(canonical))
	return algorithm + "\n" + date + "\n" + scope + "\n" + hex.EncodeToString(sum[:])
}

// canonicalQuery sorts the pairs of a query by their escaped names, then
// values. A query that does not parse as a whole is refused: url.URL.Query
// would drop the pairs it cannot read, and they would go unsigned.
func canonicalQuery(raw string) (string, error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return "", fmt.Errorf("reading the query: %w", err)
	}
	var pairs [][2]string
	for name, all := range values {
		for _, value := range all {
			pairs = append(pairs, [2]string{escape(name), escape(value)})
		}
	}
	slices.SortFunc(pairs, func(a, b [2]string) int {
		if c := strings.Compare(a[0], b[0]); c != 0 {
			return c
		}
		return strings.Compare(a[1], b[1])
	})
	parts := make([]string, len(pairs))
	for i, pair := range pairs {
		parts[i] = pair[0] + "=" + pair[1]
	}
	return strings.Join(parts, "&"), nil
}

// escape is RFC 3986 percent-encoding of all but unreserved characters; it
// differs from url.QueryEscape in the space alone, whose own plus signs are
// already %2B.
func escape(text string) string {
	return strings.ReplaceAll(url.QueryEscape(text), "+", "%20")
}

// headerValue is the canonical value of one header: several lines joined by
// commas, outer white space gone, inner runs of spaces made one.
func headerValue(req *http.Request, name string) (string, error) {
	values := req.Header.Values(name)
	if name == headerHost {
		values = []string{host(req)}
	}
	if len(values) == 0 {
		return "", fmt.Errorf("header %q is listed as signed and is not there", name)
	}
	cleaned := make([]string, len(values))
	for i, value := range values {
		if strings.ContainsAny(value, "\r\n\x00") {
			return "", fmt.Errorf("header %q holds a line break", name)
		}
		cleaned[i] = squeeze(value)
	}
	return strings.Join(cleaned, ","), nil
}

// squeeze trims a header value and makes runs of spaces in it one space.
func squeeze(value string) string {
	value = strings.Trim(value, " \t")
	if !strings.Contains(value, "  ") {
		return value
	}
	var b strings.Builder
	for i := range len(value) {
		if value[i] == ' ' && i > 0 && value[i-1] == ' ' {
			continue
		}
		b.WriteByte(value[i])
	}
	return b.String()
}

// host is the Host header of a request, on the client's side and the server's.
func host(req *http.Request) string {
	if req.Host != "" {
		return req.Host
	}
	return req.URL.Host
}

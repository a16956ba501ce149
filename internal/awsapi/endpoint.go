package awsapi

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"anchorctl/internal/hint"
)

// Endpoint is where requests go instead of AWS, as the environment
// (AWS_ENDPOINT_URL and its like) or a profile (endpoint_url) says. It is
// empty for AWS's own endpoints.
func (t *Target) Endpoint() string { return t.endpoint }

// customEndpoint lists the endpoints that are not AWS's own. Plain http would
// let anybody on the way read and change what an operator does.
func (t *Target) customEndpoint() (string, error) {
	var custom []string
	for _, base := range []*string{
		t.anywhere.Options().BaseEndpoint, t.tagging.Options().BaseEndpoint, t.iam.Options().BaseEndpoint, t.sts.Options().BaseEndpoint,
	} {
		if base == nil {
			continue
		}
		u, err := url.Parse(*base)
		if err != nil {
			return "", fmt.Errorf("reading the custom endpoint: %w", err)
		}
		shown := u.Redacted()
		switch {
		case u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https":
			return "", endpointHint(fmt.Errorf("reading the custom endpoint: %q is not of the form https://HOST[:PORT]", shown))
		case u.Scheme == "http" && !loopback(u.Hostname()):
			return "", endpointHint(fmt.Errorf("the custom endpoint %q is plain http to another machine", shown))
		}
		if !slices.Contains(custom, shown) {
			custom = append(custom, shown)
		}
	}
	return strings.Join(custom, ", "), nil
}

func endpointHint(err error) error {
	return hint.With(err, "it comes from AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_* or endpoint_url in the AWS configuration: use https, or unset it")
}

// loopback reports whether a host is this machine.
func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

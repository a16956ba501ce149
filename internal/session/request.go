package session

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"
	"time"

	"anchorctl/internal/hint"
	"anchorctl/internal/sigx509"
)

// Bounds of DurationSeconds
// (https://docs.aws.amazon.com/rolesanywhere/latest/userguide/authentication-create-session.html).
const (
	minDuration = 15 * time.Minute
	maxDuration = 12 * time.Hour
)

// Request is what a session is asked for with.
type Request struct {
	// Endpoint is where to ask; empty means AWS, in the anchor's region and partition.
	Endpoint                       string
	AnchorARN, ProfileARN, RoleARN string
	// Duration of the session; zero leaves it to the profile.
	Duration time.Duration
	// SessionName is taken only when the profile accepts one; empty leaves it
	// to the service, which uses the certificate's serial.
	SessionName string
	Signer      sigx509.Signer
}

// call is a request that was found fit to be sent.
type call struct {
	url    string
	region string
	body   []byte
	role   arn
	signer sigx509.Signer
}

// prepare refuses what the service would certainly refuse, and what must not
// leave the machine.
func (r Request) prepare(now time.Time) (call, error) {
	anchor, role, err := r.arns()
	if err != nil {
		return call{}, err
	}
	if err := r.checkSigner(now); err != nil {
		return call{}, err
	}
	body, err := r.body()
	if err != nil {
		return call{}, err
	}
	base, err := r.endpoint(anchor)
	if err != nil {
		return call{}, err
	}
	query := url.Values{"trustAnchorArn": {r.AnchorARN}, "profileArn": {r.ProfileARN}, "roleArn": {r.RoleARN}}
	return call{
		url: base + "/sessions?" + query.Encode(), region: anchor.region, body: body, role: role, signer: r.Signer,
	}, nil
}

// arns reads the three ARNs and holds them against each other: all that a
// session uses lies in one partition and account, and anchor and profile in
// one region.
func (r Request) arns() (anchor, role arn, err error) {
	anchor, errAnchor := parseARN("trust anchor", r.AnchorARN, "rolesanywhere", anchorResource)
	profile, errProfile := parseARN("profile", r.ProfileARN, "rolesanywhere", profileResource)
	role, errRole := parseARN("role", r.RoleARN, "iam", roleResource)
	if err := errors.Join(errAnchor, errProfile, errRole); err != nil {
		return arn{}, arn{}, err
	}
	for _, c := range []struct{ what, a, b, nameA, nameB string }{
		{"partition", anchor.partition, profile.partition, "anchor", "profile"},
		{"partition", profile.partition, role.partition, "profile", "role"},
		{"account", anchor.account, profile.account, "anchor", "profile"},
		{"account", profile.account, role.account, "profile", "role"},
		{"region", anchor.region, profile.region, "anchor", "profile"},
	} {
		if c.a != c.b {
			err := fmt.Errorf("the %s is in %s %s and the %s in %s: a session needs both in one", c.nameA, c.what, c.a, c.nameB, c.b)
			return arn{}, arn{}, hint.With(err, `run "anchorctl status" where the estate is to see which ARNs belong together`)
		}
	}
	return anchor, role, nil
}

// checkSigner refuses a certificate outside of its dates and a key that is not
// the certificate's: the service calls both an invalid signature.
func (r Request) checkSigner(now time.Time) error {
	if err := r.Signer.Check(); err != nil {
		if errors.Is(err, sigx509.ErrKeyMismatch) {
			return hint.With(err, `use key.pem and cert.pem of one run of "anchorctl issue ENV/WORKLOAD"`)
		}
		return err
	}
	c := r.Signer.Certificate
	const layout = "2006-01-02 15:04:05 MST"
	if now.After(c.NotAfter) {
		return hint.With(fmt.Errorf("the certificate expired at %s", c.NotAfter.UTC().Format(layout)),
			`run "anchorctl issue ENV/WORKLOAD" where the estate is to issue a new one`)
	}
	if now.Before(c.NotBefore) {
		return hint.With(fmt.Errorf("the certificate is not valid before %s and it is %s here", c.NotBefore.UTC().Format(layout), now.UTC().Format(layout)),
			`run "timedatectl status" and set this machine's clock right`)
	}
	return nil
}

// body is the JSON of the request, without the ARNs: those go into the query,
// as AWS's own helper sends them.
func (r Request) body() ([]byte, error) {
	var payload struct {
		DurationSeconds int    `json:"durationSeconds,omitempty"`
		RoleSessionName string `json:"roleSessionName,omitempty"`
	}
	if r.Duration != 0 {
		if r.Duration < minDuration || r.Duration > maxDuration || r.Duration%time.Second != 0 {
			return nil, fmt.Errorf("a session of %s is not possible: whole seconds from %s to %s are", r.Duration, minDuration, maxDuration)
		}
		payload.DurationSeconds = int(r.Duration / time.Second)
	}
	// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html, RoleSessionName.
	if r.SessionName != "" && !regexp.MustCompile(`^[\w+=,.@-]{2,64}$`).MatchString(r.SessionName) {
		return nil, fmt.Errorf("the session name %q is not of 2 to 64 letters, digits and _+=,.@-", r.SessionName)
	}
	payload.RoleSessionName = r.SessionName
	body, err := json.Marshal(payload)
	if err != nil {
		return nil, fmt.Errorf("encoding the request: %w", err)
	}
	return body, nil
}

// endpoint is the base of the URL, without a slash at its end.
func (r Request) endpoint(anchor arn) (string, error) {
	if r.Endpoint == "" {
		suffix, ok := dnsSuffix(anchor.partition)
		if !ok {
			return "", hint.With(fmt.Errorf("the endpoint of partition %q is not known", anchor.partition), "give the endpoint with --endpoint")
		}
		return "https://rolesanywhere." + anchor.region + "." + suffix, nil
	}
	u, err := url.Parse(r.Endpoint)
	if err != nil {
		return "", fmt.Errorf("reading the endpoint: %w", err)
	}
	// The signature is over the path /sessions: a server below another path could not verify it.
	if u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "" {
		return "", fmt.Errorf("reading the endpoint: %q is not of the form https://HOST[:PORT]", u.Redacted())
	}
	switch {
	case u.Scheme == "https":
	case u.Scheme == "http" && loopback(u.Hostname()):
	case u.Scheme == "http":
		return "", hint.With(fmt.Errorf("the endpoint %q is plain http: credentials would cross the network readable", u.Host),
			"use https; plain http is taken to this machine only")
	default:
		return "", fmt.Errorf("reading the endpoint: %q is neither https nor http", u.Redacted())
	}
	return u.Scheme + "://" + u.Host, nil
}

// loopback reports whether a host is this machine.
func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

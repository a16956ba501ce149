package session

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"anchorctl/internal/clock"
)

const (
	attempts    = 3         // in all, as AWS's own helper
	maxResponse = 256 << 10 // an honest answer has some 3 KiB
	callTimeout = 30 * time.Second
	maxWait     = 20 * time.Second // SDKs give a credential_process one minute
)

// Client asks Roles Anywhere for sessions.
type Client struct {
	// HTTP sends the requests; nil means a client that uses no proxy.
	HTTP  *http.Client
	Clock clock.Clock
}

// CreateSession asks for a session. A refusal of the service is an *Error,
// with hints. A service that is busy or has a fault of its own, and a connection
// that is cut, are waited out, and the request signed again with a new date,
// three times in all. It changes nothing that a second one could spoil.
func (c Client) CreateSession(ctx context.Context, r Request) (Credentials, error) {
	ready, err := r.prepare(c.Clock.Now())
	if err != nil {
		return Credentials{}, fmt.Errorf("preparing the session: %w", err)
	}
	for attempt := 1; ; attempt++ {
		answer, err := c.send(ctx, ready)
		if err != nil && (attempt == attempts || ctx.Err() != nil || !passing(err)) {
			return Credentials{}, fmt.Errorf("creating the session: %w", err)
		}
		if answer.status == http.StatusCreated || answer.status == http.StatusOK {
			credentials, err := decodeCredentials(answer.body)
			if err != nil {
				return Credentials{}, fmt.Errorf("creating the session: %w", err)
			}
			return credentials, nil
		}
		if err == nil && (attempt == attempts || !busy(answer.status)) {
			return Credentials{}, refusal(answer, ready, c.Clock.Now())
		}
		if err := c.Clock.Wait(ctx, backoff(attempt, answer.header)); err != nil {
			return Credentials{}, fmt.Errorf("waiting to try the session again: %w", err)
		}
	}
}

// busy reports whether an answer says nothing of the request.
func busy(status int) bool {
	return status == http.StatusTooManyRequests || status >= http.StatusInternalServerError
}

// passing reports whether a request that got no answer may get one when it is
// sent again. One that ran into its time is not sent again: SDKs give a
// credential_process one minute.
func passing(err error) bool {
	var slow net.Error
	var name *net.DNSError
	var untrusted *tls.CertificateVerificationError
	switch {
	case errors.As(err, &untrusted), errors.As(err, &name) && name.IsNotFound, errors.As(err, &slow) && slow.Timeout():
		return false
	}
	var cut *networkError
	return errors.As(err, &cut)
}

// networkError is what became of a request on its way, or of its answer.
type networkError struct{ err error }

func (e *networkError) Error() string { return e.err.Error() }
func (e *networkError) Unwrap() error { return e.err }

// answer is a response, read.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// send signs and sends the request once.
func (c Client) send(ctx context.Context, ready call) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, ready.url, bytes.NewReader(ready.body))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "anchorctl")
	if err := ready.signer.Sign(req, ready.body, ready.region, c.Clock.Now()); err != nil {
		return answer{}, err
	}
	resp, err := c.client().Do(req)
	if err != nil {
		return answer{}, &networkError{err}
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxResponse+1))
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return answer{}, &networkError{fmt.Errorf("reading the answer: %w", err)}
	}
	if len(body) > maxResponse {
		return answer{}, fmt.Errorf("reading the answer: it has more than %d bytes", maxResponse)
	}
	return answer{status: resp.StatusCode, header: resp.Header, body: body}, nil
}

// client is HTTP made to follow no redirect: the signature is for one host,
// and the answer to it is a secret.
func (c Client) client() *http.Client {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	if c.HTTP != nil {
		client = *c.HTTP
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &client
}

// backoff is how long to wait after an attempt: what the service asks for,
// else one second, then two.
func backoff(attempt int, header http.Header) time.Duration {
	wait := time.Duration(attempt) * time.Second
	if asked, err := strconv.Atoi(header.Get("Retry-After")); err == nil && asked >= 0 {
		wait = min(time.Duration(min(asked, 3600))*time.Second, maxWait)
	}
	return wait
}

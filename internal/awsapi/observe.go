package awsapi

import (
	"context"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// headerSandbox is what a sandbox calls itself in each of its answers.
const headerSandbox = "Anchorctl-Sandbox-Id"

// What a target is bound to, besides "sandbox:ID".
const boundAWS = "aws"

// observed is what was seen of one request on the wire.
type observed struct {
	sent       bool // it went, or may have gone, to the network
	status     int  // 0 when no answer came
	bound      string
	requestID  string
	retryAfter time.Duration
}

type observedKey struct{}

// observe writes what it sees into the request's context. It sits innermost:
// when it runs, the request is signed and about to be sent.
func observe(stack *middleware.Stack) error {
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("anchorctlObserve",
		func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
			middleware.DeserializeOutput, middleware.Metadata, error,
		) {
			seen, ok := ctx.Value(observedKey{}).(*observed)
			if !ok {
				return next.HandleDeserialize(ctx, in)
			}
			seen.sent = true
			out, metadata, err := next.HandleDeserialize(ctx, in)
			if resp, ok := out.RawResponse.(*smithyhttp.Response); ok && resp != nil && resp.Response != nil {
				seen.read(resp.Response)
			}
			return out, metadata, err
		}), middleware.After)
}

func (o *observed) read(resp *http.Response) {
	o.status = resp.StatusCode
	if o.status == 0 {
		return
	}
	o.bound = boundAWS
	if id := resp.Header.Get(headerSandbox); id != "" {
		o.bound = "sandbox:" + id
		if !regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`).MatchString(id) {
			o.bound = "sandbox:unnamed"
		}
	}
	o.requestID = resp.Header.Get("X-Amzn-Requestid")
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && seconds > 0 {
		o.retryAfter = time.Duration(min(seconds, 3600)) * time.Second
	}
}

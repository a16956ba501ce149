package awsapi

import (
	"errors"
	"net"
	"net/http"
	"testing"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"anchorctl/internal/engine"
)

// Whether an account is gone is told by an answer alone, and not by a bad minute.
func TestWhatNobodyAnsweredSaysNothing(t *testing.T) {
	answered := func(status int, code string) error {
		return &smithyhttp.ResponseError{
			Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}}, Err: &smithy.GenericAPIError{Code: code, Message: "no"},
		}
	}
	for _, test := range []struct {
		name   string
		status int // of the request itself; 0 when it never left
		err    error
		want   bool
	}{
		{"no route", 0, &smithyhttp.RequestSendError{Err: &net.OpError{Op: "dial", Err: errors.New("no route to host")}}, true},
		{"a name that is not found", 0, &net.DNSError{Err: "no such host"}, true},
		{"the service fails", http.StatusServiceUnavailable, answered(http.StatusServiceUnavailable, "ServiceUnavailable"), true},
		{"the service wants to be asked later", http.StatusTooManyRequests, answered(http.StatusTooManyRequests, "TooManyRequestsException"), true},
		{"and says so with another number", http.StatusBadRequest, answered(http.StatusBadRequest, "ThrottlingException"), true},
		{"credentials could not be fetched, since theirs fails", 0, answered(http.StatusInternalServerError, "InternalFailure"), true},
		{"the credentials have ended", http.StatusForbidden, answered(http.StatusForbidden, "ExpiredToken"), true},
		{"this machine's clock is wrong, or the secret", http.StatusForbidden, answered(http.StatusForbidden, "SignatureDoesNotMatch"), true},
		{"and said by another service", http.StatusForbidden, answered(http.StatusForbidden, "InvalidSignatureException"), true},
		{"or by a third", http.StatusForbidden, answered(http.StatusForbidden, "RequestTimeTooSkewed"), true},
		{"the credentials are of nobody", http.StatusForbidden, answered(http.StatusForbidden, "InvalidClientTokenId"), false},
		{"their role may not be taken", 0, answered(http.StatusForbidden, "AccessDenied"), false},
		{"there is no such profile", 0, errors.New("failed to get shared config profile"), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := error(newError(request{operation: "GetCallerIdentity"}, observed{status: test.status}, test.err))
			if got := errors.Is(err, engine.ErrUnanswered); got != test.want {
				t.Errorf("%v: unanswered is %v, want %v", err, got, test.want)
			}
		})
	}
}

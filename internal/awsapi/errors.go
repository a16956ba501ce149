package awsapi

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"anchorctl/internal/engine"
	"anchorctl/internal/hint"
	"anchorctl/internal/printable"
)

// Error is a request that AWS did not carry out, or not certainly.
type Error struct {
	Operation string
	Code      string // empty when no service answered
	Message   string
	RequestID string
	Status    int
	cause     error
}

func (e *Error) Error() string {
	var details []string
	if e.Code != "" {
		details = append(details, e.Code)
	}
	if e.Status != 0 {
		details = append(details, fmt.Sprintf("HTTP %d", e.Status))
	}
	if e.RequestID != "" {
		details = append(details, "request "+e.RequestID)
	}
	text := e.Operation + ": " + strings.TrimRight(e.Message, ". ")
	if len(details) == 0 {
		return text
	}
	return strings.TrimRight(text, ": ") + " (" + strings.Join(details, ", ") + ")"
}

func (e *Error) Unwrap() error { return e.cause }

// Is tells what may be otherwise in a minute from an answer: engine.ErrUnanswered.
func (e *Error) Is(target error) bool { return target == engine.ErrUnanswered && e.unanswered() }

// unanswered looks behind the request, too: to credentials that another service gives.
// A signature that is not accepted says that the key is known, and that the secret or
// this machine's clock is wrong.
func (e *Error) unanswered() bool {
	var lost net.Error
	var answer *smithyhttp.ResponseError
	status := e.Status
	if status == 0 && errors.As(e.cause, &answer) {
		status = answer.HTTPStatusCode()
	}
	stale := []string{
		"ExpiredToken", "ExpiredTokenException", "RequestExpired", "RequestTimeTooSkewed", "SignatureDoesNotMatch", "InvalidSignatureException",
	}
	return errors.As(e.cause, &lost) || slices.Contains(stale, e.Code) || status >= http.StatusInternalServerError || status == http.StatusTooManyRequests || slices.Contains(throttleCodes(), e.Code)
}

// newError takes the words of the service out of the SDK's wrappings.
func newError(r request, seen observed, err error) *Error {
	e := &Error{Operation: r.operation, RequestID: printable.Line(seen.requestID), Status: seen.status, cause: err}
	var api smithy.APIError
	var operation *smithy.OperationError
	var send *smithyhttp.RequestSendError
	switch {
	case errors.As(err, &api):
		e.Code, e.Message = printable.Line(api.ErrorCode()), api.ErrorMessage()
	case errors.As(err, &send):
		e.Message = send.Err.Error()
	case errors.As(err, &operation):
		e.Message = operation.Err.Error()
	default:
		e.Message = err.Error()
	}
	if len(e.Message) > 2000 {
		e.Message = strings.ToValidUTF8(e.Message[:2000], "") + "…"
	}
	e.Message = printable.Line(e.Message)
	return e
}

// code is the service's code of an error, or "".
func code(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

func gone(err error) bool { return code(err) == "ResourceNotFoundException" }

func denied(err error) bool {
	return slices.Contains([]string{"AccessDeniedException", "AccessDenied", "UnauthorizedOperation"}, code(err))
}

// hinted adds what to do about an error.
func (t *Target) hinted(r request, e *Error, end ending) error {
	switch {
	case mixed(e.cause):
		return hint.With(e, "set AWS_ENDPOINT_URL for all services, or for none")
	case denied(e):
		return hint.With(e, t.deniedHints(r, e)...)
	case slices.Contains([]string{"ExpiredToken", "ExpiredTokenException", "RequestExpired"}, e.Code):
		return hint.With(e, fmt.Sprintf("the credentials have expired: run %q", "aws sso login"+t.profileFlag()))
	case slices.Contains([]string{"InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch", "InvalidSignatureException", "IncompleteSignature", "MissingAuthenticationToken"}, e.Code):
		return hint.With(e, fmt.Sprintf("AWS does not accept these credentials in %s: run %q", t.region, "aws sts get-caller-identity"+t.profileFlag()),
			"check that the region is enabled for the account and that this machine's clock is right")
	case end == refused && r.family != iamFamily && regexp.MustCompile(`(?i)\b(quota|limit|maximum number)\b`).MatchString(e.Message):
		return hint.With(e, fmt.Sprintf("run %q to see the quotas", "aws service-quotas list-service-quotas --service-code rolesanywhere --region "+t.region))
	case end == unsent && e.Code == "":
		return hint.With(e, t.unsentHints()...)
	default:
		return e
	}
}

// deniedHints name the missing action: what the message says, else that of the
// operation.
func (t *Target) deniedHints(r request, e *Error) []string {
	action := r.action
	if action == "" {
		action = "rolesanywhere:" + r.operation
	}
	if m := regexp.MustCompile(`perform: ([a-z0-9-]+:[A-Za-z]+)`).FindStringSubmatch(e.Message); m != nil {
		action = m[1]
	}
	hints := []string{fmt.Sprintf("the credentials lack %s in account %s", action, t.account)}
	switch {
	case action == "rolesanywhere:CreateTrustAnchor":
		hints = append(hints, "the first anchor of an account needs iam:CreateServiceLinkedRole as well")
	case action == "rolesanywhere:CreateProfile" || action == "rolesanywhere:UpdateProfile":
		hints = append(hints, "a profile needs iam:PassRole on each of its roles as well")
	}
	return append(hints, `run "anchorctl policy operator" to print the policy that an operator needs`)
}

func (t *Target) unsentHints() []string {
	if t.endpoint != "" {
		return []string{"requests go to the custom endpoint " + t.endpoint + ": check that it is up, or unset it"}
	}
	return []string{fmt.Sprintf("check the network and the credentials: run %q", "aws sts get-caller-identity"+t.profileFlag())}
}

func (t *Target) profileFlag() string {
	if t.profile == "" {
		return ""
	}
	return " --profile " + t.profile
}

package sandbox

import (
	"encoding/xml"
	"errors"
	"net/http"
	"strings"

	"anchorctl/internal/sandbox/wire"
)

// Codes of errors that every service has under a name of its own.
const (
	codeMissing    = "sandbox.missing"
	codeUnknownKey = "sandbox.unknown-key"
	codeMismatch   = "sandbox.mismatch"
	codeIncomplete = "sandbox.incomplete"
	codeExpired    = "sandbox.expired"
	codeThrottled  = "sandbox.throttled"
	codeInternal   = "sandbox.internal"
	codeDenied     = "sandbox.denied"
)

// A dialect is how a service words errors.
type dialect struct {
	xml       bool
	namespace string
	codes     map[string]string
	throttled int // the status of a throttled request
}

// jsonDialect is that of Roles Anywhere; the tagging API differs in one code.
// https://docs.aws.amazon.com/rolesanywhere/latest/APIReference/CommonErrors.html
func jsonDialect(throttling string, status int) dialect {
	return dialect{throttled: status, codes: map[string]string{
		codeMissing:    "MissingAuthenticationTokenException",
		codeUnknownKey: "UnrecognizedClientException",
		codeMismatch:   "InvalidSignatureException",
		codeIncomplete: "IncompleteSignatureException",
		codeExpired:    "ExpiredTokenException",
		codeThrottled:  throttling,
		codeInternal:   "InternalServerException",
		codeDenied:     "AccessDeniedException",
	}}
}

// queryDialect is that of IAM and STS.
// https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
func queryDialect(namespace string) dialect {
	return dialect{xml: true, namespace: namespace, throttled: http.StatusBadRequest, codes: map[string]string{
		codeMissing:    "MissingAuthenticationToken",
		codeUnknownKey: "InvalidClientTokenId",
		codeMismatch:   "SignatureDoesNotMatch",
		codeIncomplete: "IncompleteSignature",
		codeExpired:    "ExpiredToken",
		codeThrottled:  "Throttling",
		codeInternal:   "ServiceFailure",
		codeDenied:     "AccessDenied",
	}}
}

// guess is the dialect of a request whose service is not known.
func guess(r *http.Request) dialect {
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return queryDialect("https://iam.amazonaws.com/doc/2010-05-08/")
	}
	return jsonDialect("ThrottlingException", http.StatusTooManyRequests)
}

// refusal is an error as an answer.
func (d dialect) refusal(err error) wire.Answer {
	var e *wire.Error
	if !errors.As(err, &e) {
		e = wire.Errorf(http.StatusInternalServerError, codeInternal, "%s", err)
	}
	code, status := e.Code, e.Status
	if own, ok := d.codes[code]; ok {
		if code == codeThrottled {
			status = d.throttled
		}
		code = own
	}
	var a wire.Answer
	if d.xml {
		a, err = wire.XML(status, errorXML(d.namespace, code, e.Message, status))
	} else {
		a, err = wire.JSON(status, "application/json", map[string]string{"__type": code, "message": e.Message})
	}
	if err != nil { // strings always encode; the status still tells
		a = wire.Answer{Status: status, Header: http.Header{}}
	}
	a.Header.Set("X-Amzn-Errortype", code)
	return a
}

type errorAnswer struct {
	XMLName xml.Name
	Error   struct {
		Type    string
		Code    string
		Message string
	}
	RequestID string `xml:"RequestId"`
}

func errorXML(namespace, code, message string, status int) errorAnswer {
	a := errorAnswer{XMLName: xml.Name{Space: namespace, Local: "ErrorResponse"}, RequestID: wire.RequestID()}
	a.Error.Type, a.Error.Code, a.Error.Message = "Sender", code, message
	if status >= http.StatusInternalServerError {
		a.Error.Type = "Receiver"
	}
	return a
}

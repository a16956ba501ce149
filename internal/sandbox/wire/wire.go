package wire

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"

	"github.com/google/uuid"
)

// Request is a request that was read whole.
type Request struct {
	Method string
	Path   string // as sent, still escaped
	Query  url.Values
	Header http.Header
	Body   []byte
}

// Answer is an answer that was not sent yet.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Error is an error as a service shows it. Status, code and text are AWS's.
type Error struct {
	Status  int
	Code    string
	Message string
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Errorf makes an Error.
func Errorf(status int, code, format string, args ...any) *Error {
	return &Error{Status: status, Code: code, Message: fmt.Sprintf(format, args...)}
}

// NotImplemented says that the sandbox, unlike AWS, does not know something.
func NotImplemented(format string, args ...any) *Error {
	return Errorf(http.StatusNotImplemented, "NotImplementedInSandbox", "the sandbox does not emulate "+format, args...)
}

// JSON is an answer with v as its body. A nil v is an empty body.
func JSON(status int, contentType string, v any) (Answer, error) {
	a := Answer{Status: status, Header: http.Header{"Content-Type": {contentType}}}
	if v == nil {
		return a, nil
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return Answer{}, fmt.Errorf("encoding the answer: %w", err)
	}
	a.Body = bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	return a, nil
}

// XML is an answer with v as its body.
func XML(status int, v any) (Answer, error) {
	body, err := xml.Marshal(v)
	if err != nil {
		return Answer{}, fmt.Errorf("encoding the answer: %w", err)
	}
	return Answer{Status: status, Header: http.Header{"Content-Type": {"text/xml"}}, Body: body}, nil
}

// RequestID is a new id for an answer.
func RequestID() string { return uuid.NewString() }

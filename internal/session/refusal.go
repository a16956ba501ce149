package session

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"anchorctl/internal/hint"
	"anchorctl/internal/printable"
)

// Error is a refusal of the service.
type Error struct {
	Code      string // AccessDeniedException and its like; empty when the answer names none
	Message   string
	RequestID string
	Status    int
	Date      time.Time // the service's; zero when the answer has none
	Hints     []string
}

func (e *Error) Error() string {
	text := "creating the session: "
	switch {
	case e.Message != "":
		text += strings.TrimRight(e.Message, ". ")
	default:
		text += "the service refused it without a reason"
	}
	details := fmt.Sprintf("HTTP %d", e.Status)
	if e.Code != "" {
		details = e.Code + ", " + details
	}
	if e.RequestID != "" {
		details += ", request " + e.RequestID
	}
	return text + " (" + details + ")"
}

// refusal makes an error of an answer that grants nothing.
func refusal(a answer, ready call, now time.Time) error {
	// Whoever listens at a wrong address may send anything: what is not the
	// JSON of an error leaves code and message empty.
	var payload struct {
		Type         string `json:"__type"`
		Code         string `json:"code"`
		Message      string `json:"message"`
		MessageUpper string `json:"Message"`
	}
	if err := json.Unmarshal(a.body, &payload); err != nil {
		payload.Message = ""
	}
	e := &Error{
		Code:      short(errorCode(first(a.header.Get("X-Amzn-Errortype"), payload.Type, payload.Code)), 100),
		Message:   short(first(payload.Message, payload.MessageUpper), 2000),
		RequestID: short(first(a.header.Get("X-Amzn-Requestid"), a.header.Get("X-Amz-Request-Id")), 100),
		Status:    a.status,
	}
	if date, err := http.ParseTime(a.header.Get("Date")); err == nil {
		e.Date = date
	}
	e.Hints = hintsFor(e, ready, now, a.header)
	return hint.With(e, e.Hints...)
}

// errorCode is the name of an error without its namespace and documentation
// (https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#operation-error-serialization).
func errorCode(text string) string {
	text, _, _ = strings.Cut(text, ":")
	return text[strings.LastIndexByte(text, '#')+1:]
}

func first(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

// short bounds a foreign text and makes it fit for a terminal.
func short(text string, limit int) string {
	if len(text) > limit {
		text = strings.ToValidUTF8(text[:limit], "") + "…"
	}
	return printable.Line(text)
}

// cause is a refusal whose reason can be told from the message.
type cause struct {
	contains string
	hints    func(call) []string
}

// lines are hints that depend on nothing.
func lines(hints ...string) func(call) []string { return func(call) []string { return hints } }

// causes are the messages of CreateSession; the first that fits counts.
func causes() []cause {
	return []cause{
		{"Insufficient certificate", lines(
			"the certificate needs key usage digitalSignature, must not be a CA, and must be signed with SHA-256 or better",
			`run "anchorctl issue ENV/WORKLOAD" to issue one of the right shape`)},
		{"Untrusted signing certificate", lines(
			"the certificate does not lead to this trust anchor: it may be another environment's, or of an issuer the anchor does not hold",
			`run "anchorctl status" where the estate is to see which anchor is whose`,
			"when the anchor holds a CA further up, give the certificates between with --intermediates")},
		{"Certificate revoked", lines(
			"the certificate is on a revocation list of the trust anchor",
			`run "anchorctl issue ENV/WORKLOAD" to issue a new one`)},
		{"Trust Anchor wasn't found", lines(
			`run "anchorctl status" where the estate is to see the trust anchor's ARN`)},
		{"is disabled", lines(
			`run "anchorctl plan" where the estate is to see why it is disabled, then "anchorctl apply" to enable it`)},
		{"Invalid or empty profile", lines(
			"the profile is unknown in this account and region, or disabled",
			`run "anchorctl status" where the estate is to see the profile's ARN and whether it is enabled`)},
		{"isn't one of those listed in the Profile", lines(
			"add the role to the profile in anchorctl.yaml, if this workload may have it",
			`run "anchorctl plan" to see the change, then "anchorctl apply"`)},
		{"exceeds the MaxSessionDuration", func(c call) []string {
			return []string{
				"ask for a shorter session with --session-duration",
				`run "aws iam get-role --role-name ` + c.role.name() + `" to see the role's MaxSessionDuration`,
			}
		}},
		{"attributes failed to be mapped", lines(
			"a name in the certificate has characters that no session tag can carry: letters, digits, spaces and _.:/=+-@ can",
			`run "anchorctl issue ENV/WORKLOAD" to issue one whose names all fit`)},
		{"Unable to assume role", func(c call) []string {
			return []string{
				"the role is not there, or its trust policy refuses this certificate at this anchor, or lacks sts:TagSession or sts:SetSourceIdentity",
				`run "aws iam get-role --role-name ` + c.role.name() + `" to read the trust policy`,
			}
		}},
		{"session name", lines(
			"the profile takes no session name of the caller: leave --role-session-name away")},
	}
}

// hintsFor says what to do about a refusal.
func hintsFor(e *Error, ready call, now time.Time, header http.Header) []string {
	if strings.Contains(e.Message, "Invalid signature") {
		return signatureHints(now, header)
	}
	for _, c := range causes() {
		if strings.Contains(e.Message, c.contains) {
			return c.hints(ready)
		}
	}
	switch {
	case busy(e.Status) || strings.Contains(e.Code, "Throttl"):
		return []string{"the service is busy or has a fault of its own; try again in a minute, and keep sessions until shortly before they expire"}
	case e.Status >= 300 && e.Status < 400:
		return []string{"the endpoint answers with a redirect, which Roles Anywhere never does: check --endpoint and proxies"}
	case e.Code == "" && e.Message == "":
		return []string{"this may not be Roles Anywhere answering: check --endpoint and proxies"}
	default:
		return nil
	}
}

// signatureHints compares the clocks: the keys were found to match before
// anything was sent, so time is what is left.
func signatureHints(now time.Time, header http.Header) []string {
	there, err := http.ParseTime(header.Get("Date"))
	if off := now.Sub(there).Abs(); err == nil && off > 5*time.Minute {
		return []string{fmt.Sprintf("this machine's clock is %s off the service's: run \"timedatectl status\" and set it right", off.Round(time.Second))}
	}
	return []string{
		`check this machine's clock: run "timedatectl status"; the service tolerates about 10 minutes`,
		"a proxy that changes headers or the host breaks the signature too",
	}
}

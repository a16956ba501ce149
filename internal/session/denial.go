package session

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"anchorctl/internal/pki"
)

// DenialSchema is the format of a Denial.
const DenialSchema = "anchorctl.session.denial/v1"

// DenialBegins is what the file of a Denial of any version begins with.
const DenialBegins = "{\n  \"schema\": \"anchorctl.session.denial/"

// Denial is a session that was asked for and not given: what a colleague needs
// to find out why. Nothing in it is secret: a certificate is public, and the
// private key never comes near it.
type Denial struct {
	Schema          string    `json:"schema"`
	Time            time.Time `json:"time"` // by the clock of the machine that asked
	Certificate     string    `json:"certificate"`
	Chain           string    `json:"chain,omitempty"` // of the X-Amz-X509-Chain header
	TrustAnchorARN  string    `json:"trustAnchorArn"`
	ProfileARN      string    `json:"profileArn"`
	RoleARN         string    `json:"roleArn"`
	DurationSeconds int       `json:"durationSeconds,omitempty"`
	RoleSessionName string    `json:"roleSessionName,omitempty"`
	Service         Answer    `json:"service"`
}

// Answer is what the service said.
type Answer struct {
	Status    int        `json:"status,omitempty"`
	Code      string     `json:"code,omitempty"`
	Message   string     `json:"message,omitempty"`
	RequestID string     `json:"requestId,omitempty"`
	Date      *time.Time `json:"date,omitempty"` // by the service's clock
}

// Denied says that the service refused the session for what was asked, and not
// because it is busy or is not the service at all.
func (e *Error) Denied() bool {
	return e.Message != "" && e.Status >= http.StatusBadRequest && e.Status < http.StatusInternalServerError &&
		e.Status != http.StatusTooManyRequests
}

// Denial is the record of a refusal of the request.
func (r Request) Denial(e *Error, at time.Time) Denial {
	d := Denial{
		Schema: DenialSchema, Time: at.UTC(), Certificate: string(pki.EncodePEM(r.Signer.Certificate)),
		TrustAnchorARN: r.AnchorARN, ProfileARN: r.ProfileARN, RoleARN: r.RoleARN,
		DurationSeconds: int(r.Duration / time.Second), RoleSessionName: r.SessionName,
		Service: Answer{Status: e.Status, Code: e.Code, Message: e.Message, RequestID: e.RequestID},
	}
	if len(r.Signer.Chain) > 0 {
		d.Chain = string(pki.EncodePEM(r.Signer.Chain...))
	}
	if !e.Date.IsZero() {
		date := e.Date.UTC()
		d.Service.Date = &date
	}
	return d
}

// Encode writes the record as a file.
func (d Denial) Encode() ([]byte, error) {
	out, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encoding the denial: %w", err)
	}
	return append(out, '\n'), nil
}

package denial

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"anchorctl/internal/hint"
	"anchorctl/internal/pki"
	"anchorctl/internal/session"
)

// MaxSession is the most that a failed session's JSON may hold, in bytes: a page
// of "aws cloudtrail lookup-events" has 50 events of some 8 KiB.
const MaxSession = 2 << 20

// mostCases is how many denied sessions of one input are explained.
const mostCases = 20

// Read reads the JSON of failed sessions: what "anchorctl session --report"
// wrote (or the same written by hand, where schema, time and the service's answer
// may be missing), a CloudTrail record of CreateSession, a file of records, or what
// "aws cloudtrail lookup-events" prints. notes tell what was passed over.
func Read(data []byte) (cases []Case, notes []string, err error) {
	if len(data) > MaxSession {
		return nil, nil, fmt.Errorf("reading the session: more than %d bytes", MaxSession)
	}
	var head struct {
		Schema    string            `json:"schema"`
		Leaf      string            `json:"certificate"`
		EventName string            `json:"eventName"`
		Records   []json.RawMessage `json:"Records"`
		Events    []json.RawMessage `json:"Events"`
	}
	if err := decode(data, &head); err != nil {
		return nil, nil, fmt.Errorf("reading the session: %w", err)
	}
	switch {
	case head.Schema == session.DenialSchema, head.Schema == "" && head.Leaf != "":
		c, err := readReport(data)
		if err != nil {
			return nil, nil, fmt.Errorf("reading the session: %w", err)
		}
		return []Case{c}, nil, nil
	case head.Schema != "":
		return nil, nil, fmt.Errorf("reading the session: its schema is %q, not %q", short(head.Schema), session.DenialSchema)
	case head.EventName != "":
		return readRecords([]json.RawMessage{data})
	case head.Records != nil:
		return readRecords(head.Records)
	case head.Events != nil:
		return readRecords(head.Events)
	}
	return nil, nil, errors.New(`reading the session: it is neither a report of "anchorctl session --report" nor a CloudTrail record`)
}

// decode reads one JSON value and nothing after it.
func decode(data []byte, to any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	if err := d.Decode(to); err != nil {
		var kind *json.UnmarshalTypeError
		if errors.As(err, &kind) {
			return fmt.Errorf("field %q is a JSON %s", kind.Field, kind.Value)
		}
		return fmt.Errorf("it is not JSON: %w", err)
	}
	if len(bytes.TrimSpace(data[d.InputOffset():])) > 0 {
		return errors.New("something comes after the JSON")
	}
	return nil
}

func readReport(data []byte) (Case, error) {
	var d session.Denial
	if err := decode(data, &d); err != nil {
		return Case{}, err
	}
	c := Case{Source: FromReport, Time: d.Time, asked: d.Time, SessionName: d.RoleSessionName, KeyNote: "there is no key in the input"}
	if d.Schema != "" {
		c.KeyNote = `the report holds no key; "anchorctl session" had found that key and certificate match before it asked`
		if d.Time.IsZero() {
			return Case{}, errors.New(`the field "time" is missing`)
		}
	}
	if d.Service != (session.Answer{}) {
		c.Service = &d.Service
	}
	if d.DurationSeconds != 0 {
		c.Seconds = &d.DurationSeconds
	}
	var err error
	if c.Leaf, err = certificate(d.Certificate); err != nil {
		return Case{}, fmt.Errorf(`field "certificate": %w`, err)
	}
	if d.Chain != "" {
		if c.Chain, err = pki.ParseBundle(d.Chain); err != nil {
			return Case{}, fmt.Errorf(`field "chain": %w`, err)
		}
	}
	return c.ARNs(d.TrustAnchorARN, d.ProfileARN, d.RoleARN)
}

// certificate reads a certificate in PEM or as DER in base64.
func certificate(text string) (*x509.Certificate, error) {
	if text == "" {
		return nil, errors.New("it is missing")
	}
	if strings.Contains(text, "-----BEGIN") {
		return pki.ParseOne([]byte(text))
	}
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		return nil, errors.New("it is neither PEM nor base64")
	}
	return pki.ParseOne(der)
}

// record is a CloudTrail record, as far as a session needs it.
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
type record struct {
	EventSource  string    `json:"eventSource"`
	EventName    string    `json:"eventName"`
	EventTime    time.Time `json:"eventTime"`
	EventID      string    `json:"eventID"`
	RequestID    string    `json:"requestID"`
	ErrorCode    string    `json:"errorCode"`
	ErrorMessage string    `json:"errorMessage"`
	Parameters   struct {
		AnchorARN       string `json:"trustAnchorArn"`
		ProfileARN      string `json:"profileArn"`
		RoleARN         string `json:"roleArn"`
		Certificate     string `json:"cert"`
		DurationSeconds *int   `json:"durationSeconds"`
		SessionName     string `json:"roleSessionName"`
	} `json:"requestParameters"`
}

// readRecords picks the denied sessions among records.
func readRecords(all []json.RawMessage) (cases []Case, notes []string, err error) {
	others, granted := 0, 0
	for i, raw := range all {
		r, err := readRecord(raw)
		switch {
		case err != nil:
			return nil, nil, fmt.Errorf("reading the session: record %d: %w", i+1, err)
		case r.EventSource != "rolesanywhere.amazonaws.com" || r.EventName != "CreateSession":
			others++
			continue
		case r.ErrorCode == "" && r.ErrorMessage == "":
			granted++
			continue
		}
		c, err := r.asked()
		if err != nil {
			return nil, nil, fmt.Errorf("reading the session: record %d: %w", i+1, err)
		}
		cases = append(cases, c)
	}
	if len(all) == 0 {
		return nil, nil, hint.With(errors.New("reading the session: there is no record in it"),
			"CloudTrail shows a request some minutes later, in the region where it was asked for: give --region and --start-time to \"aws cloudtrail lookup-events\"")
	}
	if len(cases) == 0 {
		return nil, nil, fmt.Errorf("reading the session: of %d records, %d are granted sessions and %d something else: none is a denied one",
			len(all), granted, others)
	}
	if len(cases) > mostCases {
		notes = append(notes, fmt.Sprintf("%d denied sessions, of which the first %d are explained", len(cases), mostCases))
		cases = cases[:mostCases]
	}
	if granted+others > 0 {
		notes = append(notes, fmt.Sprintf("passed over %d records that are no denied session", granted+others))
	}
	return cases, notes, nil
}

// readRecord reads a record, or an event of LookupEvents, which holds the record
// as a string.
// https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_Event.html
func readRecord(raw json.RawMessage) (record, error) {
	var wrapped struct {
		Text *string `json:"CloudTrailEvent"`
	}
	if err := decode(raw, &wrapped); err != nil {
		return record{}, err
	}
	if wrapped.Text != nil {
		raw = json.RawMessage(*wrapped.Text)
	}
	var named struct {
		EventName string `json:"eventName"`
	}
	if err := decode(raw, &named); err != nil {
		return record{}, err
	}
	if named.EventName != "CreateSession" {
		return record{}, nil
	}
	var r record
	err := decode(raw, &r)
	return r, err
}

// asked is what a record says was asked. The chain's header is not in it.
func (r record) asked() (Case, error) {
	c := Case{
		Source: FromTrail, Time: r.EventTime, Seconds: r.Parameters.DurationSeconds, SessionName: r.Parameters.SessionName,
		KeyNote: "a CloudTrail record does not hold the key",
		Service: &session.Answer{Code: r.ErrorCode, Message: r.ErrorMessage, RequestID: r.RequestID},
	}
	if r.EventTime.IsZero() {
		return Case{}, errors.New(`the field "eventTime" is missing`)
	}
	var err error
	if c.Leaf, err = certificate(r.Parameters.Certificate); err != nil {
		return Case{}, fmt.Errorf(`field "requestParameters.cert": %w`, err)
	}
	return c.ARNs(r.Parameters.AnchorARN, r.Parameters.ProfileARN, r.Parameters.RoleARN)
}

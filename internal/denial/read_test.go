package denial

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/pki"
	"anchorctl/internal/pki/pkitest"
	"anchorctl/internal/printable"
)

// object is JSON made by hand.
type object map[string]any

func encoded(t testing.TB, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func reportOf(leaf pkitest.Cert) object {
	return object{
		"schema": "anchorctl.session.denial/v1", "time": "2026-11-02T12:00:00Z", "certificate": string(leaf.PEM()),
		"trustAnchorArn": prodAnchor, "profileArn": prodARN, "roleArn": backupRole, "durationSeconds": 1800, "roleSessionName": "nightly",
		"service": object{"status": 403, "code": "AccessDeniedException", "message": "Unable to assume role for " + backupRole, "requestId": "r-1"},
	}
}

// recordOf is a record as the user guide's page on CloudTrail describes it: the
// request with its ARNs and the certificate.
// https://docs.aws.amazon.com/rolesanywhere/latest/userguide/logging-using-cloudtrail.html
func recordOf(leaf pkitest.Cert) object {
	return object{
		"eventVersion": "1.08", "userIdentity": object{"type": "Unknown"}, "eventTime": "2026-11-02T12:00:00Z",
		"eventSource": "rolesanywhere.amazonaws.com", "eventName": "CreateSession", "awsRegion": "eu-central-1",
		"errorCode": "AccessDenied", "errorMessage": "Certificate revoked", "requestID": "r-2", "responseElements": nil,
		"requestParameters": object{
			"cert": base64.StdEncoding.EncodeToString(leaf.Certificate.Raw), "durationSeconds": 3600,
			"profileArn": prodARN, "roleArn": backupRole, "trustAnchorArn": prodAnchor,
		},
	}
}

func TestEveryFormOfAFailedSessionIsRead(t *testing.T) {
	leaf := pkitest.NewEstate(t, "prod").Leaf(t, "prod", "backup")
	granted := recordOf(leaf)
	delete(granted, "errorCode")
	delete(granted, "errorMessage")
	other := object{"eventName": "AssumeRole", "eventSource": "sts.amazonaws.com", "requestParameters": "HIDDEN_DUE_TO_SECURITY_REASONS"}
	byHand := reportOf(leaf)
	delete(byHand, "schema")
	delete(byHand, "service")
	inPEM := recordOf(leaf)
	inPEM["requestParameters"].(object)["cert"] = string(leaf.PEM())
	for _, c := range []struct {
		name    string
		text    []byte
		message string
		notes   int
	}{
		{"our own report", encoded(t, reportOf(leaf)), "Unable to assume role for " + backupRole, 0},
		{"a record", encoded(t, recordOf(leaf)), "Certificate revoked", 0},
		{"a record with PEM", encoded(t, inPEM), "Certificate revoked", 0},
		{"a file of records", encoded(t, object{"Records": []any{other, granted, recordOf(leaf)}}), "Certificate revoked", 1},
		{"what lookup-events prints", encoded(t, object{"Events": []any{
			object{"EventName": "CreateSession", "EventTime": 1793620800.0, "CloudTrailEvent": string(encoded(t, recordOf(leaf)))},
		}}), "Certificate revoked", 0},
		{"one of those events", encoded(t, object{"EventName": "CreateSession", "CloudTrailEvent": string(encoded(t, recordOf(leaf)))}), "Certificate revoked", 0},
		{"a report written by hand", encoded(t, byHand), "", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			cases, notes, err := Read(c.text)
			if err != nil || len(cases) != 1 || len(notes) != c.notes {
				t.Fatalf("%d cases, notes %q, %v", len(cases), notes, err)
			}
			got := cases[0]
			if !got.Leaf.Equal(leaf.Certificate) || got.AnchorARN != prodAnchor || got.ProfileARN != prodARN || got.RoleARN != backupRole ||
				got.Target.String() != "111122223333/eu-central-1" || !got.Time.Equal(pkitest.Now()) || got.Seconds == nil ||
				c.message != "" && got.Service.Message != c.message || c.message == "" && got.Service != nil {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestWhatIsNoFailedSessionIsRefusedByTheFieldThatIsWrong(t *testing.T) {
	leaf := pkitest.NewEstate(t, "prod").Leaf(t, "prod", "backup")
	report := func(field string, value any) []byte {
		o := reportOf(leaf)
		o[field] = value
		return encoded(t, o)
	}
	record := func(field string, value any) []byte {
		o := recordOf(leaf)
		o["requestParameters"].(object)[field] = value
		return encoded(t, o)
	}
	granted := recordOf(leaf)
	delete(granted, "errorCode")
	delete(granted, "errorMessage")
	for _, c := range []struct {
		name string
		text []byte
		want string
	}{
		{"nothing", nil, "it is not JSON"},
		{"no JSON", []byte("version: 1"), "it is not JSON"},
		{"two of them", append(encoded(t, reportOf(leaf)), encoded(t, reportOf(leaf))...), "something comes after the JSON"},
		{"a list", []byte(`[]`), "is a JSON array"},
		{"anything else", []byte(`{"a":1}`), "neither a report"},
		{"another schema", report("schema", "anchorctl.plan/v1"), `its schema is "anchorctl.plan/v1"`},
		{"no time", report("time", nil), `"time" is missing`},
		{"a time that is none", report("time", "yesterday"), "not JSON"},
		{"no certificate", report("certificate", ""), `field "certificate": it is missing`},
		{"a private key", report("certificate", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), `field "certificate"`},
		{"a damaged certificate", report("certificate", strings.Replace(string(leaf.PEM()), "M", "!", 3)), `field "certificate"`},
		{"a chain of something else", report("chain", "x"), `field "chain"`},
		{"another ARN", report("trustAnchorArn", prodARN), `reading trustAnchorArn: "` + prodARN + `" is no ARN of that kind`},
		{"an ARN with an escape", report("roleArn", "arn:aws:iam::111122223333:role/\x1b[2J"), "reading roleArn"},
		{"a length that is no number", report("durationSeconds", "1h"), `field "durationSeconds" is a JSON string`},
		{"a record without the certificate", record("cert", nil), `record 1: field "requestParameters.cert": it is missing`},
		{"a record whose certificate is neither", record("cert", "%%%"), "neither PEM nor base64"},
		{"a record without a role", record("roleArn", nil), "record 1: reading roleArn"},
		{"a session that was granted", encoded(t, granted), "1 are granted sessions"},
		{"records of other services", encoded(t, object{"Records": []any{object{"eventName": "AssumeRole", "eventSource": "sts.amazonaws.com"}}}), "and 1 something else"},
		{"no records", encoded(t, object{"Records": []any{}}), "there is no record in it"},
		{"an event that holds no record", encoded(t, object{"Events": []any{object{"CloudTrailEvent": "x"}}}), "record 1: it is not JSON"},
		{"too much", make([]byte, MaxSession+1), "more than 2097152 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, _, err := Read(c.text); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestOfManyDeniedSessionsTheFirstAreExplained(t *testing.T) {
	leaf := pkitest.NewEstate(t, "prod").Leaf(t, "prod", "backup")
	var all []any
	for range 30 {
		all = append(all, recordOf(leaf))
	}
	cases, notes, err := Read(encoded(t, object{"Records": all}))
	if err != nil || len(cases) != 20 || !strings.Contains(strings.Join(notes, " "), "30 denied sessions, of which the first 20 are explained") {
		t.Errorf("%d, %q, %v", len(cases), notes, err)
	}
}

// What the service said, what the gates say, and whether the two are one.
func TestWhatTheServiceSaidIsHeldAgainstTheGates(t *testing.T) {
	date := func(s string) *time.Time {
		at, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return &at
	}
	for _, c := range []struct {
		name   string
		says   string
		date   *time.Time
		change func(l *lab)
		agrees bool
		note   string
	}{
		{"the same gate", "Specified Trust Anchor is disabled.", nil, func(l *lab) { l.place.anchors[0].Enabled = false }, true, ""},
		{"one of the gates of the message", "Invalid or empty profile provided.", nil, func(l *lab) { l.place.profiles[0].Enabled = false }, true, ""},
		{"with words around it", "Unable to assume role; The requested DurationSeconds exceeds the MaxSessionDuration set for this role.", nil, func(l *lab) {
			live := l.place.roles["prod-backup"]
			live.MaxSessionSeconds = 900
			l.place.roles["prod-backup"] = live
		}, true, ""},
		{"another gate", "Certificate revoked", nil, func(l *lab) { l.place.profiles[0].Enabled = false }, false, `the service said "Certificate revoked" (revocation), and here profile enabled fails first`},
		{"it was put right since", "Certificate revoked", nil, func(*lab) {}, false, "and nothing fails there now: it was changed since"},
		{"it could not be looked up", "Certificate revoked", nil, func(l *lab) { l.place.fail["crls"] = fmt.Errorf("denied") }, false, "which was not checked here"},
		{"no message that is known", "Not today", nil, func(*lab) {}, false, "none of the messages that are known"},
		{"no message", "", nil, func(*lab) {}, false, "gave no reason"},
		{"a signature, and nothing to tell why", "Invalid signature", nil, func(*lab) {}, false, "another key, a clock that is more than 10 minutes off, or a proxy"},
		{"a signature, and clocks that agree", "Invalid signature", date("2026-11-02T12:00:03Z"), func(*lab) {}, false, "the clocks were 3s apart, which is not it"},
		{"a signature, and a clock that is off", "Invalid signature", date("2026-11-02T12:42:00Z"), func(*lab) {}, false, "the clock of the machine that asked was 42m0s off"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLab(t)
			c.change(l)
			report := reportOf(l.leaf)
			delete(report, "durationSeconds")
			delete(report, "roleSessionName")
			service := object{"status": 403, "message": c.says}
			if c.date != nil {
				service["date"] = c.date
			}
			report["service"] = service
			cases, _, err := Read(encoded(t, report))
			if err != nil {
				t.Fatal(err)
			}
			r, err := Explainer{Estate: l.k, Open: l.place.open, Now: pkitest.Now()}.Explain(t.Context(), cases)
			if err != nil {
				t.Fatal(err)
			}
			s := r.Sessions[0]
			if *s.Agrees != c.agrees || !strings.Contains(strings.Join(s.Notes, "\n"), c.note) || c.agrees && len(s.Notes) > 0 {
				t.Errorf("agrees %v, notes %q", *s.Agrees, s.Notes)
			}
		})
	}
}

func TestAnEndedCertificateOfAnOldReportIsSaid(t *testing.T) {
	l := newLab(t)
	cases, _, err := Read(encoded(t, reportOf(l.leaf)))
	if err != nil {
		t.Fatal(err)
	}
	r, err := Explainer{Estate: l.k, Open: l.place.open, Now: pkitest.Now().AddDate(0, 1, 0)}.Explain(t.Context(), cases)
	if err != nil || !strings.Contains(strings.Join(r.Sessions[0].Notes, "\n"), "the certificate has expired since") {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestOnlyWhatThePathNeedsIsToBeSent(t *testing.T) {
	root := pkitest.Root(t, pkitest.PathLen(3))
	sub := root.Issuer(t, "prod", pkitest.PathLen(1), pkitest.Name("upper"))
	lower := sub.Issuer(t, "prod", pkitest.Name("lower"))
	l := newLab(t)
	leaf := lower.Leaf(t, "prod", "backup")
	l.c.Leaf, l.c.Key = leaf.Certificate, leaf.Key.Public()
	l.c.Chain = append(chain(6, root.Certificate), lower.Certificate)
	l.place.anchors[0].Bundle = string(pki.EncodePEM(sub.Certificate))
	s := l.explain(t, backup()).Sessions[0]
	if s.Fails != "chain depth" || !strings.Contains(failed(s)[0].Remedies[0].Do, `only what the path needs: "CN=lower,OU=prod,O=Example Corp"`) {
		t.Errorf("%s: %+v", s.Fails, failed(s))
	}
}

// FuzzRead holds that whatever comes in is refused or explained, and that what is
// shown of it is printable.
func FuzzRead(f *testing.F) {
	l := newLab(f)
	for _, seed := range []any{
		reportOf(l.leaf), recordOf(l.leaf), object{"Records": []any{recordOf(l.leaf)}},
		object{"Events": []any{object{"CloudTrailEvent": string(encoded(f, recordOf(l.leaf)))}}}, []any{}, "x", nil,
	} {
		f.Add(encoded(f, seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		cases, _, err := Read(data)
		if err != nil {
			return
		}
		if len(cases) == 0 || len(cases) > mostCases {
			t.Fatalf("%d cases", len(cases))
		}
		r, err := Explainer{Estate: l.k, Open: l.place.open, Now: pkitest.Now()}.Explain(t.Context(), cases)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range r.Sessions {
			if len(s.Gates) != 19 || s.Verdict == Granted && s.Fails != "" {
				t.Errorf("got %+v", s)
			}
			for _, text := range []string{s.TrustAnchorARN, s.ProfileARN, s.RoleARN} {
				if diff := cmp.Diff(printable.Line(text), text); diff != "" {
					t.Error(diff)
				}
			}
		}
	})
}

package sandbox_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/rolesanywhere"
	"github.com/aws/aws-sdk-go-v2/service/rolesanywhere/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/sandbox"
)

func TestASessionIsGranted(t *testing.T) {
	e := newEstate(t)
	q := e.question()
	status, got := e.ask(q)
	if status != http.StatusCreated || len(got.Credentials) != 1 {
		t.Fatalf("answered %d %+v", status, got)
	}
	set := got.Credentials[0]
	hex := q.leaf.SerialNumber.Text(16)
	if want := "arn:aws:sts::111122223333:assumed-role/prod-backup/" + hex; set.User.ARN != want {
		t.Errorf("the session is %s, want %s", set.User.ARN, want)
	}
	if set.SourceIdentity != "CN=backup" || set.RoleARN != backupRole || !set.Credentials.Expiration.Equal(e.clock.tell().Add(time.Hour)) {
		t.Errorf("the set is %+v", set)
	}
	who := e.bench.sts(credentials.NewStaticCredentialsProvider(set.Credentials.AccessKeyID, set.Credentials.SecretAccessKey, set.Credentials.SessionToken))
	id := must(who.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}))
	if *id.Arn != set.User.ARN || *id.Account != prod || *id.UserId != set.User.ID {
		t.Errorf("GetCallerIdentity says %s %s %s", *id.Arn, *id.Account, *id.UserId)
	}

	e.clock.jump(time.Hour)
	_, err := who.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	wantCode(t, err, "ExpiredToken")
	stolen := e.bench.sts(credentials.NewStaticCredentialsProvider(set.Credentials.AccessKeyID, set.Credentials.SecretAccessKey, "other"))
	_, err = stolen.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	wantCode(t, err, "InvalidClientTokenId")
}

func TestSessionsThatAreGranted(t *testing.T) {
	tests := []struct {
		name    string
		change  func(e *estate, q *question)
		seconds int
	}{
		{"the ARNs in the body", func(_ *estate, q *question) {
			for k, v := range q.query {
				q.body[k] = v[0]
			}
			q.query = nil
		}, 3600},
		{"an RSA key", func(e *estate, q *question) {
			q.signer.Key = rsaKey(e.t)
			q.reissue(e, e.issuer, func(*x509.Certificate) {})
		}, 3600},
		{"a chain below the anchor", func(e *estate, q *question) {
			sub := e.issuer.child(e.t, "sub", e.clock.tell())
			q.reissue(e, sub, func(*x509.Certificate) {})
			q.signer.Chain = []*x509.Certificate{sub.cert}
		}, 3600},
		{"the least of request and profile", func(_ *estate, q *question) { q.body["durationSeconds"] = 900 }, 900},
		{"more than the profile's duration", func(_ *estate, q *question) { q.body["durationSeconds"] = 7200 }, 3600},
		{"no duration", func(_ *estate, q *question) { delete(q.body, "durationSeconds") }, 3600},
		{"a clock nine minutes off", func(_ *estate, q *question) { q.at = q.at.Add(9 * time.Minute) }, 3600},
		{"a session name that the profile accepts", func(e *estate, q *question) {
			must(e.anywhere(prod).UpdateProfile(e.t.Context(), &rolesanywhere.UpdateProfileInput{ProfileId: &e.profileID, AcceptRoleSessionName: aws.Bool(true)}))
			q.body["roleSessionName"] = "nightly"
		}, 3600},
		{"a disabled CRL that lists it", func(e *estate, q *question) { e.revoke(q, false) }, 3600},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := newEstate(t)
			q := e.question()
			tt.change(e, q)
			status, got := e.ask(q)
			if status != http.StatusCreated {
				t.Fatalf("answered %d %s", status, got.Message)
			}
			if end := e.clock.tell().Add(time.Duration(tt.seconds) * time.Second); !got.Credentials[0].Credentials.Expiration.Equal(end) {
				t.Errorf("expires %v, want %v", got.Credentials[0].Credentials.Expiration, end)
			}
		})
	}
}

// The messages are those of the service, as users pasted them and as the user
// guide has them.
func TestSessionsThatAreDenied(t *testing.T) {
	noTrust := "Unable to assume role for " + backupRole
	tests := []struct {
		name   string
		change func(e *estate, q *question)
		want   string // the beginning of the message
		code   string
	}{
		{"a certificate of another CA", func(e *estate, q *question) {
			q.reissue(e, newRoot(e.t, "prod issuer 1", e.clock.tell()), func(*x509.Certificate) {})
		}, "Untrusted signing certificate", ""},
		{"a chain that is not sent", func(e *estate, q *question) {
			q.reissue(e, e.issuer.child(e.t, "sub", e.clock.tell()), func(*x509.Certificate) {})
		}, "Untrusted signing certificate", ""},
		{"a leaf without digitalSignature", func(e *estate, q *question) {
			q.reissue(e, e.issuer, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment })
		}, "Untrusted certificate. Insufficient certificate", ""},
		{"a CA as the leaf", func(e *estate, q *question) {
			q.reissue(e, e.issuer, func(c *x509.Certificate) { c.IsCA = true; c.KeyUsage |= x509.KeyUsageCertSign })
		}, "Untrusted certificate. Insufficient certificate", ""},
		{"an expired certificate", func(e *estate, q *question) {
			q.reissue(e, e.issuer, func(c *x509.Certificate) { c.NotAfter = e.clock.tell().Add(-time.Second) })
		}, "Untrusted", ""},
		{"a revoked certificate", func(e *estate, q *question) { e.revoke(q, true) }, "Certificate revoked", ""},
		{"a signature over another body", func(_ *estate, q *question) {
			q.tamper = func(r *http.Request) { q.replaceBody(r, `{"durationSeconds":3601}`) }
		}, "Invalid signature", ""},
		{"a signature over another role", func(_ *estate, q *question) {
			q.tamper = func(r *http.Request) { r.URL.RawQuery += "&x=y" }
		}, "Invalid signature", ""},
		{"a clock eleven minutes behind", func(_ *estate, q *question) { q.at = q.at.Add(-11 * time.Minute) }, "Invalid signature", ""},
		{"a clock eleven minutes ahead", func(_ *estate, q *question) { q.at = q.at.Add(11 * time.Minute) }, "Invalid signature", ""},
		{"an anchor that is not there", func(_ *estate, q *question) {
			q.query.Set("trustAnchorArn", "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/00000000-0000-4000-8000-000000000000")
		}, "Specified Trust Anchor wasn't found.", ""},
		{"an anchor of another region than signed for", func(_ *estate, q *question) { q.region = "us-east-1" }, "Specified Trust Anchor wasn't found.", ""},
		{"a disabled anchor", func(e *estate, _ *question) {
			must(e.anywhere(prod).DisableTrustAnchor(e.t.Context(), &rolesanywhere.DisableTrustAnchorInput{TrustAnchorId: &e.anchorID}))
		}, "Specified Trust Anchor is disabled.", ""},
		{"a profile that is not there", func(_ *estate, q *question) {
			q.query.Set("profileArn", "arn:aws:rolesanywhere:eu-central-1:111122223333:profile/00000000-0000-4000-8000-000000000000")
		}, "Invalid or empty profile provided.", ""},
		{"a disabled profile", func(e *estate, _ *question) {
			must(e.anywhere(prod).DisableProfile(e.t.Context(), &rolesanywhere.DisableProfileInput{ProfileId: &e.profileID}))
		}, "Invalid or empty profile provided.", ""},
		{"a role that the profile has not", func(_ *estate, q *question) {
			q.query.Set("roleArn", "arn:aws:iam::111122223333:role/plain")
		}, "Requested Role isn't one of those listed in the Profile.", ""},
		{"a role that is not there", func(_ *estate, q *question) {
			q.query.Set("roleArn", "arn:aws:iam::111122223333:role/absent")
		}, "Unable to assume role for arn:aws:iam::111122223333:role/absent", ""},
		{"a certificate of another workload", func(e *estate, q *question) {
			q.reissue(e, e.issuer, func(c *x509.Certificate) { c.URIs[0].Path = "/reports" })
		}, noTrust, ""},
		{"a certificate of another environment", func(e *estate, q *question) {
			q.reissue(e, e.issuer, func(c *x509.Certificate) { c.Subject.OrganizationalUnit = []string{"dev"} })
		}, noTrust, ""},
		{"a mapping that drops what the role asks for", func(e *estate, _ *question) {
			must(e.anywhere(prod).DeleteAttributeMapping(e.t.Context(), &rolesanywhere.DeleteAttributeMappingInput{
				ProfileId: &e.profileID, CertificateField: types.CertificateFieldX509SAN, Specifiers: []string{"URI"},
			}))
		}, noTrust, ""},
		{"a trust policy without sts:TagSession", func(e *estate, _ *question) {
			e.trust(strings.Replace(trustOf(e.anchor), `"sts:TagSession",`, "", 1))
		}, noTrust, ""},
		{"a trust policy without sts:SetSourceIdentity", func(e *estate, _ *question) {
			e.trust(strings.Replace(trustOf(e.anchor), `,"sts:SetSourceIdentity"`, "", 1))
		}, noTrust, ""},
		{"a trust policy for another anchor", func(e *estate, _ *question) {
			e.trust(trustOf("arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/other"))
		}, noTrust, ""},
		{"a session longer than the role allows", func(e *estate, q *question) {
			must(e.anywhere(prod).UpdateProfile(e.t.Context(), &rolesanywhere.UpdateProfileInput{ProfileId: &e.profileID, DurationSeconds: aws.Int32(43200)}))
			q.body["durationSeconds"] = 7201
		}, noTrust + ". The requested DurationSeconds exceeds the MaxSessionDuration set for this role.", ""},
		{"a subject that no session tag can carry", func(e *estate, q *question) {
			q.reissue(e, e.issuer, func(c *x509.Certificate) {
				c.Subject = pkix.Name{CommonName: "back*up", OrganizationalUnit: []string{"prod"}}
			})
		}, noTrust + ". Some attributes failed to be mapped into session tags.", ""},
		{"a session name that the profile does not accept", func(_ *estate, q *question) { q.body["roleSessionName"] = "nightly" }, "", "AccessDeniedException"},
		{"a duration that is too short", func(_ *estate, q *question) { q.body["durationSeconds"] = 899 },
			"1 validation error detected: Value '899' at 'durationSeconds' failed to satisfy constraint", "ValidationException"},
		{"a session policy that STS cannot take", func(e *estate, _ *question) {
			long := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"` + strings.Repeat("x", 2048) + `"}]}`
			must(e.anywhere(prod).UpdateProfile(e.t.Context(), &rolesanywhere.UpdateProfileInput{ProfileId: &e.profileID, SessionPolicy: &long}))
		}, noTrust, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := newEstate(t)
			q := e.question()
			tt.change(e, q)
			status, got := e.ask(q)
			code, want := tt.code, http.StatusForbidden
			if code == "" {
				code = "AccessDeniedException"
			}
			if code == "ValidationException" {
				want = http.StatusBadRequest
			}
			if status != want || got.Type != code || !strings.HasPrefix(got.Message, tt.want) {
				t.Errorf("answered %d %s %q, want %d %s %q", status, got.Type, got.Message, want, code, tt.want)
			}
			var log []sandbox.Request
			e.control("GET", "requests", "", &log)
			if last := log[len(log)-1]; last.Op != "CreateSession" || last.Status != status || last.Detail == "" && code != "ValidationException" {
				t.Errorf("the log says %+v", last)
			}
		})
	}
}

func TestSubjectsAreRecorded(t *testing.T) {
	e := newEstate(t)
	q := e.question()
	q.body["instanceProperties"] = map[string]string{"hostname": "db1"}
	if status, got := e.ask(q); status != http.StatusCreated {
		t.Fatal(got.Message)
	}
	e.clock.jump(time.Minute)
	q.at = e.clock.tell()
	q.query.Set("roleArn", "arn:aws:iam::111122223333:role/plain")
	first := q.leaf
	q.reissue(e, e.issuer, func(*x509.Certificate) {})
	e.ask(q)
	q.reissue(e, newRoot(t, "stranger", e.clock.tell()), func(c *x509.Certificate) { c.Subject.CommonName = "stranger" })
	e.ask(q)

	c := e.anywhere(prod)
	all := must(c.ListSubjects(t.Context(), &rolesanywhere.ListSubjectsInput{})).Subjects
	if len(all) != 1 || *all[0].X509Subject != "CN=backup,OU=prod" || !all[0].LastSeenAt.Equal(e.clock.tell()) {
		t.Fatalf("subjects are %+v", all)
	}
	s := must(c.GetSubject(t.Context(), &rolesanywhere.GetSubjectInput{SubjectId: all[0].SubjectId})).Subject
	var failed []bool
	for _, c := range s.Credentials {
		failed = append(failed, *c.Failed)
	}
	if diff := cmp.Diff(failed, []bool{false, true}); diff != "" {
		t.Errorf("failed (-got +want):\n%s", diff)
	}
	if *s.Credentials[0].SerialNumber != first.SerialNumber.String() || *s.Credentials[0].X509CertificateData != pemOf(first) {
		t.Errorf("the first credential is %+v", s.Credentials[0])
	}
	if *s.Credentials[0].Issuer != "CN=prod issuer 1" || !s.Credentials[0].SeenAt.Equal(e.clock.tell().Add(-time.Minute)) || !*s.Credentials[0].Enabled {
		t.Errorf("the first credential is %+v", s.Credentials[0])
	}
	if len(s.InstanceProperties) != 2 || s.InstanceProperties[0].Properties["hostname"] != "db1" {
		t.Errorf("instance properties are %+v", s.InstanceProperties)
	}
}

// One subject for each subject name; a certificate that asks again is the same
// credential, seen later.
func TestSubjectsAreToldApartByTheirNames(t *testing.T) {
	e := newEstate(t)
	q := e.question()
	e.ask(q)
	e.clock.jump(time.Minute)
	q.at = e.clock.tell()
	_, again := e.ask(q)
	q.reissue(e, e.issuer, func(c *x509.Certificate) { c.Subject.CommonName = "backup@2" })
	_, other := e.ask(q)
	if again.SubjectARN == "" || other.SubjectARN == "" || again.SubjectARN == other.SubjectARN {
		t.Fatalf("subjects %q and %q", again.SubjectARN, other.SubjectARN)
	}
	c := e.anywhere(prod)
	seen := map[string]types.SubjectDetail{}
	for _, one := range must(c.ListSubjects(t.Context(), &rolesanywhere.ListSubjectsInput{})).Subjects {
		seen[*one.X509Subject] = *must(c.GetSubject(t.Context(), &rolesanywhere.GetSubjectInput{SubjectId: one.SubjectId})).Subject
	}
	first := seen["CN=backup,OU=prod"]
	if len(seen) != 2 || *first.SubjectArn != again.SubjectARN || *seen["CN=backup@2,OU=prod"].SubjectArn != other.SubjectARN {
		t.Fatalf("subjects are %+v", seen)
	}
	if now := e.clock.tell(); len(first.Credentials) != 1 || !first.Credentials[0].SeenAt.Equal(now) || !first.CreatedAt.Equal(now.Add(-time.Minute)) {
		t.Errorf("the subject is %+v", first)
	}
}

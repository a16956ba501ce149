package sandbox_test

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/rolesanywhere"

	"anchorctl/internal/sandbox"
	"anchorctl/internal/sigx509"
)

const backupRole = "arn:aws:iam::111122223333:role/prod-backup"

// estate is an anchor, a profile and a role that let prod's backup in.
type estate struct {
	*bench

	issuer                      authority
	anchor, anchorID            string
	profile, profileID, roleARN string
}

func trustOf(anchor string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"rolesanywhere.amazonaws.com"},
"Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"],"Condition":{"ArnEquals":{"aws:SourceArn":"` + anchor + `"},
"StringEquals":{"aws:SourceAccount":"111122223333","aws:PrincipalTag/x509Subject/OU":"prod","aws:PrincipalTag/x509SAN/URI":["spiffe://prod.example.internal/backup"]}}}]}`
}

func newEstate(t *testing.T, change ...func(*sandbox.Options)) *estate {
	t.Helper()
	b := start(t, change...)
	ctx, c, now := t.Context(), b.anywhere(prod), b.clock.tell()
	e := &estate{bench: b, roleARN: backupRole, issuer: newRoot(t, "root", now).child(t, "prod issuer 1", now)}
	a := must(c.CreateTrustAnchor(ctx, &rolesanywhere.CreateTrustAnchorInput{
		Name: aws.String("prod"), Source: bundleOf(pemOf(e.issuer.cert)), Enabled: aws.Bool(true),
	})).TrustAnchor
	p := must(c.CreateProfile(ctx, &rolesanywhere.CreateProfileInput{
		Name: aws.String("backup"), RoleArns: []string{backupRole, "arn:aws:iam::111122223333:role/absent"}, Enabled: aws.Bool(true),
	})).Profile
	e.anchor, e.anchorID, e.profile, e.profileID = *a.TrustAnchorArn, *a.TrustAnchorId, *p.ProfileArn, *p.ProfileId
	e.trust(trustOf(e.anchor))
	return e
}

func (e *estate) trust(document string) {
	must(e.iam(prod).UpdateAssumeRolePolicy(e.t.Context(), &iam.UpdateAssumeRolePolicyInput{
		RoleName: aws.String("prod-backup"), PolicyDocument: &document,
	}))
}

// question is a CreateSession request; tests change it.
type question struct {
	leaf   *x509.Certificate
	signer sigx509.Signer
	body   map[string]any
	query  url.Values
	at     time.Time
	region string
	// tamper changes what was signed.
	tamper func(*http.Request)
}

func (e *estate) question() *question {
	key := ecKey(e.t)
	leaf := e.issuer.leaf(e.t, leafTemplate(e.t, "prod", "backup", e.clock.tell()), key)
	return &question{
		leaf: leaf, signer: sigx509.Signer{Key: key, Certificate: leaf}, body: map[string]any{"durationSeconds": 3600},
		query: url.Values{"trustAnchorArn": {e.anchor}, "profileArn": {e.profile}, "roleArn": {e.roleARN}}, at: e.clock.tell(), region: region,
	}
}

// reissue makes the leaf anew, from a template that was changed.
func (q *question) reissue(e *estate, by authority, change func(*x509.Certificate)) {
	tmpl := leafTemplate(e.t, "prod", "backup", e.clock.tell())
	change(tmpl)
	q.leaf = by.leaf(e.t, tmpl, q.signer.Key)
	q.signer.Certificate = q.leaf
}

type granted struct {
	Credentials []struct {
		User struct {
			ARN string `json:"arn"`
			ID  string `json:"assumedRoleId"`
		} `json:"assumedRoleUser"`
		Credentials struct {
			AccessKeyID     string    `json:"accessKeyId"`
			SecretAccessKey string    `json:"secretAccessKey"`
			SessionToken    string    `json:"sessionToken"`
			Expiration      time.Time `json:"expiration"`
		} `json:"credentials"`
		RoleARN        string `json:"roleArn"`
		SourceIdentity string `json:"sourceIdentity"`
	} `json:"credentialSet"`
	SubjectARN string `json:"subjectArn"`
	Message    string `json:"message"`
	Type       string `json:"__type"`
}

func (e *estate) ask(q *question) (int, granted) {
	e.t.Helper()
	body := must(json.Marshal(q.body))
	req := must(http.NewRequestWithContext(e.t.Context(), http.MethodPost, e.URL+"/sessions?"+q.query.Encode(), bytes.NewReader(body)))
	req.Header.Set("Content-Type", "application/json")
	if err := q.signer.Sign(req, body, q.region, q.at); err != nil {
		e.t.Fatal(err)
	}
	if q.tamper != nil {
		q.tamper(req)
	}
	status, text := e.send(req)
	var out granted
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		e.t.Fatalf("%d %s: %v", status, text, err)
	}
	return status, out
}

func (e *estate) revoke(q *question, enabled bool) {
	must(e.anywhere(prod).ImportCrl(e.t.Context(), &rolesanywhere.ImportCrlInput{
		Name: aws.String("crl"), CrlData: e.issuer.crl(e.t, e.clock.tell(), q.leaf), TrustAnchorArn: &e.anchor, Enabled: &enabled,
	}))
}

func (q *question) replaceBody(r *http.Request, body string) {
	other := must(http.NewRequest(r.Method, r.URL.String(), strings.NewReader(body))) //nolint:noctx // only its body is taken
	r.Body, r.ContentLength, r.GetBody = other.Body, other.ContentLength, other.GetBody
}

// files are the certificate and the key of a question, for other programs.
func (e *estate) files(q *question) (cert, key string) {
	e.t.Helper()
	dir := e.t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	der := must(x509.MarshalPKCS8PrivateKey(q.signer.Key))
	if err := os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		e.t.Fatal(err)
	}
	if err := os.WriteFile(cert, []byte(pemOf(q.leaf)), 0o600); err != nil {
		e.t.Fatal(err)
	}
	return cert, key
}

package gates_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"net/url"
	"testing"
	"time"

	"anchorctl/internal/gates"
)

const (
	account   = "111122223333"
	region    = "eu-central-1"
	anchorARN = "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/11111111-2222-3333-4444-555555555555"
	profARN   = "arn:aws:rolesanywhere:eu-central-1:111122223333:profile/66666666-7777-8888-9999-000000000000"
	roleARN   = "arn:aws:iam::111122223333:role/prod-backup"
)

func now() time.Time { return time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC) }

// made is a certificate with its key, made with crypto/x509 alone.
type made struct {
	*x509.Certificate
	key crypto.Signer
}

// sign makes a certificate from a template; without a parent it signs itself.
func sign(t *testing.T, template *x509.Certificate, parent *made) made {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	issuer := made{template, key}
	if parent != nil {
		issuer = *parent
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer.Certificate, key.Public(), issuer.key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return made{c, key}
}

func caTemplate(cn string, serial int64) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: cn, Organization: []string{"Example Corp"}},
		NotBefore: now().AddDate(-1, 0, 0), NotAfter: now().AddDate(1, 0, 0),
		BasicConstraintsValid: true, IsCA: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
}

func leafTemplate(t *testing.T) *x509.Certificate {
	t.Helper()
	uri, err := url.Parse("spiffe://prod.example.internal/backup")
	if err != nil {
		t.Fatal(err)
	}
	return &x509.Certificate{
		SerialNumber: big.NewInt(0x0a1b2c),
		Subject:      pkix.Name{CommonName: "backup", Organization: []string{"Example Corp"}, OrganizationalUnit: []string{"prod"}},
		URIs:         []*url.URL{uri}, DNSNames: []string{"backup.prod.example.internal", "second.example.internal"},
		NotBefore: now().Add(-time.Hour), NotAfter: now().Add(time.Hour),
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
}

// world is a session that is granted, with all that made it.
type world struct {
	issuer made
	leaf   made
	gates.Session
}

func newWorld(t *testing.T, changes ...func(*x509.Certificate)) *world {
	t.Helper()
	w := &world{}
	root := sign(t, caTemplate("root", 1), nil)
	w.issuer = sign(t, caTemplate("prod issuer 1", 2), &root)
	template := leafTemplate(t)
	for _, change := range changes {
		change(template)
	}
	w.leaf = sign(t, template, &w.issuer)
	hour := 3600
	w.Session = gates.Session{
		Leaf: w.leaf.Certificate, Account: account, Region: region, RoleARN: roleARN, DurationSeconds: &hour, Now: now(),
		Anchor:  &gates.Anchor{ARN: anchorARN, Enabled: true, Certificates: []*x509.Certificate{w.issuer.Certificate}},
		Profile: &gates.Profile{ARN: profARN, Enabled: true, RoleARNs: []string{"arn:aws:iam::111122223333:role/other", roleARN}, DurationSeconds: 3600},
		Role:    &gates.Role{ARN: roleARN, Trust: trustPolicy, MaxSessionSeconds: 3600},
	}
	return w
}

// trustPolicy is written by hand as the user guide's examples are.
// https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html#trust-policy
const trustPolicy = `{
  "Version": "2012-10-17",
  "Statement": [{
    "Sid": "Prod",
    "Effect": "Allow",
    "Principal": {"Service": "rolesanywhere.amazonaws.com"},
    "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
    "Condition": {
      "ArnEquals": {"aws:SourceArn": "` + anchorARN + `"},
      "StringEquals": {
        "aws:SourceAccount": "111122223333",
        "aws:PrincipalTag/x509Subject/OU": "prod",
        "aws:PrincipalTag/x509SAN/URI": "spiffe://prod.example.internal/backup"
      }
    }
  }]
}`

// crl makes a list of the serial numbers, signed by the CA.
func crl(t *testing.T, by made, serials ...int64) *x509.RevocationList {
	t.Helper()
	template := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: now().Add(-time.Hour), NextUpdate: now().Add(time.Hour)}
	for _, s := range serials {
		template.RevokedCertificateEntries = append(template.RevokedCertificateEntries,
			x509.RevocationListEntry{SerialNumber: big.NewInt(s), RevocationTime: now().Add(-time.Minute)})
	}
	der, err := x509.CreateRevocationList(rand.Reader, template, by.Certificate, by.key)
	if err != nil {
		t.Fatal(err)
	}
	list, err := x509.ParseRevocationList(der)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func rawSubject(t *testing.T, rdns ...pkix.RelativeDistinguishedNameSET) []byte {
	t.Helper()
	der, err := asn1.Marshal(pkix.RDNSequence(rdns))
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func attribute(arc int, value string) pkix.AttributeTypeAndValue {
	return pkix.AttributeTypeAndValue{Type: asn1.ObjectIdentifier{2, 5, 4, arc}, Value: value}
}

package subjects

import (
	"context"
	"crypto/x509"
	"time"

	"anchorctl/internal/pki"
)

// Summary is a subject as a list shows it.
type Summary struct {
	ID       string
	ARN      string
	Name     string // the subject name of its certificates; how it is written is not documented
	Enabled  bool
	Created  time.Time // when it was first seen
	LastSeen time.Time // when it asked last, with whatever certificate
}

// Subject is a subject with the certificates that it asked with. How many the
// service remembers, and for how long, is not documented.
// https://docs.aws.amazon.com/rolesanywhere/latest/APIReference/API_SubjectDetail.html
type Subject struct {
	Summary

	Credentials []Credential // the one that was used last comes last
}

// Credential is a certificate that asked for a session.
// https://docs.aws.amazon.com/rolesanywhere/latest/APIReference/API_CredentialSummary.html
type Credential struct {
	Seen time.Time // when it was used last
	PEM  string
	// Serial and Issuer are for people: whether the number is decimal, and what
	// of the issuer is shown, is not documented. Certificate tells both.
	Serial  string
	Issuer  string
	Enabled bool
	// Failed: it was refused when it asked last. The documentation says the
	// opposite of the name, so nothing should rest on it.
	Failed bool
}

// Certificate is the certificate, or nil when it cannot be read.
func (c Credential) Certificate() *x509.Certificate {
	certificates, err := pki.ParseBundle(c.PEM)
	if err != nil || len(certificates) == 0 {
		return nil
	}
	return certificates[0]
}

// API is what is asked of the subjects of one target. Both pace themselves: the
// service takes one request a second, so only subjects that matter should be
// got. The zero API cannot be asked.
type API struct {
	// List returns all subjects of the target, by ARN.
	List func(ctx context.Context) ([]Summary, error)
	Get  func(ctx context.Context, id string) (Subject, error)
}

package session

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// Credentials are temporary AWS credentials. They print as a placeholder:
// only ProcessOutput writes them out.
type Credentials struct {
	AccessKeyID     string
	SecretAccessKey string
	SessionToken    string
	Expiration      time.Time
	RoleARN         string // of the assumed role, with the session's name
	SourceIdentity  string
	SubjectARN      string
}

const placeholder = "<credentials>"

// String keeps credentials out of logs and errors.
func (Credentials) String() string { return placeholder }

// GoString is String.
func (Credentials) GoString() string { return placeholder }

// Format is String, whatever the verb.
func (Credentials) Format(f fmt.State, _ rune) {
	// fmt.State has no error to report to.
	_, _ = io.WriteString(f, placeholder)
}

// MarshalJSON refuses: an envelope that happens to hold credentials must not
// print them.
func (Credentials) MarshalJSON() ([]byte, error) {
	return nil, errors.New("credentials are not written as a part of something else")
}

// ProcessOutput is the JSON that AWS SDKs read from a credential_process
// (https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html).
func ProcessOutput(c Credentials) ([]byte, error) {
	out, err := json.Marshal(struct {
		Version         int
		AccessKeyID     string `json:"AccessKeyId"`
		SecretAccessKey string
		SessionToken    string
		Expiration      string
	}{1, c.AccessKeyID, c.SecretAccessKey, c.SessionToken, c.Expiration.UTC().Format(time.RFC3339)})
	if err != nil {
		return nil, fmt.Errorf("encoding the credentials: %w", err)
	}
	return append(out, '\n'), nil
}

// decodeCredentials reads a granted session. Errors of encoding/json name
// fields and offsets, never values; none is wrapped all the same.
func decodeCredentials(body []byte) (Credentials, error) {
	var payload struct {
		CredentialSet []struct {
			AssumedRoleUser struct {
				ARN string `json:"arn"`
			} `json:"assumedRoleUser"`
			Credentials struct {
				AccessKeyID     string `json:"accessKeyId"`
				SecretAccessKey string `json:"secretAccessKey"`
				SessionToken    string `json:"sessionToken"`
				Expiration      string `json:"expiration"`
			} `json:"credentials"`
			SourceIdentity string `json:"sourceIdentity"`
		} `json:"credentialSet"`
		SubjectARN string `json:"subjectArn"`
	}
	if err := json.Unmarshal(body, &payload); err != nil {
		return Credentials{}, errors.New("reading the answer: it is not the JSON of a session")
	}
	if len(payload.CredentialSet) == 0 {
		return Credentials{}, errors.New("reading the answer: it holds no credentials")
	}
	first := payload.CredentialSet[0]
	if first.Credentials.AccessKeyID == "" || first.Credentials.SecretAccessKey == "" || first.Credentials.SessionToken == "" {
		return Credentials{}, errors.New("reading the answer: its credentials are incomplete")
	}
	expiration, err := time.Parse(time.RFC3339, first.Credentials.Expiration)
	if err != nil {
		return Credentials{}, errors.New("reading the answer: it does not say when the credentials expire")
	}
	return Credentials{
		AccessKeyID:     first.Credentials.AccessKeyID,
		SecretAccessKey: first.Credentials.SecretAccessKey,
		SessionToken:    first.Credentials.SessionToken,
		Expiration:      expiration.UTC(),
		RoleARN:         first.AssumedRoleUser.ARN,
		SourceIdentity:  first.SourceIdentity,
		SubjectARN:      payload.SubjectARN,
	}, nil
}

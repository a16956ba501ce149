package anywhere

import (
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"

	"anchorctl/internal/gates"
	"anchorctl/internal/iampolicy"
	"anchorctl/internal/pki"
	"anchorctl/internal/sandbox/limits"
	"anchorctl/internal/sandbox/wire"
	"anchorctl/internal/sandbox/world"
)

type sessionOut struct {
	Credentials []credentialSet `json:"credentialSet"`
	SubjectARN  string          `json:"subjectArn"`
}

type credentialSet struct {
	User struct {
		ARN string `json:"arn"`
		ID  string `json:"assumedRoleId"`
	} `json:"assumedRoleUser"`
	Credentials struct {
		AccessKeyID     string `json:"accessKeyId"`
		SecretAccessKey string `json:"secretAccessKey"`
		SessionToken    string `json:"sessionToken"`
		Expiration      string `json:"expiration"`
	} `json:"credentials"`
	PackedPolicySize int    `json:"packedPolicySize"`
	RoleARN          string `json:"roleArn"`
	SourceIdentity   string `json:"sourceIdentity"`
}

func (s *Session) grant(c *world.Call, result gates.Result, role *world.Role, profile *world.Profile, subject *world.Subject) (wire.Answer, error) {
	granted, err := c.World.Grant(world.Session{
		Account: c.Account.ID, RoleID: role.ID, RoleName: role.Name, RoleARN: role.ARN, Name: result.SessionName,
		SourceIdentity: result.SourceIdentity, Tags: result.Tags,
		// A session is not shortened to the certificate's notAfter.
		Expiration: c.Now.Add(time.Duration(result.Seconds) * time.Second),
	}, c.Now)
	if err != nil {
		return wire.Answer{}, err
	}
	set := credentialSet{RoleARN: role.ARN, SourceIdentity: result.SourceIdentity, PackedPolicySize: packed(profile, result.Tags)}
	set.User.ARN, set.User.ID = granted.ARN(c.Account), role.ID+":"+granted.Name
	set.Credentials.AccessKeyID, set.Credentials.SecretAccessKey = granted.AccessKeyID, granted.Secret
	set.Credentials.SessionToken, set.Credentials.Expiration = granted.Token, granted.Expiration.UTC().Format(time.RFC3339)
	return wire.JSON(http.StatusCreated, "application/json", sessionOut{Credentials: []credentialSet{set}, SubjectARN: subject.ARN})
}

// packed is about what STS says of policies and tags in their packed form,
// in percent: the packing itself is not documented.
func packed(p *world.Profile, tags map[string]string) int {
	n := iampolicy.SessionSize([]byte(p.SessionPolicy))
	for _, arn := range p.ManagedPolicyARNs {
		n += len(arn)
	}
	for k, v := range tags {
		n += len(k) + len(v)
	}
	return min(100, (100*n+limits.Of(limits.STSPolicy).Max-1)/limits.Of(limits.STSPolicy).Max)
}

// mostSeen is how many certificates, and how many sets of properties, a
// subject remembers.
const mostSeen = 50

// record writes down that a trusted certificate asked for a session.
func (s *Session) record(c *world.Call, here *world.Region, failed bool) *world.Subject {
	leaf := s.verified.Certificate
	name := leaf.Subject.String()
	i := slices.IndexFunc(here.Subjects, func(o *world.Subject) bool { return o.Name == name })
	if i < 0 {
		id := uuid.NewString()
		here.Subjects = append(here.Subjects, &world.Subject{
			ID: id, ARN: c.Account.ARN("rolesanywhere", c.Region, "subject/"+id), Seq: c.World.Next(),
			Name: name, Enabled: true, Created: c.Now,
		})
		i = len(here.Subjects) - 1
	}
	subject := here.Subjects[i]
	subject.LastSeen, subject.Updated = c.Now, c.Now
	seen := world.Credential{
		Serial: pki.SerialDecimal(leaf), Issuer: leaf.Issuer.String(), Certificate: pemOf(leaf), Enabled: true, Failed: failed, Seen: c.Now,
	}
	subject.Credentials = slices.DeleteFunc(subject.Credentials, func(o world.Credential) bool { return o.Certificate == seen.Certificate })
	subject.Credentials = last(append(subject.Credentials, seen))
	if len(s.in.Properties) > 0 {
		subject.Properties = last(append(subject.Properties, world.Properties{Values: s.in.Properties, Failed: failed, Seen: c.Now}))
	}
	return subject
}

func last[T any](all []T) []T { return all[max(0, len(all)-mostSeen):] }

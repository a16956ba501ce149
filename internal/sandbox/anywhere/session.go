package anywhere

import (
	"crypto/x509"
	"net/http"
	"strings"
	"time"

	"anchorctl/internal/gates"
	"anchorctl/internal/pki"
	"anchorctl/internal/sandbox/limits"
	"anchorctl/internal/sandbox/wire"
	"anchorctl/internal/sandbox/world"
	"anchorctl/internal/sigx509"
)

// SessionSkew is how far the date of a request may be off
// ("about ±10 minutes", seen; not documented).
const SessionSkew = 10 * time.Minute

// Session is a CreateSession request that was read but not judged.
type Session struct {
	Account, Region string // as the anchor's ARN says
	Serial          string // of the leaf, in hex; empty when the signature is no good
	// Detail says, after Do, which gate closed and why: more than the service
	// tells.
	Detail string

	in       sessionInput
	verified sigx509.Verified
	problem  error
}

type sessionInput struct {
	AnchorARN   *string           `json:"trustAnchorArn,omitempty"`
	ProfileARN  *string           `json:"profileArn,omitempty"`
	RoleARN     *string           `json:"roleArn,omitempty"`
	Duration    *int              `json:"durationSeconds,omitempty"`
	SessionName *string           `json:"roleSessionName,omitempty"`
	Properties  map[string]string `json:"instanceProperties,omitempty"`
}

// ReadSession reads POST /sessions and verifies its signature. What is wrong
// with it comes out when it is done.
func ReadSession(r *http.Request, req wire.Request) *Session {
	s := &Session{}
	if s.problem = read(req, "", &s.in); s.problem != nil {
		return s
	}
	// The helper puts the ARNs in the query, other clients in the body.
	for name, member := range map[string]**string{
		"trustAnchorArn": &s.in.AnchorARN, "profileArn": &s.in.ProfileARN, "roleArn": &s.in.RoleARN,
	} {
		if v := req.Query[name]; len(v) > 0 {
			*member = &v[0]
		}
	}
	if s.in.AnchorARN != nil {
		if arn := strings.SplitN(*s.in.AnchorARN, ":", 6); len(arn) == 6 {
			s.Region, s.Account = arn[3], arn[4]
		}
	}
	v, err := sigx509.Verify(r, req.Body)
	if err != nil {
		s.Detail = err.Error()
		s.problem = invalidSignature()
		return s
	}
	s.verified, s.Serial = v, pki.SerialHex(v.Certificate)
	return s
}

// Operation is the request as an operation.
func (s *Session) Operation() world.Operation {
	return world.Operation{Name: "CreateSession", Family: FamilySessions, Do: s.do}
}

func (s *Session) do(c *world.Call) (wire.Answer, error) {
	if s.problem != nil {
		return wire.Answer{}, s.problem
	}
	if err := s.in.check(); err != nil {
		return wire.Answer{}, err
	}
	if off := c.Now.Sub(s.verified.Date); off > SessionSkew || off < -SessionSkew {
		s.Detail = "the request's date " + s.verified.Date.UTC().Format(time.RFC3339) + " is too far from " + c.Now.UTC().Format(time.RFC3339)
		return wire.Answer{}, invalidSignature()
	}
	if s.verified.Region != s.Region || c.Account == nil {
		s.Detail = "the request is signed for region " + s.verified.Region + ", and the anchor's ARN does not name an account here in that region"
		return wire.Answer{}, denied("Specified Trust Anchor wasn't found.")
	}
	here := c.Here()
	profile, role := profileByARN(here, *s.in.ProfileARN), roleByARN(c.Account, *s.in.RoleARN)
	result, err := s.judge(c, here, profile, role)
	if err != nil {
		return wire.Answer{}, err
	}
	refusal := s.refusal(result)
	var subject *world.Subject
	if passed(result, gates.GatePath) {
		subject = s.record(c, here, refusal != nil)
	}
	if refusal != nil {
		return wire.Answer{}, refusal
	}
	return s.grant(c, result, role, profile, subject)
}

func (in *sessionInput) check() error {
	var check wire.Checks
	check.Required("trustAnchorArn", in.AnchorARN != nil)
	check.Text("trustAnchorArn", in.AnchorARN, limits.TrustAnchorARN)
	check.Required("profileArn", in.ProfileARN != nil)
	check.Required("roleArn", in.RoleARN != nil)
	check.Text("roleArn", in.RoleARN, limits.RoleARN)
	check.Number("durationSeconds", in.Duration, limits.SessionSeconds)
	check.Text("roleSessionName", in.SessionName, limits.SessionName)
	check.Len("instanceProperties", len(in.Properties), limits.InstanceProperties)
	for k, v := range in.Properties {
		check.Text("instanceProperties", &k, limits.InstanceProperty)
		check.Text("instanceProperties", &v, limits.InstanceProperty)
	}
	return check.Err(validation)
}

// judge asks the gates with what the request names.
func (s *Session) judge(c *world.Call, here *world.Region, profile *world.Profile, role *world.Role) (gates.Result, error) {
	anchor, err := anchorFor(here, *s.in.AnchorARN)
	if err != nil {
		return gates.Result{}, err
	}
	ask := gates.Session{
		Leaf: s.verified.Certificate, Chain: s.verified.Chain, Account: c.Account.ID, Region: s.Region,
		Anchor: anchor, RoleARN: *s.in.RoleARN, DurationSeconds: s.in.Duration, Now: c.Now,
	}
	if s.in.SessionName != nil {
		ask.SessionName = *s.in.SessionName
	}
	if profile != nil {
		ask.Profile = profileAsked(profile)
	}
	if role != nil {
		ask.Role = roleAsked(role)
	}
	return gates.CreateSession(ask), nil
}

func anchorFor(here *world.Region, arn string) (*gates.Anchor, error) {
	for _, a := range here.Anchors {
		if a.ARN == arn {
			return anchorAsked(here, a)
		}
	}
	return nil, nil //nolint:nilnil // no such anchor is for the gates to say
}

// refusal is the error of a session that is not granted.
func (s *Session) refusal(result gates.Result) error {
	if result.Granted {
		return nil
	}
	last := result.Last()
	s.Detail = last.Name + ": " + last.Detail
	status := http.StatusForbidden
	if result.Code == validation {
		status = http.StatusBadRequest
	}
	return wire.Errorf(status, result.Code, "%s", result.Error)
}

func passed(result gates.Result, name string) bool {
	for _, g := range result.Gates {
		if g.Name == name {
			return g.Passed
		}
	}
	return false
}

func profileByARN(here *world.Region, arn string) *world.Profile {
	for _, p := range here.Profiles {
		if p.ARN == arn {
			return p
		}
	}
	return nil
}

func roleByARN(a *world.Account, arn string) *world.Role {
	if r := a.Roles[arn[strings.LastIndexByte(arn, '/')+1:]]; r != nil && r.ARN == arn {
		return r
	}
	return nil
}

func invalidSignature() error { return denied("Invalid signature") }

func denied(text string) error {
	return wire.Errorf(http.StatusForbidden, "AccessDeniedException", "%s", text)
}

// pemOf is a certificate as GetSubject shows it.
func pemOf(c *x509.Certificate) string { return string(pki.EncodePEM(c)) }

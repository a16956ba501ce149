package gates

import (
	"crypto/x509"
	"time"

	"anchorctl/internal/iampolicy"
)

// Session is one CreateSession request with the objects it names. An object
// that does not exist is nil.
// https://docs.aws.amazon.com/rolesanywhere/latest/userguide/authentication-create-session.html
type Session struct {
	Leaf    *x509.Certificate
	Chain   []*x509.Certificate // of the X-Amz-X509-Chain header
	Account string
	Region  string
	Anchor  *Anchor
	Profile *Profile
	RoleARN string
	Role    *Role
	// DurationSeconds is nil when the request has none.
	DurationSeconds *int
	// SessionName is empty when the request has none.
	SessionName string
	Now         time.Time
}

// Anchor is a trust anchor.
type Anchor struct {
	ARN          string
	Enabled      bool
	Certificates []*x509.Certificate
	CRLs         []CRL
}

// CRL is a list imported for an anchor.
type CRL struct {
	Enabled bool
	List    *x509.RevocationList
}

// Profile is a Roles Anywhere profile.
type Profile struct {
	ARN                   string
	Enabled               bool
	RoleARNs              []string
	DurationSeconds       int // zero means the service's default of 3600
	AcceptRoleSessionName bool
	// What narrows the sessions.
	ManagedPolicyARNs []string
	SessionPolicy     string // empty when there is none
	// Mappings are specifiers by certificate field. Nil means the default
	// mappings; an empty map maps nothing.
	Mappings map[string][]string
}

// Role is an IAM role.
type Role struct {
	ARN               string
	Trust             string // the trust policy's text
	MaxSessionSeconds int    // zero means IAM's default of 3600
}

// The names of the gates, in the order in which they are passed. GateKey is
// passed before CreateSession is asked: who calls it has verified the request's
// signature. Only Explain has it.
const (
	GateKey            = "key match"
	GateVersion        = "certificate version"
	GateUsage          = "certificate usage"
	GateDates          = "certificate dates"
	GateAnchor         = "trust anchor"
	GatePath           = "certificate path"
	GateDepth          = "chain depth"
	GateRevocation     = "revocation"
	GateAnchorEnabled  = "trust anchor enabled"
	GateProfile        = "profile"
	GateProfileEnabled = "profile enabled"
	GateRoleListed     = "role in profile"
	GateSessionName    = "session name"
	GateRole           = "role"
	GateDuration       = "duration"
	GateMapping        = "attribute mapping"
	GateSourceIdentity = "source identity"
	GateTrust          = "trust policy"
	GateSessionPolicy  = "session policies"
)

// The error codes of a refusal.
const (
	CodeDenied     = "AccessDeniedException"
	CodeValidation = "ValidationException"
)

// Gate is one gate and how it went.
type Gate struct {
	Name   string
	Passed bool
	Detail string
}

// Result is what comes of a request.
type Result struct {
	Granted bool
	Gates   []Gate // in order, up to and including the first that fails
	Code    string // the service's error code; empty when granted
	Error   string // the service's message; empty when granted
	// What the session has. Filled as far as the gates were passed.
	SessionName    string
	SourceIdentity string
	Tags           map[string]string
	Seconds        int
	// Decision is the trust policy's verdict, when its gate was reached.
	Decision iampolicy.Decision
}

// refusal is why a gate does not let a request through.
type refusal struct {
	code    string
	message string // the service's
	detail  string // ours
}

func denied(message, detail string) *refusal { return &refusal{CodeDenied, message, detail} }

// gate is one gate. needs are the gates without which it cannot be judged: what
// they let through is what it looks at.
type gate struct {
	name  string
	check func(*attempt) (detail string, no *refusal)
	needs []string
}

// order is the order of the gates. The anchor has to be known before there can
// be a path to it; the rest follows the service's error texts from the
// certificate outwards.
func order() []gate {
	return []gate{
		{GateVersion, checkVersion, nil},
		{GateUsage, checkUsage, []string{GateVersion}},
		{GateDates, checkDates, nil},
		{GateAnchor, checkAnchor, nil},
		{GatePath, checkPath, []string{GateVersion, GateUsage, GateAnchor}},
		{GateDepth, checkDepth, nil},
		{GateRevocation, checkRevocation, []string{GateAnchor, GatePath}},
		{GateAnchorEnabled, checkAnchorEnabled, []string{GateAnchor}},
		{GateProfile, checkProfile, nil},
		{GateProfileEnabled, checkProfileEnabled, []string{GateProfile}},
		{GateRoleListed, checkRoleListed, []string{GateProfile}},
		{GateSessionName, checkSessionName, []string{GateProfile}},
		{GateRole, checkRole, nil},
		{GateDuration, checkDuration, []string{GateProfile, GateRole}},
		{GateMapping, checkMapping, []string{GateProfile}},
		{GateSourceIdentity, checkSourceIdentity, nil},
		{GateTrust, checkTrust, []string{GateAnchor, GateRole, GateMapping, GateSourceIdentity}},
		{GateSessionPolicy, checkSessionPolicy, []string{GateProfile}},
	}
}

// attempt is a request on its way through the gates.
type attempt struct {
	Session
	path []*x509.Certificate // leaf first, anchor last
	out  Result
}

// CreateSession passes a request through the gates.
func CreateSession(s Session) Result { return Present(s).Ask(s) }

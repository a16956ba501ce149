package roles

import "context"

// Live is an IAM role as IAM shows it. A role that is not there has Exists
// false and nothing else but its name.
type Live struct {
	Name              string // without the path
	Path              string // "/" or "/team/"
	ARN               string
	Exists            bool
	Trust             string // the trust policy, JSON text, decoded
	MaxSessionSeconds int
	Tags              map[string]string // empty in a list: IAM does not show them there

	Permissions // empty until API.Permissions was asked
}

// Permissions are what a role may do, as far as it could be read.
type Permissions struct {
	Attached []string // ARNs of all attached policies, sorted
	Policies []Policy // inline ones, and customer-managed ones that are attached; sorted
	// Unread says what the credentials may not read, and which action they
	// lack for it.
	Unread []string
}

// Policy is one document of permissions.
type Policy struct {
	Name     string
	ARN      string // empty: it is inline
	Document string // JSON text, decoded
}

// API is what the roles of one account need of IAM.
type API interface {
	// Get reads a role by its name (IAM looks roles up by name alone).
	Get(ctx context.Context, name string) (Live, error)
	// List reads every role of the account, with its trust policy and without
	// its tags.
	List(ctx context.Context) ([]Live, error)
	// Permissions reads what a role may do. What may not be read is no error;
	// the documents of AWS's own policies are not asked for.
	Permissions(ctx context.Context, name string) (Permissions, error)
	// PutTrust replaces the trust policy of the role.
	PutTrust(ctx context.Context, name, document string) error
}

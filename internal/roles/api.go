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
}

// API is what the roles of one account need of IAM.
type API interface {
	// Get reads a role by its name (IAM looks roles up by name alone).
	Get(ctx context.Context, name string) (Live, error)
	// PutTrust replaces the trust policy of the role.
	PutTrust(ctx context.Context, name, document string) error
}

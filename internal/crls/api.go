package crls

import (
	"context"
	"crypto/x509"
	"time"

	"anchorctl/internal/pki"
)

// PerAnchor is how many lists an anchor takes
// (https://docs.aws.amazon.com/general/latest/gr/rolesanywhere.html).
const PerAnchor = 2

// Live is a revocation list as the service shows it.
type Live struct {
	ID        string
	ARN       string
	Name      string
	AnchorARN string
	Enabled   bool
	Data      []byte // as it was imported: PEM or DER
	Tags      map[string]string
	Updated   time.Time
}

// List is what the list says; nil when it cannot be read.
func (l Live) List() *x509.RevocationList {
	list, err := pki.ParseRevocationList(l.Data)
	if err != nil {
		return nil
	}
	return list
}

// New is what a list is imported from: always enabled.
type New struct {
	Name      string
	AnchorARN string
	Data      []byte
	Tags      map[string]string
}

// Change is one update of a list; fields left nil stay as they are.
type Change struct {
	Name    *string
	Data    []byte
	SetTags map[string]string
	Enable  bool
}

// API is what the revocation lists of one target need of AWS. Implementations
// pace themselves. Import is sent once and never retried; an error of it says
// with errors.Is(err, engine.ErrUnclear) that it may have happened all the same.
type API interface {
	// List returns all lists of the target with their tags. With fresh, tags are
	// read one by one, which never lags.
	List(ctx context.Context, fresh bool) ([]Live, error)
	Import(ctx context.Context, n New) (Live, error)
	Change(ctx context.Context, id string, c Change) error
	// Delete deletes the list; one that is gone already is no error.
	Delete(ctx context.Context, id string) error
}

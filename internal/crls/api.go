package crls

import (
	"crypto/x509"
	"time"

	"anchorctl/internal/objects"
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

// Identity is asked for by objects.
func (l Live) Identity() (id, arn string, tags map[string]string) { return l.ID, l.ARN, l.Tags }

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

// API is what the revocation lists of one target need of AWS. To create one is to
// import it.
type API = objects.API[Live, New, Change]

// Ours are our lists.
type Ours = objects.Ours[Live, New, Change]

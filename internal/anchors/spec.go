package anchors

import (
	"fmt"
	"maps"
	"slices"

	"anchorctl/internal/pki"
	"anchorctl/internal/plan"
)

// SourceBundle is the only source type we make: certificates, in the anchor
// itself.
const SourceBundle = "CERTIFICATE_BUNDLE"

// Spec is what an anchor should be. Certificates are named by the address of
// their issuer generation, so that a plan can name one that is not minted yet.
type Spec struct {
	Addr         plan.Addr
	Name         string
	Certificates []plan.Addr
	Tags         map[string]string // all but the intent's
	ChecksPoints bool              // certificates are checked against the lists that they name
	// Notifications are the settings of the events that the configuration
	// speaks of; those of others stay as they are.
	Notifications []Notification
}

// KnownAs names a certificate by fingerprint: the address of the generation it
// belongs to, if it is ours.
type KnownAs func(fingerprint string) (plan.Addr, bool)

// Held names what a live anchor holds, as plans show it. A bundle that cannot
// be read is "unreadable".
func Held(l Live, known KnownAs) []string {
	names, _, err := CertificateNames(l, known)
	if err != nil {
		return []string{"unreadable"}
	}
	return names
}

// CertificateNames lists what a live bundle holds: the addresses of our own
// generations, and "sha256:…" for what is not ours. The list is sorted.
func CertificateNames(l Live, known KnownAs) (names []string, foreign bool, err error) {
	if l.SourceType != SourceBundle {
		return []string{"source " + l.SourceType}, true, nil
	}
	certs, err := pki.ParseBundle(l.Bundle)
	if err != nil {
		return nil, true, fmt.Errorf("reading the certificates of %s: %w", l.ARN, err)
	}
	set := map[string]bool{}
	for _, cert := range certs {
		fingerprint := pki.Fingerprint(cert)
		if addr, ok := known(fingerprint); ok {
			set[addr.String()] = true
			continue
		}
		set["sha256:"+fingerprint] = true
		foreign = true
	}
	return slices.Sorted(maps.Keys(set)), foreign, nil
}

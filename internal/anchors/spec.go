package anchors

import (
	"fmt"
	"maps"
	"slices"
	"strings"

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

// KnownAs names a certificate by fingerprint, if it is ours: by the address of
// its generation, and for one that was renewed since, as FormerName does.
type KnownAs func(fingerprint string) (name string, ok bool)

const formerSuffix = " former"

// FormerName names a certificate of a generation that has another one by now.
func FormerName(issuer string) string { return issuer + formerSuffix }

// Former tells whether a name is that of such a certificate, and whose.
func Former(name string) (issuer string, former bool) { return strings.CutSuffix(name, formerSuffix) }

// Holds is which certificates an action has an anchor hold.
func Holds(a plan.Action) ([]string, error) {
	f, err := plan.FieldsOf[Fields](a.After)
	return f.Certificates, err
}

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
		if name, ok := known(fingerprint); ok {
			set[name] = true
			continue
		}
		set["sha256:"+fingerprint] = true
		foreign = true
	}
	return slices.Sorted(maps.Keys(set)), foreign, nil
}

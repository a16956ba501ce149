package crls

import (
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"math/big"
	"slices"
	"time"

	"anchorctl/internal/pki"
	"anchorctl/internal/plan"
	"anchorctl/internal/store"
)

// State is what the store knows of the revocations of an issuer's generation.
type State struct {
	Issuer      plan.Addr
	Certificate *x509.Certificate
	Revocations []store.Revocation
	Newest      store.CRL
	Listed      bool // there is a list: Newest
}

// Terms say how often a list is made, and for how long.
type Terms struct {
	Interval time.Duration
	Validity time.Duration
	// Always: there is a list before the first revocation, an empty one, because
	// certificates name a place where it is to be found.
	Always bool
}

// Due says why a new list has to be signed, or "". An issuer that expired signs
// nothing, and nothing that it issued is accepted any more. above is the highest
// number seen at an anchor.
func (s State) Due(now time.Time, terms Terms, above int64) string {
	switch {
	case len(s.Revocations) == 0 && !s.Listed && !terms.Always, !now.Before(s.Certificate.NotAfter):
		return ""
	case !s.Listed:
		return "there is none yet"
	case above > s.Newest.Number:
		return fmt.Sprintf("the number %d is at an anchor", above)
	}
	if n := s.unlisted(); n > 0 {
		return fmt.Sprintf("%d revoked since", n)
	}
	if age := now.Sub(time.Unix(s.Newest.ThisUpdate, 0)); age >= terms.Interval {
		return fmt.Sprintf("older than %s", terms.Interval)
	}
	return ""
}

// unlisted counts the revocations that the newest list has to have and has not.
func (s State) unlisted() int {
	in := map[string]bool{}
	for _, e := range s.entriesOfNewest() {
		in[e.Serial] = true
	}
	n := 0
	for _, r := range s.Revocations {
		if r.Dropped == 0 && !in[r.Serial] {
			n++
		}
	}
	return n
}

// Entries are what a list of now has to have: all that no scheduled list after
// the certificate's end has had (RFC 5280 section 3.3). Every list marks what
// it had; a list that was not scheduled, made for a revocation, must not be the
// only one, and within two intervals there is one that was. Once there was an
// entry there is one: the service is reported to refuse an empty list, and a
// list that stays as it was would become stale.
func (s State) Entries(now time.Time, terms Terms) []store.Revocation {
	var list []store.Revocation
	for _, r := range s.Revocations {
		if r.Dropped == 0 || now.Before(time.Unix(r.NotAfter, 0).Add(2*terms.Interval)) {
			list = append(list, r)
		}
	}
	if len(list) > 0 {
		return list
	}
	last := s.Revocations
	if len(last) == 0 { // pruned
		last = s.entriesOfNewest()
	}
	return last[max(0, len(last)-1):]
}

// entriesOfNewest reads them out of the list itself.
func (s State) entriesOfNewest() []store.Revocation {
	list, err := x509.ParseRevocationList(s.Newest.DER)
	if err != nil {
		return nil
	}
	return Revocations(s.Issuer, s.Certificate, list)
}

// Revocations are the entries of a list that an issuer signed. When the
// certificates end is not said there; none outlives its issuer.
func Revocations(issuer plan.Addr, certificate *x509.Certificate, list *x509.RevocationList) []store.Revocation {
	all := make([]store.Revocation, 0, len(list.RevokedCertificateEntries))
	for _, e := range list.RevokedCertificateEntries {
		r := store.Revocation{
			Environment: issuer.Environment, Generation: issuer.Generation, Serial: hex.EncodeToString(e.SerialNumber.Bytes()),
			At: e.RevocationTime.Unix(), NotAfter: certificate.NotAfter.Unix(),
		}
		if pki.KnownReason(e.ReasonCode) {
			r.Reason = e.ReasonCode
		}
		all = append(all, r)
	}
	return all
}

// Unknown are the entries of a live list, which the issuer signed, that the
// store knows nothing of: it was restored from a backup.
func (s State) Unknown(live *x509.RevocationList) []store.Revocation {
	known := map[string]bool{}
	for _, r := range s.Revocations {
		known[r.Serial] = true
	}
	return slices.DeleteFunc(Revocations(s.Issuer, s.Certificate, live), func(r store.Revocation) bool { return known[r.Serial] })
}

// spec is the next list.
func (s State) spec(now time.Time, terms Terms, above int64) (pki.CRLSpec, []string, error) {
	now = now.UTC().Truncate(time.Second)
	next := now.Add(terms.Validity)
	if next.After(s.Certificate.NotAfter) {
		next = s.Certificate.NotAfter
	}
	// A store that was restored has forgotten numbers, but time has gone on.
	spec := pki.CRLSpec{Number: max(s.Newest.Number+1, above+1, now.Unix()), ThisUpdate: now, NextUpdate: next}
	var serials []string
	for _, r := range s.Entries(now, terms) {
		octets, err := hex.DecodeString(r.Serial)
		if err != nil {
			return spec, nil, fmt.Errorf("reading serial %q: %w", r.Serial, err)
		}
		at := time.Unix(r.At, 0)
		if at.After(now) { // the clock went back
			at = now
		}
		spec.Entries = append(spec.Entries, pki.Revoked{Serial: new(big.Int).SetBytes(octets), At: at, Reason: r.Reason})
		serials = append(serials, r.Serial)
	}
	return spec, serials, nil
}

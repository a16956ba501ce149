package estate

import (
	"context"
	"crypto/x509"
	"fmt"
	"maps"
	"slices"
	"time"

	"anchorctl/internal/admission"
	"anchorctl/internal/hint"
	"anchorctl/internal/pki"
	"anchorctl/internal/rules"
)

// ListStatus is how the revocation list of an issuer's generation stands on
// record.
type ListStatus struct {
	Issuer     string     `json:"issuer"`
	Revoked    int        `json:"revoked"` // certificates that a list of now has to have
	Number     int64      `json:"number"`  // of the newest list; 0: there is none yet
	ThisUpdate *time.Time `json:"thisUpdate,omitempty"`
	NextUpdate *time.Time `json:"nextUpdate,omitempty"`
	Entries    int        `json:"entries"`
	Bytes      int        `json:"bytes"` // as the service holds it
	Limit      int        `json:"limit"`
	Room       int        `json:"room"`          // how many more certificates it can surely revoke
	Due        string     `json:"due,omitempty"` // why a new one has to be signed
}

// Lists says how the revocation lists of an environment stand on record. It
// asks nothing of AWS.
func (w World) Lists(ctx context.Context, environment string) ([]ListStatus, []rules.Finding, error) {
	if _, err := w.Folder.Config.Environment(environment); err != nil {
		return nil, nil, err
	}
	r, err := w.recorded(ctx)
	if err != nil {
		return nil, nil, err
	}
	v, err := w.revoking(ctx, r, desired{})
	if err != nil {
		return nil, nil, err
	}
	return w.listStatus(v, environment), w.judgeRecorded(v, environment), nil
}

func (w World) listStatus(v revoking, environment string) []ListStatus {
	terms, now := termsOf(w.Folder.Config)(environment), w.Folder.Clock.Now()
	all := []ListStatus{}
	for _, issuer := range addresses(v.states) {
		if issuer.Environment != environment {
			continue
		}
		state := v.states[issuer]
		s := ListStatus{Issuer: issuer.String(), Revoked: len(state.Entries(now, terms)), Limit: pki.MaxRevocationList, Due: state.Due(now, terms, 0)}
		if state.Listed {
			from, to := time.Unix(state.Newest.ThisUpdate, 0).UTC(), time.Unix(state.Newest.NextUpdate, 0).UTC()
			s.Number, s.ThisUpdate, s.NextUpdate, s.Entries = state.Newest.Number, &from, &to, state.Newest.Entries
			s.Bytes, s.Room = pki.CRLSize(state.Newest.DER), pki.CRLRoom(state.Newest.DER)
		}
		all = append(all, s)
	}
	return all
}

// firstList is more than a list takes that revokes nothing.
const firstList = 512

// Room refuses to revoke as many more certificates of issuers, by address, as
// have no room in their lists: a list that the service does not take keeps every
// later revocation of that issuer from the anchors too.
func (w World) Room(ctx context.Context, environments []string, more map[string]int) error {
	known := map[string]ListStatus{}
	for _, environment := range environments {
		lists, _, err := w.Lists(ctx, environment)
		if err != nil {
			return err
		}
		for _, l := range lists {
			known[l.Issuer] = l
		}
	}
	for _, issuer := range slices.Sorted(maps.Keys(more)) {
		l := known[issuer]
		most := l.Entries + l.Room
		if l.Number == 0 {
			most = pki.CRLRoom(make([]byte, firstList))
		}
		if more[issuer] > 0 && l.Revoked+more[issuer] > most {
			return hint.With(fmt.Errorf("revoking %d certificates of %s: its list would have %d entries, and has room for some %d in the %d bytes that the service takes; nothing was recorded",
				more[issuer], issuer, l.Revoked+more[issuer], most, pki.MaxRevocationList),
				"name those that matter by instance or serial number",
				"or end all new sessions of the environment: disable its trust anchors (aws rolesanywhere disable-trust-anchor)")
		}
	}
	return nil
}

// judgeRecorded judges the newest lists on record.
func (w World) judgeRecorded(v revoking, environment string) []rules.Finding {
	var findings []rules.Finding
	for _, issuer := range addresses(v.states) {
		state := v.states[issuer]
		if issuer.Environment != environment || !state.Listed {
			continue
		}
		list, err := x509.ParseRevocationList(state.Newest.DER)
		if err != nil {
			list = nil
		}
		findings = append(findings, admission.JudgeCRL(admission.CRLCase{
			At: issuer.String(), Issuer: state.Certificate, List: list, Size: pki.CRLSize(state.Newest.DER),
			Newest: state.Newest.Number, Now: w.Folder.Clock.Now(), Interval: termsOf(w.Folder.Config)(environment).Interval,
		})...)
	}
	return findings
}

package rotate

import (
	"bytes"
	"context"
	"crypto/x509"
	"fmt"
	"slices"
	"time"

	"anchorctl/internal/pki"
	"anchorctl/internal/plan"
	"anchorctl/internal/store"
	"anchorctl/internal/subjects"
)

// unknown are certificates of the old generation that Roles Anywhere has seen at a
// target since the cut-over and that the store does not know: it was restored from
// a backup, and nobody can say how many more there are. until is when the last of
// them must have ended. Past the longest lifetime nobody is asked: nothing of the
// old generation can live by then; and nobody is asked when there are too many, since
// an apply, and an emergency, would wait all the while.
func (g gatekeeper) unknown(ctx context.Context, anchor plan.Addr, n store.Rotation) (found []Certificate, until time.Time, err error) {
	until = g.longest(n)
	if n.CutOver == 0 || g.Folder.Clock.Now().After(until) {
		return nil, until, nil
	}
	issuer, err := g.certificateOf(ctx, n.Environment, n.From)
	if err != nil {
		return nil, until, err
	}
	api, err := g.subjects(ctx, anchor)
	if err != nil || api.List == nil {
		return nil, until, err
	}
	all, err := api.List(ctx)
	if err != nil {
		return nil, until, fmt.Errorf("reading the subjects at %s: %w", anchor.Target, err)
	}
	all = slices.DeleteFunc(all, func(s subjects.Summary) bool { return s.LastSeen.Unix() < n.CutOver })
	if len(all) > mostAsked {
		return nil, until, &tooMany{len(all)}
	}
	for i, summary := range all {
		// Thousands of subjects, one a second, take longer than some issuers' last
		// certificates live.
		if g.Folder.Clock.Now().After(until) {
			return nil, until, nil
		}
		g.tell("asking Roles Anywhere for subject %d of %d at %s", i+1, len(all), anchor.Target)
		subject, err := api.Get(ctx, summary.ID)
		if err != nil {
			return nil, until, fmt.Errorf("reading the subject %s: %w", summary.ARN, err)
		}
		more, err := g.foreign(ctx, subject, issuer, n)
		if err != nil {
			return nil, until, err
		}
		for _, c := range more {
			until = latest(until, c.NotAfter)
		}
		found = append(found, more...)
	}
	return found, until, nil
}

// mostAsked is how many subjects a run asks for, one a second.
const mostAsked = 600

// tooMany says that Roles Anywhere has seen too many subjects to ask for each.
type tooMany struct{ subjects int }

func (e *tooMany) Error() string {
	return fmt.Sprintf("Roles Anywhere has seen %d subjects since the cut-over, and takes one question a second", e.subjects)
}

// foreign are the certificates of a subject that the issuer signed, that live, that
// were used since the cut-over and that the store does not know.
func (g gatekeeper) foreign(ctx context.Context, s subjects.Subject, issuer *x509.Certificate, n store.Rotation) ([]Certificate, error) {
	var found []Certificate
	for _, credential := range s.Credentials {
		c := credential.Certificate()
		if c == nil || !bytes.Equal(c.AuthorityKeyId, issuer.SubjectKeyId) || credential.Seen.Unix() < n.CutOver || g.Folder.Clock.Now().After(c.NotAfter) {
			continue
		}
		serial := pki.SerialHex(c)
		known, err := g.Folder.Store.CountIssued(ctx, store.Filter{Environment: n.Environment, Generation: n.From, Serial: serial})
		if err != nil {
			return nil, err
		}
		if known == 0 {
			one := certificateIn(n, c)
			one.Seen = credential.Seen.UTC()
			found = append(found, one)
		}
	}
	return found, nil
}

func (g gatekeeper) certificateOf(ctx context.Context, environment string, number int) (*x509.Certificate, error) {
	all, err := g.Folder.Store.Generations(ctx, environment)
	if err != nil {
		return nil, err
	}
	for _, one := range all {
		if one.Number == number {
			return x509.ParseCertificate(one.Certificate)
		}
	}
	return nil, fmt.Errorf("%s is not on record", plan.Issuer(environment, number))
}

// subjects opens the target of an anchor.
func (g gatekeeper) subjects(ctx context.Context, anchor plan.Addr) (subjects.API, error) {
	for _, t := range g.Folder.Config.Environments[anchor.Environment].Targets {
		if (plan.Target{Account: t.Account, Region: t.Region}) == anchor.Target {
			cloud, err := g.Open(ctx, t)
			return cloud.Subjects, err
		}
	}
	return subjects.API{}, nil
}

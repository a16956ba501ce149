package inventory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"anchorctl/internal/folder"
	"anchorctl/internal/store"
)

// Query says which certificates are wanted; its zero value wants all. What is
// said several times must all hold.
type Query struct {
	Environment    string
	Workload       string
	Instance       string
	Generation     int           // of the issuer
	ExpiringWithin time.Duration // in its dates now, ending so soon, and not revoked unless Revoked
	Valid          bool          // in its dates, and not revoked
	Expired        bool
	Revoked        bool
	Limit          int    // 0 is no limit
	After          string // the serial of the last one of the page before
}

// Listing is a page of certificates.
type Listing struct {
	Order        string        `json:"order"` // "newest first", "ending first" or "ending last"
	Certificates []Certificate `json:"certificates"`
	Next         string        `json:"next"` // the serial to go on after; "" when there are no more
}

// List returns the certificates that are wanted: the newest first, those that
// expire soon by their end, and those chosen by their dates with the latest
// end first.
func List(ctx context.Context, f *folder.Folder, q Query) (Listing, error) {
	l, err := list(ctx, f, q)
	if err != nil {
		return Listing{}, fmt.Errorf("listing certificates: %w", err)
	}
	return l, nil
}

func list(ctx context.Context, f *folder.Folder, q Query) (Listing, error) {
	if err := q.check(ctx, f); err != nil {
		return Listing{}, err
	}
	now := f.Clock.Now()
	filter, l := q.filter(now)
	if q.After != "" {
		last, err := Find(ctx, f.Store, q.After)
		if err != nil {
			return Listing{}, err
		}
		filter.Before = last.Entry
	}
	if q.Limit > 0 {
		filter.Limit = q.Limit + 1 // one more says that there are more
	}
	found, err := f.Store.ListIssued(ctx, filter)
	if err != nil {
		return Listing{}, err
	}
	if q.Limit > 0 && len(found) > q.Limit {
		found = found[:q.Limit]
		l.Next = found[q.Limit-1].Serial
	}
	for _, i := range found {
		l.Certificates = append(l.Certificates, certificateOf(i, now))
	}
	return l, nil
}

// filter is what the store is asked, and the listing's beginning.
func (q Query) filter(now time.Time) (store.Filter, Listing) {
	filter := store.Filter{Environment: q.Environment, Workload: q.Workload, Generation: q.Generation}
	l := Listing{Order: "newest first", Certificates: []Certificate{}}
	if q.Instance != "" {
		filter.Instance = &q.Instance
	}
	if q.Valid || q.Revoked || q.ExpiringWithin > 0 {
		filter.Revoked = &q.Revoked
	}
	switch {
	case q.ExpiringWithin > 0:
		filter.ValidAt, filter.EndsBefore = now.Unix(), now.Add(q.ExpiringWithin).Unix()+1
		filter.Order, l.Order = store.EndsFirst, "ending first"
	case q.Valid:
		filter.ValidAt = now.Unix()
		filter.Order, l.Order = store.EndsLast, "ending last"
	case q.Expired:
		filter.EndsBefore = now.Unix()
		filter.Order, l.Order = store.EndsLast, "ending last"
	}
	return filter, l
}

func (q Query) check(ctx context.Context, f *folder.Folder) error {
	switch {
	case q.Expired && (q.Valid || q.ExpiringWithin != 0):
		return errors.New("what has expired is not valid")
	case q.Valid && q.Revoked:
		return errors.New("what is revoked is not valid")
	case q.Instance != "" && q.Workload == "":
		return errors.New("an instance is one of a workload, which is not named")
	case q.Environment == "":
		return nil
	}
	return knows(ctx, f, q.Environment)
}

// knows refuses an environment that neither the configuration nor the record
// has: a mistyped name is no empty list.
func knows(ctx context.Context, f *folder.Folder, environment string) error {
	names := f.Config.EnvironmentNames()
	if slices.Contains(names, environment) {
		return nil
	}
	generations, err := f.Store.AllGenerations(ctx)
	if err != nil {
		return err
	}
	for _, g := range generations {
		if g.Environment == environment {
			return nil
		}
		if g.Environment != "" && !slices.Contains(names, g.Environment) {
			names = append(names, g.Environment)
		}
	}
	slices.Sort(names)
	return fmt.Errorf("there is no environment %q; there are %s", environment, strings.Join(names, ", "))
}

package inventory

import (
	"context"
	"fmt"
	"slices"
	"time"

	"anchorctl/internal/config"
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
	if len(found) == 0 && q.Workload != "" {
		if err := q.knownWorkload(ctx, f); err != nil {
			return Listing{}, err
		}
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

// QueryError says that no certificate can be what is asked for.
type QueryError struct{ Why string }

func (e *QueryError) Error() string { return e.Why }

func (q Query) check(ctx context.Context, f *folder.Folder) error {
	switch {
	case q.Expired && (q.Valid || q.ExpiringWithin != 0):
		return &QueryError{"what has expired is not valid"}
	case q.Valid && q.Revoked:
		return &QueryError{"what is revoked is not valid"}
	case q.Instance != "" && q.Workload == "":
		return &QueryError{"an instance is one of a workload, which is not named"}
	case q.Environment == "" && q.Generation == 0:
		return nil
	}
	return q.known(ctx, f)
}

// known refuses an environment that neither the configuration nor the record
// has, and a generation that is not on record: a mistyped name is no empty list.
func (q Query) known(ctx context.Context, f *folder.Folder) error {
	generations, err := f.Store.AllGenerations(ctx)
	if err != nil {
		return err
	}
	names, number := f.Config.EnvironmentNames(), q.Generation == 0
	for _, g := range generations {
		if g.Environment != "" && !slices.Contains(names, g.Environment) {
			names = append(names, g.Environment)
		}
		if g.Environment != "" && g.Number == q.Generation && (q.Environment == "" || q.Environment == g.Environment) {
			number = true
		}
	}
	slices.Sort(names)
	switch {
	case q.Environment != "" && !slices.Contains(names, q.Environment):
		return &config.UnknownEnvironmentError{Name: q.Environment, Known: names}
	case !number && q.Environment != "":
		return &QueryError{fmt.Sprintf("the issuer of %s has no generation %d", q.Environment, q.Generation)}
	case !number:
		return &QueryError{fmt.Sprintf("no issuer has a generation %d", q.Generation)}
	}
	return nil
}

// knownWorkload refuses a workload that neither the configuration nor the record
// has. It is asked when the list is empty.
func (q Query) knownWorkload(ctx context.Context, f *folder.Folder) error {
	for name, env := range f.Config.Environments {
		if (q.Environment == "" || name == q.Environment) && env.Workloads[q.Workload] != nil {
			return nil
		}
	}
	n, err := f.Store.CountIssued(ctx, store.Filter{Environment: q.Environment, Workload: q.Workload})
	if err != nil || n > 0 {
		return err
	}
	return &QueryError{fmt.Sprintf("there is no workload %q, and none was issued to", q.Workload)}
}

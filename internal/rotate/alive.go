package rotate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"anchorctl/internal/config"
	"anchorctl/internal/pki"
	"anchorctl/internal/plan"
	"anchorctl/internal/store"
)

// Certificate is one that lives still, as people look for it.
type Certificate struct {
	Workload string    `json:"workload"` // ENV/WORKLOAD or ENV/WORKLOAD@INSTANCE
	Serial   string    `json:"serial"`   // hexadecimal
	NotAfter time.Time `json:"notAfter"`
	Seen     time.Time `json:"seen,omitzero"` // by Roles Anywhere, since the cut-over
}

func (c Certificate) String() string {
	text := fmt.Sprintf("%s (serial %s, until %s", c.Workload, c.Serial, c.NotAfter.Format(time.RFC3339))
	if !c.Seen.IsZero() {
		text += ", seen " + c.Seen.Format(time.RFC3339)
	}
	return text + ")"
}

// living chooses what lives of a generation: what is revoked or has expired opens
// no session any more.
func (w World) living(environment string, generation int) store.Filter {
	return store.Filter{
		Environment: environment, Generation: generation, Revoked: new(bool), ValidAt: w.Folder.Clock.Now().Unix(), Order: store.EndsLast,
	}
}

// pageSize is how many certificates are read at once.
const pageSize = 1000

// owners are whom certificates are of.
type owners struct {
	names []string // sorted
	has   map[string]bool
}

// alive are the owners of what lives of a generation; the probe is nobody.
func (w World) alive(ctx context.Context, n store.Rotation, generation int) (owners, error) {
	o := owners{has: map[string]bool{}}
	filter := w.living(n.Environment, generation)
	filter.Order, filter.Limit = store.Newest, pageSize
	for {
		list, err := w.Folder.Store.ListIssued(ctx, filter)
		if err != nil {
			return o, fmt.Errorf("reading the certificates of %s: %w", plan.Issuer(n.Environment, generation), err)
		}
		for _, one := range list {
			if name := nameOf(one); !o.has[name] && one.Workload != config.ProbeWorkload {
				o.has[name] = true
				o.names = append(o.names, name)
			}
		}
		if len(list) < pageSize {
			slices.Sort(o.names)
			return o, nil
		}
		filter.Before = list[len(list)-1].Entry
	}
}

func nameOf(i store.Issued) string {
	return i.Environment + "/" + pki.WorkloadName(i.Workload, i.Instance)
}

func certificate(i store.Issued) Certificate {
	return Certificate{Workload: nameOf(i), Serial: i.Serial, NotAfter: time.Unix(i.NotAfter, 0).UTC()}
}

// SomeOf names a few of many, and says what they do, one of them or several.
func SomeOf(names []string, one, many string) string {
	const few = 5
	verb := many
	if len(names) == 1 {
		verb = one
	}
	if len(names) <= few {
		return strings.Join(names, ", ") + " " + verb
	}
	return fmt.Sprintf("%s and %d more %s", strings.Join(names[:few], ", "), len(names)-few, verb)
}

// Old is the issuer that a rotation leaves.
func Old(n store.Rotation) string { return from(n) }

// New is the issuer that it leads to.
func New(n store.Rotation) string { return to(n) }

func from(n store.Rotation) string {
	return store.Generation{Environment: n.Environment, Number: n.From}.Addr().String()
}

func to(n store.Rotation) string {
	return store.Generation{Environment: n.Environment, Number: n.To}.Addr().String()
}

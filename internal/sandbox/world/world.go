package world

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Version is the form of the state this package writes.
const Version = 1

// World is all the state of a sandbox.
type World struct {
	Version     int                 `json:"version"`
	ID          string              `json:"id"`
	ClockOffset time.Duration       `json:"clockOffset"`
	Seq         int                 `json:"seq"` // grows with each object made, and orders lists
	Accounts    map[string]*Account `json:"accounts"`
	Sessions    map[string]*Session `json:"sessions,omitempty"` // by access key id
}

// Account is an AWS account.
type Account struct {
	ID         string             `json:"id"`
	Partition  string             `json:"partition"`
	AccessKeys []AccessKey        `json:"accessKeys"`
	Roles      map[string]*Role   `json:"roles,omitempty"`    // by name, without the path
	Policies   map[string]*Policy `json:"policies,omitempty"` // customer-managed, by ARN
	Regions    map[string]*Region `json:"regions,omitempty"`
}

// AccessKey is a long-lived key of an account's administrator.
type AccessKey struct {
	ID      string `json:"id"`
	Secret  string `json:"secret,omitempty"`
	User    string `json:"user"`
	UserID  string `json:"userId"`
	Profile string `json:"profile"` // the name of its section in an AWS configuration file
}

// Region holds the objects of one account in one region.
type Region struct {
	Anchors  []*Anchor  `json:"anchors,omitempty"`
	Profiles []*Profile `json:"profiles,omitempty"`
	CRLs     []*CRL     `json:"crls,omitempty"`
	Subjects []*Subject `json:"subjects,omitempty"`
}

// New is an empty world with a new id.
func New() *World {
	return &World{Version: Version, ID: uuid.NewString(), Accounts: map[string]*Account{}, Sessions: map[string]*Session{}}
}

// Decode reads a world as Encode wrote it.
func Decode(data []byte) (*World, error) {
	w := New()
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(w); err != nil {
		return nil, fmt.Errorf("reading the sandbox's state: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("reading the sandbox's state: something stands behind it")
	}
	if w.Version != Version {
		return nil, fmt.Errorf("reading the sandbox's state: it has version %d, this program knows version %d", w.Version, Version)
	}
	if _, err := uuid.Parse(w.ID); err != nil {
		return nil, fmt.Errorf("reading the sandbox's state: its id %q is not a UUID", w.ID)
	}
	if w.Accounts == nil {
		w.Accounts = map[string]*Account{}
	}
	return w, w.whole()
}

// whole holds that no object is missing where one is named.
func (w *World) whole() error {
	for id, a := range w.Accounts {
		if a == nil || a.ID != id {
			return fmt.Errorf("reading the sandbox's state: account %q is null or another", id)
		}
		for name, r := range a.Roles {
			if r == nil {
				return fmt.Errorf("reading the sandbox's state: role %q is null", name)
			}
		}
		for arn, p := range a.Policies {
			if p == nil {
				return fmt.Errorf("reading the sandbox's state: policy %q is null", arn)
			}
		}
		for name, r := range a.Regions {
			if r == nil || slices.Contains(r.Anchors, nil) || slices.Contains(r.Profiles, nil) ||
				slices.Contains(r.CRLs, nil) || slices.Contains(r.Subjects, nil) {
				return fmt.Errorf("reading the sandbox's state: region %q of account %q has a null", name, id)
			}
		}
	}
	for id, s := range w.Sessions {
		if s == nil {
			return fmt.Errorf("reading the sandbox's state: session %q is null", id)
		}
	}
	return nil
}

// Encode writes the world as JSON.
func (w *World) Encode() ([]byte, error) {
	data, err := json.MarshalIndent(w, "", " ")
	if err != nil {
		return nil, fmt.Errorf("writing the sandbox's state: %w", err)
	}
	return append(data, '\n'), nil
}

// Clone is a copy that shares nothing with w.
func (w *World) Clone() (*World, error) {
	data, err := w.Encode()
	if err != nil {
		return nil, err
	}
	return Decode(data)
}

// Public is a copy without any secret.
func (w *World) Public() (*World, error) {
	c, err := w.Clone()
	if err != nil {
		return nil, err
	}
	for _, a := range c.Accounts {
		for i := range a.AccessKeys {
			a.AccessKeys[i].Secret = ""
		}
	}
	for _, s := range c.Sessions {
		s.Secret, s.Token = "", ""
	}
	return c, nil
}

// Next is the next number of an object.
func (w *World) Next() int {
	w.Seq++
	return w.Seq
}

// AccountIDs are the accounts, sorted.
func (w *World) AccountIDs() []string {
	ids := make([]string, 0, len(w.Accounts))
	for id := range w.Accounts {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// In is the region of an account; it is made when it is not there.
func (a *Account) In(region string) *Region {
	if a.Regions == nil {
		a.Regions = map[string]*Region{}
	}
	if a.Regions[region] == nil {
		a.Regions[region] = &Region{}
	}
	return a.Regions[region]
}

// ARN is the ARN of something of this account; region is empty for what is
// global.
func (a *Account) ARN(service, region, resource string) string {
	return "arn:" + a.Partition + ":" + service + ":" + region + ":" + a.ID + ":" + resource
}

// PartitionOf is the partition a region belongs to.
// https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
func PartitionOf(region string) string {
	for _, p := range []struct{ prefix, partition string }{
		{"cn-", "aws-cn"}, {"us-gov-", "aws-us-gov"}, {"eusc-", "aws-eusc"},
	} {
		if strings.HasPrefix(region, p.prefix) {
			return p.partition
		}
	}
	return "aws"
}

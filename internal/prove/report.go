package prove

import (
	"time"

	"anchorctl/internal/rules"
)

// The forms of a proof.
const (
	Offline = "offline" // a model of what the configuration would make
	Model   = "model"   // a model over what AWS holds
	Live    = "live"    // real requests
)

// Report is a proof and what it rests on.
type Report struct {
	Form   string    `json:"form"`
	Proven bool      `json:"proven"`
	At     time.Time `json:"at"`

	Workloads int `json:"workloads"`
	Anchors   int `json:"anchors"`
	Profiles  int `json:"profiles"`
	Roles     int `json:"roles"`

	Totals    Counts          `json:"totals"`
	Matrix    []Line          `json:"matrix"`
	Leaks     []Leak          `json:"leaks"`
	Blocked   []Blocked       `json:"blocked"`
	Rows      []Row           `json:"rows"`
	NotTested []NotTested     `json:"notTested"`
	Notices   []string        `json:"notices"`
	Findings  []rules.Finding `json:"-"` // shown in the envelope
}

// Counts are tuples by what they came to.
type Counts struct {
	Tuples   int `json:"tuples"`
	Granted  int `json:"granted"` // as the configuration grants them
	Denied   int `json:"denied"`
	Leaking  int `json:"leaking"`
	Blocked  int `json:"blocked"`
	Untested int `json:"untested"`
	// Disabled are those among all these that are denied now because an anchor
	// or a profile is disabled, and were judged as if it were enabled.
	Disabled int            `json:"disabled"`
	Gates    map[string]int `json:"gates"` // those denied, by the gate that closes
}

// Line is one workload and the roles of one environment ("" for the roles of
// none).
type Line struct {
	Workload    string `json:"workload"`
	Environment string `json:"environment"`
	Counts
}

// Row is one tuple, or several that come to the same for the same reason.
type Row struct {
	Workload string `json:"workload"` // or "any certificate"
	Issuer   string `json:"issuer,omitempty"`
	Anchor   string `json:"anchor"`
	Profile  string `json:"profile"` // "*": every one; "elsewhere": every one of other accounts and regions
	Role     string `json:"role"`    // "*": every one; "unlisted": every one that the profile does not list
	Tuples   int    `json:"tuples"`
	Expected string `json:"expected"` // granted, denied, or either
	Verdict  string `json:"verdict"`  // granted, denied, unclear, untested
	Gate     string `json:"gate,omitempty"`
	// Disabled is the gate of what is disabled: it closes now, and the verdict
	// is the one without it.
	Disabled string `json:"disabled,omitempty"`
	Why      string `json:"why,omitempty"`
}

// What a tuple can come to.
const (
	Granted  = "granted"
	Denied   = "denied"
	Unclear  = "unclear" // the documentation does not say: counted as granted
	Untested = "untested"
)

// What a row can stand for besides one tuple.
const (
	Every          = "*"
	Elsewhere      = "elsewhere"
	Unlisted       = "unlisted"
	AnyCertificate = "any certificate"
)

// Leak is a pair that isolation should keep apart.
type Leak struct {
	// Kind is session, when the tuple gets one; path, when a certificate leads
	// to an anchor that is not its environment's, whatever the roles say; or
	// certificate, when some certificate under an anchor could get the role.
	Kind     string `json:"kind"`
	Workload string `json:"workload"`
	Anchor   string `json:"anchor"`
	Profile  string `json:"profile,omitempty"`
	Role     string `json:"role,omitempty"`
	Verdict  string `json:"verdict"`
	Disabled bool   `json:"disabled"` // something on the way is disabled now
	Waived   bool   `json:"waived"`
	Rule     string `json:"rule"`
	Why      string `json:"why"`
}

// The kinds of leaks.
const (
	KindSession     = "session"
	KindPath        = "path"
	KindCertificate = "certificate"
)

// Blocked is a session that the configuration grants and that is denied.
type Blocked struct {
	Workload string `json:"workload"`
	Anchor   string `json:"anchor"`
	Profile  string `json:"profile"`
	Role     string `json:"role"`
	Gate     string `json:"gate"`
	Why      string `json:"why"`
}

// NotTested is what the proof says nothing of.
type NotTested struct {
	What string `json:"what"`
	Why  string `json:"why"`
	// Open: without it nothing is proven.
	Open bool `json:"open"`
}

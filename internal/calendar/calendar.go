package calendar

import "time"

// How something on the calendar stands.
const (
	OK         = "ok"
	RotateSoon = "rotate soon" // its rotate-by date is within 30 days
	RotateNow  = "rotate now"  // its rotate-by date has passed
	EndsSoon   = "ends soon"   // within 30 days
	Expired    = "expired"
	Due        = "due"     // a new revocation list is to be signed
	Late       = "late"    // half of the list's time is over, and there is no newer one
	Stale      = "stale"   // its next update has passed
	Overdue    = "overdue" // a certificate that should have been renewed
)

// Calendar is when everything ends.
type Calendar struct {
	At          time.Time   `json:"at"`
	Authorities []Authority `json:"authorities"` // the root's generations, then the issuers', but for retired ones
	Anchors     []Anchor    `json:"anchors"`     // read live
	Lists       []List      `json:"lists"`       // the newest revocation list of each issuer that has one, or should
	Workloads   []Fleet     `json:"workloads"`   // by environment
	NotRead     []NotRead   `json:"notRead"`
	Within      *Within     `json:"within,omitempty"` // when it was asked
}

// Authority is a generation of the root or of an issuer.
type Authority struct {
	Addr        string     `json:"addr"`
	Environment string     `json:"environment"` // empty for the root
	Status      string     `json:"status"`
	NotAfter    time.Time  `json:"notAfter"`
	DaysLeft    int        `json:"daysLeft"` // negative: ended so many days ago, begun ones included
	RotateBy    *time.Time `json:"rotateBy,omitempty"`
	State       string     `json:"state"`
}

// Anchor is what a trust anchor holds.
type Anchor struct {
	Addr         string        `json:"addr"`
	Environment  string        `json:"environment"`
	Certificates []Certificate `json:"certificates"` // those that end first first
	NotAfter     time.Time     `json:"notAfter"`     // the soonest end
	DaysLeft     int           `json:"daysLeft"`
	State        string        `json:"state"`
}

// Certificate is one that an anchor holds. Name is its address, or the subject
// of one that is no generation of ours.
type Certificate struct {
	Name     string    `json:"name"`
	NotAfter time.Time `json:"notAfter"`
}

// List is the newest revocation list of an issuer.
type List struct {
	Issuer     string     `json:"issuer"`
	NextUpdate *time.Time `json:"nextUpdate,omitempty"` // there is none before the first list
	DaysLeft   int        `json:"daysLeft"`
	Due        string     `json:"due,omitempty"` // why a new one is to be signed
	State      string     `json:"state"`
}

// Fleet is the workload certificates of an environment.
type Fleet struct {
	Environment string    `json:"environment"`
	Valid       int       `json:"valid"`
	First       *Workload `json:"first,omitempty"` // the valid one that ends first, renewed or not
	// Ending are the valid ones that end within Window, the last third of the
	// longest life: the time in which they are renewed.
	Ending int    `json:"ending"`
	Window string `json:"window"`
	// Expired and Overdue count workloads whose newest certificate has ended, or
	// should have been renewed. Unrenewed are those of them that end first.
	// There may be more than were counted, when More is set.
	Expired   int        `json:"expired"`
	Overdue   int        `json:"overdue"`
	More      bool       `json:"more"`
	Unrenewed []Workload `json:"unrenewed"`
}

// Workload is a certificate of a workload.
type Workload struct {
	Name     string    `json:"name"` // ENV/WORKLOAD, or ENV/WORKLOAD@INSTANCE
	Issuer   string    `json:"issuer"`
	Serial   string    `json:"serialHex"`
	NotAfter time.Time `json:"notAfter"`
	State    string    `json:"state"`
}

// NotRead is something of which the end is not known.
type NotRead struct {
	Addr string `json:"addr"`
	Why  string `json:"why"`
}

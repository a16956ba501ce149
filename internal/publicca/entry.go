package publicca

import (
	"crypto"
	"crypto/sha256"
	"time"
)

// Kind is what the world knows a key as.
type Kind string

// The kinds. A key that is known as several is shown as the first of them.
const (
	Root         Kind = "root"
	Intermediate Kind = "intermediate"
	PublishedKey Kind = "published key" // its private half is there for everybody to use
	TestCA       Kind = "test CA"
)

// Kinds are the kinds in the order in which they win.
func Kinds() []Kind { return []Kind{Root, Intermediate, PublishedKey, TestCA} }

// Entry is one key of the set.
type Entry struct {
	Kind   Kind   `json:"kind"`
	Name   string `json:"name"`   // the subject of its certificate, or the file it was found in
	Source string `json:"source"` // the first of the lists it is in
}

// What says in words what the entry is, for a sentence that names it.
func (e Entry) What() string {
	switch e.Kind {
	case Root, Intermediate:
		return "public " + string(e.Kind)
	case TestCA:
		return "open " + string(e.Kind)
	default:
		return string(e.Kind)
	}
}

// Record is all that the embedded set holds of one key: what its generator
// wrote, and what a test may want to see.
type Record struct {
	Entry

	Key          crypto.PublicKey // nil where only hashes are known
	Certificates []Hash           // of the certificates that carry it, the one that names it first
	SPKI         Hash             // of its SubjectPublicKeyInfo, where only hashes are known
	Rank         Rank
	Subject      Mark  // of its name
	Identifier   Mark  // of its subject key identifier
	Sources      []int // where it was found, as places in Sources
}

// Hash is the first half of a SHA-256. Nobody finds another certificate or key
// with the same half either, and who found one would gain a refusal by it.
type Hash [16]byte

// HashOf is the hash of something.
func HashOf(b []byte) Hash {
	sum := sha256.Sum256(b)
	return Hash(sum[:16])
}

// Mark is what the set keeps of a name or an identifier, to find quickly those
// that a certificate names as its issuer. It proves nothing.
type Mark [4]byte

// MarkOf is the mark of something, zero of nothing and of the empty name, which
// would mark too many.
func MarkOf(b []byte) Mark {
	if len(b) <= 2 {
		return Mark{}
	}
	sum := sha256.Sum256(b)
	return Mark(sum[:4])
}

// Rank orders what may give a key its name.
type Rank byte

// The ranks, the best first.
const (
	SelfIssued Rank = iota
	Issued
	KeyAlone
)

// Source is one package from which keys were taken.
type Source struct {
	Name    string    `json:"name"`    // what it is: "Debian's ca-certificates"
	Kind    string    `json:"kind"`    // store, former store, intermediates, open CAs or published keys
	Package string    `json:"package"` // go:, npm:, deb: or deb-src: and the package's name, or data: and a file of the repository
	Version string    `json:"version"`
	Date    time.Time `json:"date,omitzero"` // when it was made, where that is known
	SHA256  string    `json:"sha256"`
	Count   int       `json:"count"` // of the set's keys, those that it has
}

// Kinds of sources.
const (
	Store         = "store"          // what a program or a system trusts now
	FormerStore   = "former store"   // what one trusted once
	Intermediates = "intermediates"  // what public roots have signed
	OpenCAs       = "open CAs"       // CAs that sign for everybody
	Published     = "published keys" // keys whose private half is in the package
)

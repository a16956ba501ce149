package publicca

import (
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	_ "embed"
	"encoding/json"
	"fmt"
	"iter"
	"math/bits"
	"slices"
	"sync"
	"time"

	"anchorctl/internal/signature"
)

//go:embed set.bin
var embeddedSet string

//go:embed sources.json
var embeddedSources string

// MaxAge is how old the set may be before whoever relies on it should be told.
const MaxAge = 180 * 24 * time.Hour

// Set is the public CAs. It reads itself when it is first asked, once.
type Set struct {
	file, list string

	once    sync.Once
	records []record
	sources []Source
	names   func() ([]string, error)
	byKey   map[[sha256.Size]byte]int
	bySPKI  map[Hash]int
	byCert  map[Hash]int
	named   map[Mark][]int // by subject and by identifier
	err     error
}

// Load is the embedded set. It costs nothing until it is asked; whoever judges
// many certificates loads it once.
func Load() *Set { return Open(embeddedSet, embeddedSources) }

// Open is a set from the two files that the generator writes.
func Open(set, sources string) *Set { return &Set{file: set, list: sources} }

// Err is what went wrong while the set was read. A set with an error knows
// nothing, so nothing may be admitted by it.
func (s *Set) Err() error {
	s.once.Do(s.read)
	return s.err
}

// Count is the number of keys in the set.
func (s *Set) Count() int {
	s.once.Do(s.read)
	return len(s.records)
}

// Hashed is the number of keys of which only hashes are known.
func (s *Set) Hashed() int {
	s.once.Do(s.read)
	return len(s.bySPKI)
}

// CountOf is the number of keys of a kind.
func (s *Set) CountOf(kind Kind) int {
	s.once.Do(s.read)
	n := 0
	for i := range s.records {
		if s.records[i].kind == kind {
			n++
		}
	}
	return n
}

// Date is when the newest of the current stores was made that the set has taken
// in. That is what ages: a CA that came into the world later is missing. Former
// stores and test keys are history, which does not age.
func (s *Set) Date() time.Time {
	s.once.Do(s.read)
	var newest time.Time // where nothing could be read: reported as too old
	for _, source := range s.sources {
		if source.Kind == Store && source.Date.After(newest) {
			newest = source.Date
		}
	}
	return newest
}

// Stale reports whether the set is older than MaxAge.
func (s *Set) Stale(now time.Time) bool { return now.Sub(s.Date()) > MaxAge }

// Sources are the packages that the set was made from.
func (s *Set) Sources() []Source {
	s.once.Do(s.read)
	return slices.Clone(s.sources)
}

func (s *Set) read() {
	if err := s.index(); err != nil {
		s.err = fmt.Errorf("reading the public CAs: %w", err)
		s.records, s.sources, s.byKey, s.bySPKI, s.byCert, s.named = nil, nil, nil, nil, nil, nil
	}
}

func (s *Set) index() error {
	if err := json.Unmarshal([]byte(s.list), &s.sources); err != nil {
		return err
	}
	records, sources, names, err := decode([]byte(s.file))
	switch {
	case err != nil:
		return err
	case len(records) == 0:
		return fmt.Errorf("%w: it is empty", errBroken)
	case sources != len(s.sources):
		return fmt.Errorf("%w: it was made from %d sources, not from %d", errBroken, sources, len(s.sources))
	}
	s.records = records
	s.names = sync.OnceValues(func() ([]string, error) { return readNames(names, len(records)) })
	s.byKey, s.bySPKI = map[[sha256.Size]byte]int{}, make(map[Hash]int, len(records))
	s.byCert, s.named = make(map[Hash]int, len(records)/2), map[Mark][]int{}
	for i := range records {
		if err := s.add(i); err != nil {
			return err
		}
	}
	return nil
}

func (s *Set) add(i int) error {
	r := &s.records[i]
	for hash := range slices.Chunk(r.certs, len(Hash{})) {
		s.byCert[Hash(hash)] = i
	}
	if r.spki != nil {
		s.bySPKI[Hash(r.spki)] = i
		return nil
	}
	digest, err := r.digest()
	if err != nil {
		return err
	}
	s.byKey[digest] = i
	for _, mark := range []Mark{r.subject, r.ident} {
		if mark != (Mark{}) {
			s.named[mark] = append(s.named[mark], i)
		}
	}
	return nil
}

// entry is what others are told of a record.
func (s *Set) entry(i int) Entry {
	r := &s.records[i]
	e := Entry{Kind: r.kind, Name: "unknown"}
	if names, err := s.names(); err == nil {
		e.Name = names[i]
	}
	if at := sourcesOf(r.sources); len(at) > 0 && at[0] < len(s.sources) {
		e.Source = s.sources[at[0]].Name + " " + s.sources[at[0]].Version
	}
	return e
}

// sourcesOf are the places of the bits that are set.
func sourcesOf(set []byte) []int {
	var at []int
	for i, b := range set {
		for ; b != 0; b &= b - 1 {
			at = append(at, 8*i+bits.TrailingZeros8(b))
		}
	}
	return at
}

// Equal finds the entry that has this very certificate.
func (s *Set) Equal(c *x509.Certificate) (Entry, bool) {
	s.once.Do(s.read)
	i, ok := s.byCert[HashOf(c.Raw)]
	if !ok {
		return Entry{}, false
	}
	return s.entry(i), true
}

// Key finds the entry that has this key.
func (s *Set) Key(pub crypto.PublicKey) (Entry, bool) {
	i, ok := s.find(pub)
	if !ok {
		return Entry{}, false
	}
	return s.entry(i), true
}

func (s *Set) find(pub crypto.PublicKey) (int, bool) {
	s.once.Do(s.read)
	digest, ok := Digest(pub)
	if !ok {
		return 0, false
	}
	if i, ok := s.byKey[digest]; ok {
		return i, true
	}
	for _, hash := range spkiHashes(pub) {
		if i, ok := s.bySPKI[hash]; ok {
			return i, true
		}
	}
	return 0, false
}

// KeyOf finds the entry whose key the certificate carries, however it is
// written there.
func (s *Set) KeyOf(c *x509.Certificate) (Entry, bool) {
	return s.Key(signature.KeyOf(c))
}

// All are the records of the set.
func (s *Set) All() iter.Seq[Record] {
	s.once.Do(s.read)
	return func(yield func(Record) bool) {
		for i := range s.records {
			r := &s.records[i]
			record := Record{
				Entry: s.entry(i), Rank: r.rank, Subject: r.subject, Identifier: r.ident, Sources: sourcesOf(r.sources),
			}
			for hash := range slices.Chunk(r.certs, len(Hash{})) {
				record.Certificates = append(record.Certificates, Hash(hash))
			}
			if r.spki != nil {
				record.SPKI = Hash(r.spki)
			} else if key, err := r.public(); err == nil {
				record.Key = key
			}
			if !yield(record) {
				return
			}
		}
	}
}

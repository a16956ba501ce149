package publicca

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// bundleVersion is the version of golang.org/x/crypto/x509roots/fallback that
// is linked in. A test compares it with go.mod.
const bundleVersion = "v0.0.0-20261030153154-30a33513ff6d"

// MaxAge is how old the set may be before whoever relies on it should be told.
const MaxAge = 180 * 24 * time.Hour

// Entry is one public CA.
type Entry struct {
	Name        string `json:"name"`        // its subject
	Source      string `json:"source"`      // the list it was found in
	Fingerprint string `json:"fingerprint"` // SHA-256 of its certificate, lower-case hexadecimal
}

// Source is one list of public CAs.
type Source struct {
	Name    string    `json:"name"`
	Version string    `json:"version"`
	Date    time.Time `json:"date"`
	Count   int       `json:"count"`
}

// Set is the public CAs. It reads itself when it is first asked, once.
type Set struct {
	once  sync.Once
	known []known
	byKey map[[sha256.Size]byte]int
	err   error
}

type known struct {
	Entry

	key        crypto.PublicKey
	subject    []byte
	identifier []byte
}

// Load is the embedded set. It costs nothing until it is asked; whoever judges
// many certificates loads it once.
func Load() *Set { return &Set{} }

// Err is what went wrong while the set was read. A set with an error knows
// nothing, so nothing may be admitted by it.
func (s *Set) Err() error {
	s.once.Do(s.read)
	return s.err
}

// Count is the number of keys in the set.
func (s *Set) Count() int {
	s.once.Do(s.read)
	return len(s.known)
}

// Date is when the oldest of the sources was made.
func (s *Set) Date() time.Time {
	parts := strings.Split(bundleVersion, "-")
	date, err := time.Parse("20060102150405", parts[1])
	if err != nil {
		return time.Time{} // older than anything: it is then reported as too old
	}
	return date.UTC()
}

// Stale reports whether the set is older than MaxAge.
func (s *Set) Stale(now time.Time) bool { return now.Sub(s.Date()) > MaxAge }

// Sources are the lists that the set was made from.
func (s *Set) Sources() []Source {
	return []Source{{Name: sourceMozilla, Version: bundleVersion, Date: s.Date(), Count: s.Count()}}
}

const sourceMozilla = "Mozilla NSS, by golang.org/x/crypto/x509roots"

func (s *Set) read() {
	s.byKey = map[[sha256.Size]byte]int{}
	for root := range bundle.Roots() {
		c, err := x509.ParseCertificate(root.Certificate)
		if err != nil {
			s.err = fmt.Errorf("reading the public CAs: %w", err)
			break
		}
		digest, ok := digestOf(c.PublicKey)
		if !ok {
			s.err = fmt.Errorf("reading the public CAs: %q has a key of an unknown kind", c.Subject.String())
			break
		}
		if _, twice := s.byKey[digest]; twice {
			continue
		}
		sum := sha256.Sum256(c.Raw)
		s.byKey[digest] = len(s.known)
		s.known = append(s.known, known{
			Entry: Entry{Name: c.Subject.String(), Source: sourceMozilla, Fingerprint: hex.EncodeToString(sum[:])},
			key:   c.PublicKey, subject: c.RawSubject, identifier: c.SubjectKeyId,
		})
	}
	if s.err == nil && len(s.known) == 0 {
		s.err = fmt.Errorf("reading the public CAs: %s is empty", sourceMozilla)
	}
	if s.err != nil {
		s.known, s.byKey = nil, nil
	}
}

// digestOf identifies a key, however a certificate writes it (absent or NULL
// parameters, padding), by what its owner alone can use: an RSA modulus with
// whatever exponent, and a point on a curve with whatever sign, since whoever
// holds the one private key holds the other.
func digestOf(pub crypto.PublicKey) ([sha256.Size]byte, bool) {
	var kind, value []byte
	switch key := pub.(type) {
	case nil:
		return [sha256.Size]byte{}, false
	case *rsa.PublicKey:
		kind, value = []byte("rsa"), key.N.Bytes()
	case *ecdsa.PublicKey:
		point, err := key.Bytes()
		if err != nil {
			return [sha256.Size]byte{}, false
		}
		kind, value = []byte(key.Curve.Params().Name), point[1:1+len(point)/2]
	default:
		spki, err := x509.MarshalPKIXPublicKey(pub)
		if err != nil {
			return [sha256.Size]byte{}, false
		}
		kind, value = []byte("spki"), spki
	}
	return sha256.Sum256(bytes.Join([][]byte{kind, value}, []byte{0})), true
}

// Key finds the public CA that has this key.
func (s *Set) Key(pub crypto.PublicKey) (Entry, bool) {
	s.once.Do(s.read)
	digest, ok := digestOf(pub)
	if !ok {
		return Entry{}, false
	}
	i, ok := s.byKey[digest]
	if !ok {
		return Entry{}, false
	}
	return s.known[i].Entry, true
}

// KeyOf finds the public CA whose key the certificate carries, also where the
// certificate declares the key for a scheme that Go gives no key for.
func (s *Set) KeyOf(c *x509.Certificate) (Entry, bool) {
	if c.PublicKey != nil {
		return s.Key(c.PublicKey)
	}
	key, ok := hiddenRSA(c.RawSubjectPublicKeyInfo)
	if !ok {
		return Entry{}, false
	}
	return s.Key(key)
}

// hiddenRSA is the RSA key of a SubjectPublicKeyInfo that says RSASSA-PSS or
// RSAES-OAEP (RFC 4055 section 1.2): the same key, under another label.
func hiddenRSA(spki []byte) (*rsa.PublicKey, bool) {
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(spki, &info); err != nil {
		return nil, false
	}
	pkcs1 := asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1}
	if id := info.Algorithm.Algorithm; len(id) != 7 || !id[:6].Equal(pkcs1) || id[6] != 7 && id[6] != 10 {
		return nil, false
	}
	key, err := x509.ParsePKCS1PublicKey(info.Key.RightAlign())
	return key, err == nil
}

// IssuerOf finds the public CA under whose key the certificate's signature
// verifies, whatever the certificate says about its issuer. Those that it names
// come first: then the answer is quick.
func (s *Set) IssuerOf(c *x509.Certificate) (Entry, bool) {
	s.once.Do(s.read)
	for i := range s.known {
		if k := &s.known[i]; k.named(c) && signed(c, k.key) {
			return k.Entry, true
		}
	}
	if ecdsaAlgorithm(c.SignatureAlgorithm) {
		for _, key := range signers(c) {
			if entry, found := s.Key(key); found && signed(c, key) {
				return entry, true
			}
		}
		return Entry{}, false
	}
	for i := range s.known {
		if k := &s.known[i]; signed(c, k.key) {
			return k.Entry, true
		}
	}
	return Entry{}, false
}

func (k *known) named(c *x509.Certificate) bool {
	return bytes.Equal(c.RawIssuer, k.subject) ||
		len(c.AuthorityKeyId) > 0 && bytes.Equal(c.AuthorityKeyId, k.identifier)
}

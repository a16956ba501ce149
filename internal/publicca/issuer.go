package publicca

import (
	"crypto"
	"crypto/x509"
	"encoding/binary"
	"slices"
)

// IssuerOf finds the entry under whose key the certificate's signature verifies,
// whatever the certificate says about its issuer. Those that it names come
// first, and an ECDSA signature tells its key: then the answer is quick. Trying
// all RSA keys is not, and is left out where one of the given keys, which the
// caller looks up too, has made the signature.
func (s *Set) IssuerOf(c *x509.Certificate, at ...crypto.PublicKey) (Entry, bool) {
	s.once.Do(s.read)
	for _, i := range s.namedBy(c) {
		if key, err := s.records[i].public(); err == nil && signed(c, key) {
			return s.entry(i), true
		}
	}
	if ecdsaAlgorithm(c.SignatureAlgorithm) {
		for _, key := range signers(c) {
			if i, found := s.find(key); found && signed(c, key) {
				return s.entry(i), true
			}
		}
		return Entry{}, false
	}
	if slices.ContainsFunc(at, func(key crypto.PublicKey) bool { return signed(c, key) }) {
		return Entry{}, false
	}
	for i := range s.records {
		if r := &s.records[i]; r.maySign(c) {
			if key, err := r.public(); err == nil && signed(c, key) {
				return s.entry(i), true
			}
		}
	}
	return Entry{}, false
}

// namedBy are the records that the certificate names as its issuer.
func (s *Set) namedBy(c *x509.Certificate) []int {
	return slices.Concat(s.named[MarkOf(c.AuthorityKeyId)], s.named[MarkOf(c.RawIssuer)])
}

// maySign leaves out, before any arithmetic, the keys that cannot have made the
// signature: one of RSA is as long as the modulus, and a smaller number.
func (r *record) maySign(c *x509.Certificate) bool {
	if r.algorithm != keyRSA {
		return false
	}
	_, size := binary.Uvarint(r.key)
	modulus := r.key[size:]
	return len(modulus) == len(c.Signature) && string(c.Signature) < string(modulus)
}

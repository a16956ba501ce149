package publicca

import (
	"crypto"
	"crypto/x509"
	"encoding/binary"
	"math/big"
	"slices"

	"anchorctl/internal/signature"
)

// IssuerOf finds the entry under whose key the certificate's signature verifies,
// whatever the certificate says about its issuer. Those that it names come
// first, and an ECDSA signature tells its key: then the answer is quick. Trying
// all RSA keys is not, and is left out where one of the given keys, which the
// caller looks up too, has made the signature.
func (s *Set) IssuerOf(c *x509.Certificate, at ...crypto.PublicKey) (Entry, bool) {
	s.once.Do(s.read)
	for _, i := range s.namedBy(c) {
		if key, err := s.records[i].public(); err == nil && signature.Verifies(c, key) {
			return s.entry(i), true
		}
	}
	if how := signature.SchemeOf(c); how.Kind == x509.ECDSA {
		for _, key := range signers(c, how.Hash) {
			if i, found := s.find(key); found && signature.Verifies(c, key) {
				return s.entry(i), true
			}
		}
		return Entry{}, false
	}
	if slices.ContainsFunc(at, func(key crypto.PublicKey) bool { return signature.Verifies(c, key) }) {
		return Entry{}, false
	}
	number := new(big.Int).SetBytes(c.Signature)
	for i := range s.records {
		if r := &s.records[i]; r.maySign(c, number) {
			if key, err := r.public(); err == nil && signature.Verifies(c, key) {
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

// maySign leaves out the RSA keys that cannot have made the signature: one is as
// long as the modulus and a smaller number, and opens to a number that begins as
// PKCS #1 version 1.5 does or ends as PSS does (RFC 8017 sections 9.1.1 and 9.2).
// math/big opens it in a third of the time that crypto/rsa takes for long keys.
func (r *record) maySign(c *x509.Certificate, number *big.Int) bool {
	if r.algorithm != keyRSA {
		return false
	}
	e, size := binary.Uvarint(r.key)
	modulus := r.key[size:]
	if len(modulus) != len(c.Signature) || string(c.Signature) >= string(modulus) {
		return false
	}
	opened := new(big.Int).Exp(number, new(big.Int).SetUint64(e), new(big.Int).SetBytes(modulus))
	return opened.BitLen() == 8*(len(modulus)-2)+1 || new(big.Int).And(opened, big.NewInt(0xff)).Int64() == 0xbc
}

package publicca

import (
	"crypto/ecdsa"
	"crypto/x509"

	"anchorctl/internal/signature"
)

// Signers is signers, for tests.
func Signers(c *x509.Certificate) []*ecdsa.PublicKey {
	return signers(c, signature.SchemeOf(c).Hash)
}

// Embedded are the two files of the set.
func Embedded() (set, sources string) { return embeddedSet, embeddedSources }

package publicca

import (
	"crypto/ecdsa"
	"crypto/x509"
)

// Signers is signers, for tests.
func Signers(c *x509.Certificate) []*ecdsa.PublicKey { return signers(c) }

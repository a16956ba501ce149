package admission

import "crypto/x509"

// Admitted is a certificate that may become a trust anchor. Only Admit makes
// one: what takes an Admitted needs no check of its own, and nothing else can
// reach AWS. The zero Admitted holds no certificate and is refused by all who
// take one.
type Admitted struct {
	cert *x509.Certificate
}

// Certificate is the admitted certificate, or nil for the zero Admitted.
func (a Admitted) Certificate() *x509.Certificate { return a.cert }

package admission

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"anchorctl/internal/pki"
	"anchorctl/internal/signature"
)

// checkQuality: keys, signatures, serial numbers, versions, dates, extensions
// and subjects of every certificate of the case (ANC005).
func checkQuality(j *judgement) {
	for _, e := range j.elements {
		for _, wrong := range []string{
			badKey(e.cert.PublicKey),
			badSignature(e.cert),
			badVersion(e.cert.Version),
			badSerial(e.cert.SerialNumber),
			badDates(e.cert, j.Now),
			badExtensions(e.cert),
			badSubject(e.cert),
		} {
			if wrong != "" {
				j.find("ANC005", e.name, "%s", wrong)
			}
		}
		if key, ok := e.cert.PublicKey.(*ecdsa.PublicKey); ok && key.Curve.Params().BitSize == 521 {
			j.warn("ANC005", e.name, "the key is on P-521, which few clients can use; P-256 or P-384 is better")
		}
	}
	// What the issuer is called becomes session tags of every workload below it.
	if wrong := badTags(j.candidate); wrong != "" {
		j.find("ANC005", candidate, "%s", wrong)
	}
	j.checkPrimes()
	j.checkLength()
}

// checkPrimes: no other key that is at hand has a prime of the candidate's.
func (j *judgement) checkPrimes() {
	key, ok := j.candidate.PublicKey.(*rsa.PublicKey)
	if !ok || j.endless {
		return
	}
	for _, e := range j.elements[1:] {
		if other, ok := e.cert.PublicKey.(*rsa.PublicKey); ok && sharedPrime(key, other) {
			j.find("ANC005", e.name, "its RSA key has a prime in common with that of the certificate: both private keys can be worked out")
		}
	}
	for _, use := range j.Others {
		if use.Certificate == nil {
			continue // checkShared says so
		}
		if other, ok := use.Certificate.PublicKey.(*rsa.PublicKey); ok && sharedPrime(key, other) {
			j.find("ANC005", candidate, "the RSA key has a prime in common with that of %s: both private keys can be worked out", use.By)
		}
	}
}

// checkLength warns of an issuer that is proven and lives longer than any that
// is made here: whoever takes its key keeps it for as long.
func (j *judgement) checkLength() {
	lifetime := j.candidate.NotAfter.Sub(j.candidate.NotBefore)
	if len(j.path) > 1 && lifetime > pki.MaxIssuerLifetime+pki.BackDate+24*time.Hour {
		j.warn("ANC005", candidate, "certificate lives for %d days, an issuer should for at most %d: a stolen key opens sessions for as long",
			int(lifetime/(24*time.Hour)), int(pki.MaxIssuerLifetime/(24*time.Hour)))
	}
}

func badKey(pub any) string {
	switch key := pub.(type) {
	case *rsa.PublicKey:
		return badRSA(key)
	case *ecdsa.PublicKey:
		switch key.Curve.Params().BitSize {
		case 256, 384, 521:
			return badPoint(key)
		}
		return fmt.Sprintf("the key is on the curve %s; P-256 or P-384 is needed", key.Curve.Params().Name)
	case nil:
		return "the key is of a kind that cannot be judged; ECDSA on P-256 or P-384 or RSA is needed"
	default:
		return fmt.Sprintf("the key is neither ECDSA nor RSA (%s)", pki.KeyKind(pub))
	}
}

// badPoint: the first multiples of a curve's generator are what a generator of
// keys makes whose random source is broken, and what people make to try things
// out.
func badPoint(key *ecdsa.PublicKey) string {
	point, err := key.ECDH()
	if err != nil {
		return "the key is a point that is not on its curve"
	}
	const tried = 16
	for k := range tried {
		d := make([]byte, (key.Curve.Params().BitSize+7)/8)
		d[len(d)-1] = byte(k + 1)
		private, err := point.Curve().NewPrivateKey(d)
		if err != nil {
			return "the key cannot be judged" // every small number is a private key
		}
		multiple := private.PublicKey().Bytes()
		// The point with the other sign has the same first half.
		if half := 1 + len(multiple)/2; bytes.Equal(multiple[:half], point.Bytes()[:half]) {
			return fmt.Sprintf("the private key of this key is %d, which anybody can guess", k+1)
		}
	}
	return ""
}

// endless reports whether working with the certificate's key would take for
// ever; it is refused for that and spared the rest.
func endless(c *x509.Certificate) bool { return pki.Endless(c.PublicKey) }

func badSignature(c *x509.Certificate) string {
	switch c.SignatureAlgorithm {
	case x509.SHA256WithRSA, x509.SHA384WithRSA, x509.SHA512WithRSA,
		x509.SHA256WithRSAPSS, x509.SHA384WithRSAPSS, x509.SHA512WithRSAPSS,
		x509.ECDSAWithSHA256, x509.ECDSAWithSHA384, x509.ECDSAWithSHA512:
		return ""
	default:
		return fmt.Sprintf("it is signed with %s; SHA-256 or stronger with RSA or ECDSA is needed", signature.Name(c))
	}
}

func badVersion(version int) string {
	if version != 3 {
		return fmt.Sprintf("it is an X.509 version %d certificate, version 3 is needed", version)
	}
	return ""
}

func badSerial(serial *big.Int) string {
	switch {
	case serial == nil || serial.Sign() == 0:
		return "the serial number is zero"
	case serial.Sign() < 0:
		return "the serial number is negative"
	// A leading zero octet counts: DER integers are signed.
	case serial.BitLen()/8+1 > 20:
		return fmt.Sprintf("the serial number takes %d octets, at most 20 are allowed", serial.BitLen()/8+1)
	default:
		return ""
	}
}

func badDates(c *x509.Certificate, now time.Time) string {
	switch {
	case c.NotAfter.Before(c.NotBefore):
		return fmt.Sprintf("it ends at %s, before it begins at %s", stamp(c.NotAfter), stamp(c.NotBefore))
	case now.After(c.NotAfter):
		return "it expired at " + stamp(c.NotAfter)
	case now.Before(c.NotBefore):
		return "it is not valid before " + stamp(c.NotBefore)
	default:
		return ""
	}
}

func badExtensions(c *x509.Certificate) string {
	var unknown []string
	for _, e := range c.Extensions {
		if e.Critical && !understood(e.Id) {
			unknown = append(unknown, e.Id.String())
		}
	}
	if len(unknown) == 0 {
		return ""
	}
	return "it has critical extensions that are not understood: " + strings.Join(unknown, ", ")
}

// understood are the extensions that are acted upon when a path is verified, by
// the last arc of id-ce: keyUsage, subjectAltName, basicConstraints,
// nameConstraints, extKeyUsage. Critical policies are among what is refused.
func understood(id asn1.ObjectIdentifier) bool {
	idCE := asn1.ObjectIdentifier{2, 5, 29}
	return len(id) == 4 && id[:3].Equal(idCE) && slices.Contains([]int{15, 17, 19, 30, 37}, id[3])
}

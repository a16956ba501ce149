package rules

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"anchorctl/internal/pki"
)

// checkQuality: keys, signatures, serial numbers, versions, dates, extensions
// and subjects of every certificate of the case (ANC005).
func checkQuality(j *judgement) {
	for _, e := range j.elements {
		for _, wrong := range []string{
			badKey(e.cert.PublicKey),
			badSignature(e.cert.SignatureAlgorithm),
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
}

// The sizes of RSA keys that are taken. Beyond the upper one, verifiers refuse
// or take their time.
const (
	leastRSA = 2048
	mostRSA  = 8192
)

func badKey(pub any) string {
	switch key := pub.(type) {
	case *rsa.PublicKey:
		return badRSA(key)
	case *ecdsa.PublicKey:
		switch key.Curve.Params().BitSize {
		case 256, 384, 521:
			return ""
		}
		return fmt.Sprintf("the key is on the curve %s; P-256 or P-384 is needed", key.Curve.Params().Name)
	case nil:
		return "the key is of a kind that cannot be judged; ECDSA on P-256 or P-384 or RSA is needed"
	default:
		return fmt.Sprintf("the key is neither ECDSA nor RSA (%s)", pki.KeyKind(pub))
	}
}

func badRSA(key *rsa.PublicKey) string {
	bits := key.N.BitLen()
	switch {
	case bits < leastRSA:
		return fmt.Sprintf("the RSA key has %d bits, at least %d are needed", bits, leastRSA)
	case bits > mostRSA:
		return fmt.Sprintf("the RSA key has %d bits, at most %d are taken", bits, mostRSA)
	case key.N.Bit(0) == 0:
		return "the RSA key has an even modulus"
	case key.E%2 == 0:
		return fmt.Sprintf("the RSA key has the even exponent %d", key.E)
	case key.E < 65537:
		return fmt.Sprintf("the RSA key has the small exponent %d, at least 65537 is needed", key.E)
	case int64(key.E) > 1<<31-1:
		return fmt.Sprintf("the RSA key has the exponent %d, which verifiers do not take", key.E)
	default:
		return ""
	}
}

// endless reports whether working with the certificate's key would take for
// ever; it is refused for that and spared the rest.
func endless(c *x509.Certificate) bool {
	key, ok := c.PublicKey.(*rsa.PublicKey)
	return ok && key.N.BitLen() > mostRSA
}

func badSignature(alg x509.SignatureAlgorithm) string {
	switch alg {
	case x509.SHA256WithRSA, x509.SHA384WithRSA, x509.SHA512WithRSA,
		x509.SHA256WithRSAPSS, x509.SHA384WithRSAPSS, x509.SHA512WithRSAPSS,
		x509.ECDSAWithSHA256, x509.ECDSAWithSHA384, x509.ECDSAWithSHA512:
		return ""
	case x509.UnknownSignatureAlgorithm:
		return "it is signed with an algorithm that is not known; SHA-256 or stronger with RSA or ECDSA is needed"
	default:
		return fmt.Sprintf("it is signed with %s; SHA-256 or stronger with RSA or ECDSA is needed", alg)
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

func badSubject(c *x509.Certificate) string {
	if len(c.Subject.Names) == 0 {
		return "the subject is empty"
	}
	for _, a := range c.Subject.Names {
		text, ok := a.Value.(string)
		if !ok || !utf8.ValidString(text) {
			return fmt.Sprintf("the subject's attribute %s cannot be read as text", a.Type)
		}
		for _, r := range text {
			if !unicode.IsPrint(r) {
				return fmt.Sprintf("the subject has the character %U in %q", r, text)
			}
		}
	}
	return ""
}

// badTags: the attributes of the issuer's subject become session tags, whose
// values AWS limits; one that does not fit makes every session fail.
func badTags(c *x509.Certificate) string {
	for _, a := range c.Subject.Names {
		text, ok := a.Value.(string)
		if !ok {
			continue // badSubject has said so
		}
		if n := utf8.RuneCountInString(text); n > 256 {
			return fmt.Sprintf("the subject has an attribute of %d characters, a session tag takes 256", n)
		}
		for _, r := range text {
			if unicode.IsPrint(r) && !tagCharacter(r) {
				return fmt.Sprintf("the subject has the character %q in %q, which no session tag can carry", r, text)
			}
		}
	}
	return ""
}

// tagCharacter: letters, digits, spaces and _ . : / = + - @.
func tagCharacter(r rune) bool {
	return unicode.In(r, unicode.L, unicode.N, unicode.Z) || strings.ContainsRune("_.:/=+-@", r)
}

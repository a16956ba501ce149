package pki

import (
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"strings"
)

// strict holds what RFC 5280 demands of the encoding and crypto/x509 either
// lets pass or makes depend on GODEBUG (x509negativeserial).
func strict(c *x509.Certificate) error {
	if c.SerialNumber == nil || c.SerialNumber.Sign() <= 0 {
		return errors.New("the serial number is not positive (RFC 5280 section 4.1.2.2)")
	}
	// A leading zero octet counts: DER integers are signed.
	if octets := c.SerialNumber.BitLen()/8 + 1; octets > 20 {
		return fmt.Errorf("the serial number has %d octets, at most 20 are allowed (RFC 5280 section 4.1.2.2)", octets)
	}
	return strictDates(c)
}

// Sound reports whether a certificate is DER and has the fields of a
// certificate, whatever their values are.
func Sound(der []byte) bool { return structure(der) == nil }

// strictDates: crypto/x509 reads UTCTime without seconds or with an offset from
// Greenwich, and GeneralizedTime for years before 2050; others read these
// differently or refuse them (RFC 5280 section 4.1.2.5).
func strictDates(c *x509.Certificate) error {
	values, err := validity(c.RawTBSCertificate)
	if err != nil {
		return err
	}
	for _, v := range values {
		text := string(v.Bytes)
		date, greenwich := strings.CutSuffix(text, "Z")
		plain := greenwich && made(date, numbers, len(date))
		switch {
		case v.Tag == asn1.TagUTCTime && plain && len(date) == len("YYMMDDHHMMSS"):
		case v.Tag == asn1.TagGeneralizedTime && plain && len(date) == len("YYYYMMDDHHMMSS") && date >= "2050":
		default:
			return fmt.Errorf("the date %q is not encoded as RFC 5280 section 4.1.2.5 demands", text)
		}
	}
	return nil
}

// validity is the two raw dates of a to-be-signed certificate.
func validity(tbs []byte) ([]asn1.RawValue, error) {
	var outer asn1.RawValue
	if _, err := asn1.Unmarshal(tbs, &outer); err != nil {
		return nil, fmt.Errorf("reading the certificate's dates: %w", err)
	}
	rest := outer.Bytes
	// version [0], serialNumber, signature, issuer, validity; version may be absent.
	for field := 0; field < 5; {
		var v asn1.RawValue
		var err error
		if rest, err = asn1.Unmarshal(rest, &v); err != nil {
			return nil, fmt.Errorf("reading the certificate's dates: %w", err)
		}
		if field == 0 && v.Class == asn1.ClassUniversal {
			field++
		}
		if field == 4 {
			return elements(v.Bytes)
		}
		field++
	}
	return nil, errors.New("reading the certificate's dates: there are none")
}

package pki

import (
	"bytes"
	"crypto/x509"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// signed is a certificate that was read as far as its signature needs.
type signed struct{ tbs, signature []byte }

// read reads a certificate that came out of the mould, with a reader that is not
// what wrote it, and names what it has that neither the linted twin nor the
// template accounts for. Its serial number, dates, key and common name are the
// template's; all else is the twin's, byte by byte.
func (m *mould) read(der []byte, t *x509.Certificate, spki []byte) (signed, string) {
	var c, tbs, raw cryptobyte.String
	var sum []byte
	in := cryptobyte.String(der)
	if !in.ReadASN1(&c, asn1.SEQUENCE) || !in.Empty() || !c.ReadASN1Element(&raw, asn1.SEQUENCE) || !skip(&c, m.algorithm) ||
		!c.ReadASN1BitStringAsBytes(&sum) || !c.Empty() {
		return signed{}, "structure"
	}
	whole := signed{raw, sum}
	if !raw.ReadASN1(&tbs, asn1.SEQUENCE) {
		return signed{}, "structure"
	}
	serial := new(big.Int)
	switch {
	case !skip(&tbs, m.version):
		return whole, "version"
	case !tbs.ReadASN1Integer(serial) || serial.Cmp(t.SerialNumber) != 0 || serial.Sign() <= 0 || serial.BitLen() != m.twin.SerialNumber.BitLen():
		return whole, "serial number"
	case !skip(&tbs, m.algorithm):
		return whole, "signature algorithm"
	case !skip(&tbs, m.issuer):
		return whole, "issuer"
	case !readDates(&tbs, t):
		return whole, "validity"
	case !m.readSubject(&tbs, t):
		return whole, "subject"
	case !skip(&tbs, spki):
		return whole, "key"
	case !skip(&tbs, m.extensions[:m.keyID]):
		return whole, "extension"
	case !skip(&tbs, t.SubjectKeyId):
		return whole, "key identifier"
	case !skip(&tbs, m.extensions[m.keyID+len(m.twin.SubjectKeyId):]) || !tbs.Empty():
		return whole, "extension"
	}
	return whole, ""
}

// skip reads exactly these bytes.
func skip(in *cryptobyte.String, want []byte) bool {
	var have []byte
	return in.ReadBytes(&have, len(want)) && bytes.Equal(have, want)
}

func readDates(in *cryptobyte.String, t *x509.Certificate) bool {
	var both cryptobyte.String
	return in.ReadASN1(&both, asn1.SEQUENCE) && readDate(&both, t.NotBefore) && readDate(&both, t.NotAfter) && both.Empty() &&
		t.NotBefore.Before(t.NotAfter)
}

// readDate reads a date in the one form that RFC 5280 section 4.1.2.5 allows it.
func readDate(in *cryptobyte.String, want time.Time) bool {
	tag, form := asn1.UTCTime, "060102150405Z"
	if want.Year() >= 2050 {
		tag, form = asn1.GeneralizedTime, "20060102150405Z"
	}
	var text cryptobyte.String
	if !in.ReadASN1(&text, tag) {
		return false
	}
	have, err := time.Parse(form, string(text))
	return err == nil && have.Equal(want)
}

func (m *mould) readSubject(in *cryptobyte.String, t *x509.Certificate) bool {
	var subject, set, pair, name cryptobyte.String
	return in.ReadASN1(&subject, asn1.SEQUENCE) && skip(&subject, m.before) && subject.ReadASN1(&set, asn1.SET) && skip(&subject, m.after) && subject.Empty() &&
		set.ReadASN1(&pair, asn1.SEQUENCE) && set.Empty() && skip(&pair, oidCommonName()) && pair.ReadASN1(&name, asn1.Tag(m.nameTag)) && pair.Empty() &&
		string(name) == t.Subject.CommonName
}

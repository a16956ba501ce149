package pki

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"time"
)

// Revoked is one entry of a revocation list.
type Revoked struct {
	Serial *big.Int
	At     time.Time
	Reason int // RFC 5280 section 5.3.1; 0 is not said
}

// CRLSpec says what a revocation list is to be.
type CRLSpec struct {
	Number     int64 // greater than that of every earlier list (RFC 5280 section 5.2.3)
	ThisUpdate time.Time
	NextUpdate time.Time
	Entries    []Revoked
}

// NewCRL makes the revocation list of an issuer, in DER.
//
// A twin with some of the entries, one of each shape among them, is made by
// crypto/x509 with a throw-away key, and linted. The list has the twin's bytes
// but for the entries, and its entries are encoded as those in the twin are:
// crypto/x509 alone would take longer for a list at the service's limit than all
// of this together.
func NewCRL(spec CRLSpec, by Parent) ([]byte, error) {
	der, err := newCRL(spec, by)
	if err != nil {
		return nil, fmt.Errorf("making revocation list %d: %w", spec.Number, err)
	}
	return der, nil
}

func newCRL(spec CRLSpec, by Parent) ([]byte, error) {
	if err := spec.check(by); err != nil {
		return nil, err
	}
	throwAway, alg, err := throwAwayKey(by.Key.Public())
	if err != nil {
		return nil, err
	}
	encoded := spec.encode()
	few := spec.sample(encoded)
	twin, err := spec.twin(few, by.Certificate, throwAway, alg)
	if err != nil {
		return nil, err
	}
	if problems := LintCRL(twin, by.Certificate); len(problems) > 0 {
		return nil, &LintError{Problems: problems}
	}
	tbs, algorithm, err := splice(twin.Raw, encoded, few)
	if err != nil {
		return nil, err
	}
	return signCRL(spec, tbs, algorithm, alg, by)
}

func (s CRLSpec) check(by Parent) error {
	if err := by.whole(); err != nil {
		return err
	}
	c := by.Certificate
	switch {
	case c.KeyUsage&x509.KeyUsageCRLSign == 0:
		return fmt.Errorf("%q may not sign revocation lists", c.Subject.String())
	case s.ThisUpdate.After(c.NotAfter):
		return fmt.Errorf("%q expired at %s and signs nothing any more", c.Subject.String(), c.NotAfter.UTC().Format(time.RFC3339))
	case s.Number < 1:
		return errors.New("its number is not above zero")
	case !s.NextUpdate.After(s.ThisUpdate):
		return errors.New("its next update is not after this one")
	}
	seen := make(map[[20]byte]bool, len(s.Entries))
	for _, e := range s.Entries {
		var serial [20]byte
		switch {
		case e.Serial == nil || e.Serial.Sign() <= 0 || e.Serial.BitLen() > 159:
			return fmt.Errorf("the serial number %s is none of ours", e.Serial)
		case !KnownReason(e.Reason):
			return fmt.Errorf("serial %x: %d is no reason that is used here", e.Serial, e.Reason)
		case e.At.After(s.ThisUpdate):
			return fmt.Errorf("serial %x was revoked after the list's own time", e.Serial)
		case seen[[20]byte(e.Serial.FillBytes(serial[:]))]:
			return fmt.Errorf("serial %x stands twice", e.Serial)
		}
		seen[serial] = true
	}
	return nil
}

// sample are the indices of the entries that the twin has: the first ones, and
// the first of every shape. Shapes differ in the length of the serial number and
// what comes after it.
func (s CRLSpec) sample(encoded [][]byte) []int {
	const first = 8
	type shape struct{ length, time, reason int }
	seen := map[shape]bool{}
	var few []int
	for i, e := range s.Entries {
		is := shape{len(encoded[i]), e.At.UTC().Year() / 50, e.Reason}
		if i < first || !seen[is] {
			few = append(few, i)
		}
		seen[is] = true
	}
	return few
}

// twin is a list with a few of the entries, signed by a throw-away key.
func (s CRLSpec) twin(few []int, issuer *x509.Certificate, key crypto.Signer, alg x509.SignatureAlgorithm) (*x509.RevocationList, error) {
	list := &x509.RevocationList{
		SignatureAlgorithm: alg, Number: big.NewInt(s.Number), ThisUpdate: s.ThisUpdate.UTC(), NextUpdate: s.NextUpdate.UTC(),
	}
	for _, i := range few {
		e := s.Entries[i]
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries,
			x509.RevocationListEntry{SerialNumber: e.Serial, RevocationTime: e.At.UTC(), ReasonCode: e.Reason})
	}
	der, err := x509.CreateRevocationList(rand.Reader, list, issuer, key)
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	return x509.ParseRevocationList(der)
}

// The elements of a TBSCertList with entries and extensions (RFC 5280 section
// 5.1): version, signature, issuer, thisUpdate, nextUpdate, revokedCertificates,
// crlExtensions.
const (
	tbsParts   = 7
	tbsEntries = 5
)

// splice puts all entries where the twin has a few, and gives the bytes to be
// signed and the algorithm beside them.
func splice(twin []byte, encoded [][]byte, few []int) (tbs, algorithm []byte, err error) {
	var outer struct {
		TBS       asn1.RawValue
		Algorithm asn1.RawValue
		Signature asn1.BitString
	}
	if _, err := asn1.Unmarshal(twin, &outer); err != nil {
		return nil, nil, err
	}
	if len(encoded) == 0 {
		return outer.TBS.FullBytes, outer.Algorithm.FullBytes, nil
	}
	parts, err := elements(outer.TBS.Bytes)
	if err != nil || len(parts) != tbsParts {
		return nil, nil, errors.New("the twin has another form")
	}
	var same, all []byte
	for _, i := range few {
		same = append(same, encoded[i]...)
	}
	if !bytes.Equal(same, parts[tbsEntries].Bytes) {
		return nil, nil, errors.New("the entries are not encoded as those that were linted")
	}
	size := 0
	for _, e := range encoded {
		size += len(e)
	}
	all = make([]byte, 0, size)
	for _, e := range encoded {
		all = append(all, e...)
	}
	var content []byte
	for i, part := range parts {
		if i == tbsEntries {
			content = append(content, element(tagSequence, all)...)
			continue
		}
		content = append(content, part.FullBytes...)
	}
	return element(tagSequence, content), outer.Algorithm.FullBytes, nil
}

// signCRL signs, and verifies what came of it.
func signCRL(s CRLSpec, tbs, algorithm []byte, alg x509.SignatureAlgorithm, by Parent) ([]byte, error) {
	hash := crypto.SHA256
	switch alg {
	case x509.ECDSAWithSHA384:
		hash = crypto.SHA384
	case x509.ECDSAWithSHA512:
		hash = crypto.SHA512
	}
	h := hash.New()
	h.Write(tbs)
	signature, err := by.Key.Sign(rand.Reader, h.Sum(nil), hash)
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	if err := by.Certificate.CheckSignature(alg, tbs, signature); err != nil {
		return nil, fmt.Errorf("verifying the signature: %w", err)
	}
	bits := element(tagBitString, append([]byte{0}, signature...))
	der := element(tagSequence, append(append(append([]byte{}, tbs...), algorithm...), bits...))
	if err := s.isIn(der); err != nil {
		return nil, fmt.Errorf("reading it back: %w", err)
	}
	return der, nil
}

// EncodeCRL is a revocation list as PEM text, which is what the service takes
// (https://docs.aws.amazon.com/rolesanywhere/latest/APIReference/API_ImportCrl.html).
func EncodeCRL(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: pemRevocationList, Bytes: der})
}

// encode is each entry, in bytes that follow one another.
func (s CRLSpec) encode() [][]byte {
	const entry = 64 // more than one takes
	all, encoded := make([]byte, 0, entry*len(s.Entries)), make([][]byte, len(s.Entries))
	for i, e := range s.Entries {
		from := len(all)
		all = e.append(all)
		encoded[i] = all[from:]
	}
	return encoded
}

// append adds an entry as crypto/x509 writes it: the reason is left out when it
// is not said (RFC 5280 section 5.3.1). None of the lengths needs a second
// octet.
func (r Revoked) append(to []byte) []byte {
	start := len(to)
	to = append(to, tagSequence, 0, asn1.TagInteger, 0)
	serial := len(to)
	if r.Serial.BitLen()%8 == 0 { // the sign
		to = append(to, 0)
	}
	to = append(to, r.Serial.Bytes()...)
	to[serial-1] = byte(len(to) - serial)
	if at := r.At.UTC(); at.Year() < 2050 {
		to = at.AppendFormat(append(to, asn1.TagUTCTime, 13), "060102150405Z")
	} else {
		to = at.AppendFormat(append(to, asn1.TagGeneralizedTime, 15), "20060102150405Z")
	}
	if r.Reason != 0 {
		// A sequence of one extension: id-ce-cRLReasons and the reason.
		to = append(to, tagSequence, 12, tagSequence, 10, 0x06, 3, 0x55, 0x1d, 21, 0x04, 3, 0x0a, 1, byte(r.Reason))
	}
	to[start+1] = byte(len(to) - start - 2)
	return to
}

// The identifier octets of what is written by hand.
const (
	tagSequence  = 0x30
	tagBitString = 0x03
)

// element is a DER element.
func element(tag byte, content []byte) []byte {
	head := []byte{tag}
	switch n := len(content); {
	case n < 0x80:
		head = append(head, byte(n))
	case n < 1<<8:
		head = append(head, 0x81, byte(n))
	case n < 1<<16:
		head = append(head, 0x82, byte(n>>8), byte(n))
	default:
		head = append(head, 0x83, byte(n>>16), byte(n>>8), byte(n))
	}
	return append(head, content...)
}

// pkixReason is id-ce-cRLReasons.
func pkixReason(e pkix.Extension) bool { return e.Id.Equal(asn1.ObjectIdentifier{2, 5, 29, 21}) }

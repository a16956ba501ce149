package pki

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	zx509 "github.com/zmap/zcrypto/x509"
	"github.com/zmap/zlint/v3/lint"
)

// reasonNames are the reasons that a workload certificate is revoked for, by
// their numbers in RFC 5280 section 5.3.1. The others are about CAs, or take
// something back.
func reasonNames() [6]string {
	return [...]string{0: "unspecified", 1: "keyCompromise", 3: "affiliationChanged", 4: "superseded", 5: "cessationOfOperation"}
}

// Reasons are their names, in the order of their numbers.
func Reasons() []string {
	var names []string
	for _, name := range reasonNames() {
		if name != "" {
			names = append(names, name)
		}
	}
	return names
}

// ParseReason is the number of a reason by its name, in whatever case.
func ParseReason(name string) (int, error) {
	for number, known := range reasonNames() {
		if known != "" && strings.EqualFold(known, name) {
			return number, nil
		}
	}
	return 0, fmt.Errorf("reading reason %q: want %s", name, strings.Join(Reasons(), ", "))
}

// ReasonName is the name of a reason.
func ReasonName(number int) string {
	if KnownReason(number) {
		return reasonNames()[number]
	}
	return fmt.Sprintf("reason %d", number)
}

// KnownReason reports whether a reason is one of Reasons.
func KnownReason(number int) bool {
	return number >= 0 && number < len(reasonNames()) && number != 2
}

// LintCRL holds a revocation list to zlint's lints of the RFCs and to our own
// shape.
func LintCRL(l *x509.RevocationList, issuer *x509.Certificate) []Problem {
	problems := lintCRLShape(l, issuer)
	parsed, err := zx509.ParseRevocationList(l.Raw)
	if err != nil {
		return append(problems, Problem{"anchorctl_unreadable", fmt.Sprintf("another parser cannot read it: %s", err)})
	}
	registry := lint.GlobalRegistry()
	for _, one := range registry.RevocationListLints().Lints() {
		result := one.Execute(parsed, registry.GetConfiguration())
		if result == nil || result.Status < lint.Warn {
			continue
		}
		problems = append(problems, Problem{one.Name, fmt.Sprintf("%s: %s, %s", result.Status, strings.TrimSpace(one.Description), one.Citation)})
	}
	slices.SortFunc(problems, func(a, b Problem) int { return strings.Compare(a.Code, b.Code) })
	return problems
}

func lintCRLShape(l *x509.RevocationList, issuer *x509.Certificate) []Problem {
	var problems []Problem
	add := func(wrong bool, code, text string) {
		if wrong {
			problems = append(problems, Problem{"anchorctl_crl_" + code, text})
		}
	}
	add(!bytes.Equal(l.RawIssuer, issuer.RawSubject), "issuer", "it does not name its issuer as its certificate does")
	add(len(l.AuthorityKeyId) == 0 || !bytes.Equal(l.AuthorityKeyId, issuer.SubjectKeyId), "key_identifier", "its authority key identifier is not its issuer's")
	add(l.Number == nil || l.Number.Sign() <= 0 || len(l.Number.Bytes()) > 20, "number", "its number is not a positive one of at most 20 octets")
	add(!l.NextUpdate.After(l.ThisUpdate), "dates", "its next update is not after this one")
	add(len(l.Extensions) != 2, "extensions", "it has extensions besides key identifier and number")
	critical := slices.ContainsFunc(l.Extensions, func(e pkix.Extension) bool { return e.Critical })
	add(critical, "critical", "an extension is critical")
	for _, e := range l.RevokedCertificateEntries {
		add(!KnownReason(e.ReasonCode), "reason", fmt.Sprintf("serial %x has the reason %d", e.SerialNumber, e.ReasonCode))
		other := slices.ContainsFunc(e.Extensions, func(x pkix.Extension) bool { return !pkixReason(x) || x.Critical })
		add(other || len(e.Extensions) > 1, "entry", fmt.Sprintf("the entry of serial %x says more than a reason", e.SerialNumber))
	}
	return problems
}

// isIn reports, as an error, what a list does not say as it should: dates,
// number and every entry, read by other code than what wrote them.
func (s CRLSpec) isIn(der []byte) error {
	content, ok := sequence(der)
	if !ok {
		return errors.New("it is not one DER sequence")
	}
	outer, err := elements(content)
	if err != nil || len(outer) != 3 {
		return errors.New("it is malformed")
	}
	parts, err := elements(outer[0].Bytes)
	want := tbsParts
	if len(s.Entries) == 0 {
		want--
	}
	if err != nil || len(parts) != want {
		return errors.New("it is malformed")
	}
	for i, want := range map[int]time.Time{3: s.ThisUpdate, 4: s.NextUpdate} {
		var got time.Time
		if _, err := asn1.Unmarshal(parts[i].FullBytes, &got); err != nil || !got.Equal(want.Truncate(time.Second)) {
			return errors.New("its dates are others")
		}
	}
	if len(s.Entries) == 0 {
		return nil
	}
	rest := parts[tbsEntries].Bytes
	for _, e := range s.Entries {
		if rest, err = e.next(rest); err != nil {
			return fmt.Errorf("serial %x: %w", e.Serial, err)
		}
	}
	if len(rest) > 0 {
		return errors.New("it has more entries")
	}
	return nil
}

// next reads the entry that data begins with, which must be r.
func (r Revoked) next(data []byte) (rest []byte, err error) {
	entry, rest, ok := cutElement(data, tagSequence)
	if !ok {
		return nil, errors.New("its entry is missing")
	}
	number, left, ok := cutElement(entry, asn1.TagInteger)
	if !ok || new(big.Int).SetBytes(number).Cmp(r.Serial) != 0 {
		return nil, errors.New("another serial number stands in its place")
	}
	text, left, ok := cutElement(left, asn1.TagUTCTime)
	layout := "060102150405Z"
	if !ok {
		if text, left, ok = cutElement(left, asn1.TagGeneralizedTime); !ok {
			return nil, errors.New("its time is missing")
		}
		layout = "20060102150405Z"
	}
	if at, err := time.Parse(layout, string(text)); err != nil || !at.Equal(r.At.Truncate(time.Second)) {
		return nil, errors.New("its time is another")
	}
	if reason := len(left); (reason > 0) != (r.Reason != 0) || reason > 0 && int(left[reason-1]) != r.Reason {
		return nil, errors.New("its reason is another")
	}
	return rest, nil
}

// cutElement cuts an element with that identifier off data.
func cutElement(data []byte, tag byte) (content, rest []byte, ok bool) {
	if len(data) < 2 || data[0] != tag {
		return nil, data, false
	}
	n, head := int(data[1]), 2
	if n >= 0x80 { // no element of an entry is that long
		return nil, data, false
	}
	if len(data) < head+n {
		return nil, data, false
	}
	return data[head : head+n], data[head+n:], true
}

package admission

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"time"

	"anchorctl/internal/pki"
	"anchorctl/internal/rules"
)

// CRLCase is a revocation list to be judged: one at an anchor, or the newest on
// record.
type CRLCase struct {
	At     string
	Issuer *x509.Certificate    // whose list it should be
	List   *x509.RevocationList // nil: it cannot be read
	Size   int                  // bytes, as the service holds it
	Newest int64                // number of the newest list on record; 0 is not known
	Now    time.Time
	// Interval is how often a list is to be renewed; 0 is not known.
	Interval time.Duration
	Disabled bool // at an anchor
}

// JudgeCRL says what is wrong with a revocation list. Of one that is not its
// issuer's, nothing else counts.
func JudgeCRL(c CRLCase) []rules.Finding {
	if why := c.signer(); why != "" {
		return []rules.Finding{rules.Find("ANC703", c.At, why)}
	}
	var findings []rules.Finding
	for _, check := range []struct {
		id  string
		why func() string
	}{{"ANC701", c.stale}, {"ANC702", c.full}, {"ANC704", c.back}, {"ANC705", c.off}} {
		if why := check.why(); why != "" {
			findings = append(findings, rules.Find(check.id, c.At, why))
		}
	}
	return findings
}

func (c CRLCase) signer() string {
	switch {
	case c.List == nil:
		return "the list cannot be read"
	case !bytes.Equal(c.List.RawIssuer, c.Issuer.RawSubject):
		return fmt.Sprintf("it is a list of %q, and should be one of %q", c.List.Issuer.String(), c.Issuer.Subject.String())
	case c.List.CheckSignatureFrom(c.Issuer) != nil:
		return fmt.Sprintf("it is not signed by %q, whom it names", c.Issuer.Subject.String())
	}
	return ""
}

// stale: its renewal is late by half the interval at which lists are renewed, or
// half of the time between this update and the next has gone by, whichever comes
// first. The rest of the time is left to find out why it was not renewed.
func (c CRLCase) stale() string {
	half := c.List.ThisUpdate.Add(c.List.NextUpdate.Sub(c.List.ThisUpdate) / 2)
	late := c.List.ThisUpdate.Add(c.Interval + c.Interval/2)
	next := c.List.NextUpdate.UTC().Format(time.RFC3339)
	switch {
	case c.List.NextUpdate.IsZero():
		return "it does not say when the next one comes"
	case c.Now.After(c.List.NextUpdate):
		return fmt.Sprintf("the next list was due at %s", next)
	case c.Interval > 0 && c.Now.After(late):
		return fmt.Sprintf("it is of %s, and half an interval of %s late to be renewed; the next list is due by %s",
			c.List.ThisUpdate.UTC().Format(time.RFC3339), c.Interval, next)
	case c.Now.After(half):
		return fmt.Sprintf("more than half of the time until %s, when the next list is due, has gone by", next)
	}
	return ""
}

// nearlyFull is four fifths of what the service takes.
const nearlyFull = pki.MaxRevocationList / 5 * 4

func (c CRLCase) full() string {
	if c.Size < nearlyFull {
		return ""
	}
	return fmt.Sprintf("it has %d of at most %d bytes, and room for %d more certificates", c.Size, pki.MaxRevocationList, pki.CRLRoom(c.List.Raw))
}

// JudgeUnsent says of the newest list on record, for the anchor at, when it can
// never get there. What is at the anchor does not show that.
func JudgeUnsent(at string, der []byte) []rules.Finding {
	size := pki.CRLSize(der)
	if size <= pki.MaxRevocationList {
		return nil
	}
	return []rules.Finding{rules.Find("ANC702", at,
		fmt.Sprintf("the newest list has %d bytes, of at most %d that the service takes: what was revoked since the one at the anchor still gets sessions", size, pki.MaxRevocationList))}
}

func (c CRLCase) off() string {
	if !c.Disabled {
		return ""
	}
	return "it is disabled: what it revokes gets sessions"
}

// JudgeMissing says of an anchor that should have a list, and has not.
func JudgeMissing(at string, newest int64) rules.Finding {
	return rules.Find("ANC705", at, fmt.Sprintf("list %d of the issuer is not at the anchor: what it revokes gets sessions", newest))
}

func (c CRLCase) back() string {
	switch {
	case c.Newest == 0:
		return ""
	case c.List.Number == nil:
		return "it has no number"
	case !c.List.Number.IsInt64() || c.List.Number.Int64() > c.Newest:
		return fmt.Sprintf("its number is %s, and the newest list on record is %d", c.List.Number, c.Newest)
	}
	return ""
}

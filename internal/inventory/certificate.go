package inventory

import (
	"math/big"
	"time"

	"anchorctl/internal/pki"
	"anchorctl/internal/plan"
	"anchorctl/internal/store"
)

// The states of a certificate. That it is revoked outlasts its end.
const (
	Valid       = "valid"
	NotYetValid = "not yet valid"
	Expired     = "expired"
	Revoked     = "revoked"
)

// Certificate is one that was issued.
type Certificate struct {
	SerialHex     string      `json:"serialHex"`
	SerialDecimal string      `json:"serialDecimal"`
	State         string      `json:"state"`
	Environment   string      `json:"environment"`
	Workload      string      `json:"workload"`
	Instance      string      `json:"instance,omitempty"`
	Issuer        string      `json:"issuer"` // address of the generation that signed
	NotBefore     time.Time   `json:"notBefore"`
	NotAfter      time.Time   `json:"notAfter"`
	Recorded      time.Time   `json:"recorded"`
	Revoked       *Revocation `json:"revoked,omitempty"`
	Batch         string      `json:"batch,omitempty"`
	Line          int         `json:"line,omitempty"` // of the batch
}

// Revocation is when and why a certificate was revoked.
type Revocation struct {
	At     time.Time `json:"at"`
	Reason string    `json:"reason"` // as RFC 5280 section 5.3.1 calls it
}

// Name is what its workload is called: ENV/WORKLOAD[@INSTANCE].
func (c Certificate) Name() string {
	return c.Environment + "/" + pki.WorkloadName(c.Workload, c.Instance)
}

func certificateOf(i store.Issued, now time.Time) Certificate {
	c := Certificate{
		SerialHex: i.Serial, SerialDecimal: decimal(i.Serial), State: stateOf(i, now),
		Environment: i.Environment, Workload: i.Workload, Instance: i.Instance,
		Issuer:    plan.Issuer(i.Environment, i.Generation).String(),
		NotBefore: moment(i.NotBefore), NotAfter: moment(i.NotAfter), Recorded: moment(i.Created),
		Batch: i.Batch, Line: i.Line,
	}
	if r := i.Revoked; r != nil {
		c.Revoked = &Revocation{At: moment(r.At), Reason: pki.ReasonName(r.Reason)}
	}
	return c
}

func stateOf(i store.Issued, now time.Time) string {
	switch at := now.Unix(); {
	case i.Revoked != nil:
		return Revoked
	case at < i.NotBefore:
		return NotYetValid
	case at > i.NotAfter:
		return Expired
	default:
		return Valid
	}
}

func moment(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }

func decimal(serial string) string {
	n, ok := new(big.Int).SetString(serial, 16)
	if !ok {
		return ""
	}
	return n.String()
}

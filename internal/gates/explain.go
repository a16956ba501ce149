package gates

import (
	"crypto"
	"fmt"
	"strings"

	"anchorctl/internal/pki"
)

// msgSignature is the service's word on a key that is not the certificate's.
const msgSignature = "Invalid signature"

// Status is how a gate went.
type Status string

// How a gate can go. A gate is not checked when nobody could look up what it
// looks at, or when a gate that it needs has not let the request through.
const (
	Passed     Status = "passed"
	Failed     Status = "failed"
	NotChecked Status = "not checked"
)

// Question is a session that was denied, as far as it is known.
type Question struct {
	Session
	// Key is the public part of the key that signs the request; nil when it is
	// not known.
	Key crypto.PublicKey
	// Unknown says of gates why they cannot be judged. An object that is nil
	// and whose gate is not in it does not exist.
	Unknown map[string]string
}

// Verdict is one gate and how it went.
type Verdict struct {
	Gate   string
	Status Status
	Detail string
	// Code and Message are what the service answers when this gate is the first
	// that fails.
	Code, Message string
}

// Explanation is how a session fares at every gate: at those, too, that it
// never comes to because an earlier one closes.
type Explanation struct {
	Verdicts []Verdict
	Result   // without Gates; Granted means that no gate failed and only the key was not checked
}

// First is the gate that closes first.
func (e Explanation) First() (Verdict, bool) {
	for _, v := range e.Verdicts {
		if v.Status == Failed {
			return v, true
		}
	}
	return Verdict{}, false
}

// Open are the gates that were not checked.
func (e Explanation) Open() []string {
	var names []string
	for _, v := range e.Verdicts {
		if v.Status == NotChecked {
			names = append(names, v.Gate)
		}
	}
	return names
}

// Explain passes a session through the gates and goes on after one that
// closes: who opens it comes to the next.
func Explain(q Question) Explanation {
	a := &attempt{Session: q.Session}
	status := map[string]Status{}
	out := Explanation{Verdicts: []Verdict{keyVerdict(q)}}
	for _, g := range order() {
		v := a.verdict(q, g, status)
		status[g.name] = v.Status
		out.Verdicts = append(out.Verdicts, v)
	}
	out.Result = a.out
	if first, closed := out.First(); closed {
		out.Code, out.Error = first.Code, first.Message
		return out
	}
	open := out.Open()
	out.Granted = len(open) == 0 || len(open) == 1 && open[0] == GateKey
	return out
}

// verdict asks one gate, when it can be asked.
func (a *attempt) verdict(q Question, g gate, status map[string]Status) Verdict {
	v := Verdict{Gate: g.name, Status: NotChecked}
	if why := q.Unknown[g.name]; why != "" {
		v.Detail = why
		return v
	}
	if a.Leaf == nil && g.name != GateVersion {
		v.Detail = "there is no certificate"
		return v
	}
	for _, need := range g.needs {
		if status[need] == Passed || status[need] == NotChecked && a.holds(need) {
			continue
		}
		v.Detail = "it needs " + need + ", which was not checked"
		if status[need] == Failed {
			v.Detail = "it needs " + need + ", which failed"
		}
		return v
	}
	detail, no := g.check(a)
	if no != nil {
		v.Status, v.Detail, v.Code, v.Message = Failed, no.detail, no.code, no.message
		return v
	}
	v.Status, v.Detail = Passed, detail
	return v
}

// holds says of a gate that was not checked that what it lets through is known
// all the same: an object that nobody asked AWS for may be known from elsewhere.
func (a *attempt) holds(gate string) bool {
	switch gate {
	case GateAnchor:
		return a.Anchor != nil && isARN(a.Anchor.ARN)
	case GateProfile:
		return a.Profile != nil
	case GateRole:
		return a.Role != nil
	}
	return false
}

// isARN reports whether a text has the six parts of an ARN.
func isARN(text string) bool { return strings.Count(text, ":") >= 5 }

// keyVerdict compares the key that signs with the certificate's: a signature of
// another is one that the service cannot verify.
func keyVerdict(q Question) Verdict {
	v := Verdict{Gate: GateKey, Status: NotChecked}
	switch {
	case q.Unknown[GateKey] != "":
		v.Detail = q.Unknown[GateKey]
	case q.Key == nil:
		v.Detail = "no private key was given"
	case q.Leaf == nil:
		v.Detail = "there is no certificate"
	case !sameKey(q.Key, q.Leaf.PublicKey):
		v.Status, v.Code, v.Message = Failed, CodeDenied, msgSignature
		v.Detail = fmt.Sprintf("the private key (%s) is not that of the certificate (%s)", pki.KeyKind(q.Key), pki.KeyKind(q.Leaf.PublicKey))
	default:
		v.Status, v.Detail = Passed, "the private key is the certificate's, "+pki.KeyKind(q.Key)
	}
	return v
}

func sameKey(a, b crypto.PublicKey) bool {
	key, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && key.Equal(b)
}

// Names are the gates in their order, GateKey first.
func Names() []string {
	names := []string{GateKey}
	for _, g := range order() {
		names = append(names, g.name)
	}
	return names
}

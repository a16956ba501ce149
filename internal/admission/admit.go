package admission

import (
	"crypto/fips140"
	"crypto/x509"
	"fmt"
	"slices"
	"time"

	"anchorctl/internal/pki"
	"anchorctl/internal/printable"
	"anchorctl/internal/publicca"
	"anchorctl/internal/rules"
)

// AnchorCase is a certificate that somebody wants to use as a trust anchor, and
// all that there is to know for judging it.
type AnchorCase struct {
	At          string              // an address, or a file
	Data        []byte              // what the file holds, or
	Certificate *x509.Certificate   // the certificate; only its DER counts
	Chain       []*x509.Certificate // what stands between it and the root, in any order
	Roots       []*x509.Certificate // the private root; former ones of the estate stay valid proof
	Others      []Use               // what other environments use, and what is retired
	Existing    []*x509.Certificate // what the anchor holds besides
	SourceType  string              // as the service names it; empty means CERTIFICATE_BUNDLE
	Now         time.Time
	Public      *publicca.Set // nil loads the embedded set; whoever judges many hands one in

	// Files that are there and could not be read; that has been reported.
	unread, rootUnread bool
}

// Use is a certificate that is spoken for.
type Use struct {
	Certificate *x509.Certificate
	By          string // "issuer/dev#1"
	Retired     bool
}

// Admit judges a certificate. All that was found is returned; the Admitted is
// zero when any of it refuses, and warnings may accompany one that is not.
func Admit(c AnchorCase) (Admitted, []rules.Finding) {
	j := newJudgement(c)
	fips140.WithoutEnforcement(j.run)
	if !j.admitted() {
		return Admitted{}, j.findings
	}
	return Admitted{cert: j.candidate}, j.findings
}

// run judges. Its callers take off the enforcement of FIPS 140-3, which GODEBUG
// can ask for: MD5 and SHA-1 are not relied upon here, they are what a
// self-signed certificate may hide behind, and looking would end the program.
func (j *judgement) run() {
	for _, c := range anchorChecks() {
		if j.candidate == nil && c.rule != "ANC013" {
			return // there is nothing to judge
		}
		c.check(j)
	}
}

func (j *judgement) admitted() bool { return j.candidate != nil && !rules.Refused(j.findings) }

// anchorCheck is how one rule is held against a certificate that is to become an
// anchor.
type anchorCheck struct {
	rule  string
	check func(*judgement)
}

// anchorChecks are in the order of judgement: what is in the file, what the
// certificate is, who signed it, what proves it, and who else uses it. Findings
// come in this order.
func anchorChecks() []anchorCheck {
	return []anchorCheck{
		{"ANC013", checkFile},
		{"ANC003", checkCA}, {"ANC004", checkUsage}, {"ANC005", checkQuality}, {"ANC012", checkExpiring},
		{"ANC001", checkSelfSigned}, {"ANC002", checkPublic},
		{"ANC101", checkRoot}, {"ANC010", checkPathLength}, {"ANC006", checkProof}, {"ANC007", checkOutlives},
		{"ANC011", checkShared}, {"ANC008", checkCount}, {"ANC009", checkSource},
	}
}

// anchorRules are the rules for anchors, in order.
func anchorRules() []string {
	var ids []string
	for _, c := range anchorChecks() {
		ids = append(ids, c.rule)
	}
	slices.Sort(ids)
	return ids
}

// element is one certificate of the case. Each of them is judged, not the
// candidate alone: an anchor is no better than what it hangs from.
type element struct {
	name string // empty for the candidate
	cert *x509.Certificate
	root bool
}

// candidate is the name of the element that is to become the anchor.
const candidate = ""

type judgement struct {
	AnchorCase

	candidate *x509.Certificate
	elements  []element // candidate, chain, root
	path      []*x509.Certificate
	pathErr   error
	endless   bool // some key is too large to work with
	parents   map[*x509.Certificate][]*x509.Certificate
	opened    map[*x509.Certificate]bool // read from a file; what was wrong has been said
	findings  []rules.Finding
}

func newJudgement(c AnchorCase) *judgement {
	if c.Public == nil {
		c.Public = publicca.Load()
	}
	return &judgement{AnchorCase: c, opened: map[*x509.Certificate]bool{}}
}

// find adds a finding with the rule's own severity and remedy.
func (j *judgement) find(id, element, format string, args ...any) *rules.Finding {
	f := rules.Find(id, j.At, fmt.Sprintf(format, args...))
	f.Element = printable.Line(element)
	j.findings = append(j.findings, f)
	return &j.findings[len(j.findings)-1]
}

func (j *judgement) warn(id, element, format string, args ...any) {
	j.find(id, element, format, args...).Severity = rules.Warn
}

// refused reports whether one of these rules has refused already.
func (j *judgement) refused(ids ...string) bool {
	for _, f := range j.findings {
		for _, id := range ids {
			if f.Rule == id && f.Severity == rules.Refuse {
				return true
			}
		}
	}
	return false
}

// assemble decides which certificates are judged, once the candidate is known.
func (j *judgement) assemble() {
	j.elements = []element{{name: candidate, cert: j.candidate}}
	j.Roots = without(j.Roots, nil)
	j.Chain = without(j.Chain, append([]*x509.Certificate{nil, j.candidate}, j.Roots...))
	if len(j.Chain) > maxChain {
		j.find("ANC013", "chain", "it holds %d certificates, at most %d are read", len(j.Chain), maxChain)
		j.Chain = nil
	}
	for i, c := range j.Chain {
		j.elements = append(j.elements, element{name: fmt.Sprintf("chain %d", i+1), cert: c})
	}
	for _, e := range j.elements {
		j.endless = j.endless || endless(e.cert)
	}
	for _, c := range j.Roots {
		j.endless = j.endless || endless(c)
	}
	if !j.endless {
		j.path, j.pathErr = pki.VerifyPath(j.candidate, j.Chain, j.Roots, j.Now, pki.AsIssuer)
		j.link()
	}
	for _, c := range j.judgedRoots() {
		j.elements = append(j.elements, element{name: "root", cert: c, root: true})
	}
	for _, e := range j.elements[1:] {
		if !j.opened[e.cert] {
			j.readDER(e.name, e.cert.Raw)
		}
	}
}

// maxChain bounds the work that a heap of certificates can make. The service
// takes chains of at most five.
const maxChain = 16

// judgedRoots are the roots that have to be beyond doubt: the one that proves
// the candidate, or all of them when none does. Former roots that prove nothing
// here may well have expired.
func (j *judgement) judgedRoots() []*x509.Certificate {
	if len(j.path) > 0 {
		return j.path[len(j.path)-1:]
	}
	return j.Roots
}

// without drops what is nil or equal to one of those, and what stands twice.
func without(certs []*x509.Certificate, those []*x509.Certificate) []*x509.Certificate {
	var kept []*x509.Certificate
	for _, c := range certs {
		if c != nil && !contains(those, c) && !contains(kept, c) {
			kept = append(kept, c)
		}
	}
	return kept
}

func contains(list []*x509.Certificate, c *x509.Certificate) bool {
	for _, l := range list {
		if l != nil && l.Equal(c) {
			return true
		}
	}
	return false
}

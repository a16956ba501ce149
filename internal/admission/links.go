package admission

import (
	"crypto/x509"
	"errors"
	"slices"
	"time"

	"anchorctl/internal/pki"
	"anchorctl/internal/rules"
)

// judge judges every certificate for what it is to be, and that they hang
// together.
func (c *chainJudgement) judge() {
	if c.kind == ofIssuer {
		c.judgeIssuer(c.subject)
		return
	}
	issuer := c.signer(c.subject)
	switch {
	case issuer == nil:
		c.find("ANC006", c.named(c.subject), "the certificate of its issuer is missing: it names %q, and nothing that was given has signed it",
			c.subject.Issuer.String()).Remedy = "add the issuer's certificate after it"
	case contains(c.Roots, issuer):
		c.find("ANC101", c.named(c.subject), "it is signed by the root itself, which would have to be the trust anchor for it")
	case contains(c.certs, issuer):
		c.judgeIssuer(issuer)
	}
	c.judgeWorkload(issuer)
	c.follow()
}

// judgeIssuer judges a CA of the chain as one that is to be an anchor.
func (c *chainJudgement) judgeIssuer(issuer *x509.Certificate) {
	j := newJudgement(AnchorCase{
		At: c.At, Certificate: issuer, Chain: c.rest(issuer), Roots: c.Roots, Now: c.Now, Public: c.Public,
		rootUnread: c.rootUnread,
	})
	for cert := range c.opened {
		j.opened[cert] = true
	}
	j.run()
	names := map[string]string{candidate: c.named(issuer)}
	for i, cert := range j.Chain {
		names[j.elements[i+1].name] = c.named(cert)
	}
	for _, f := range j.findings {
		if name, ok := names[f.Element]; ok {
			f.Element = name
		}
		if !slices.Contains(c.findings, f) {
			c.findings = append(c.findings, f)
		}
	}
	if c.kind == ofIssuer {
		c.path = j.path
		c.endless = j.endless
	}
}

// rest is every other certificate of the file that can be read and is a CA's.
func (c *chainJudgement) rest(but *x509.Certificate) []*x509.Certificate {
	return without(c.certs, []*x509.Certificate{nil, but, c.subject})
}

// around is all that may stand above a workload's certificate: what the file
// holds, and the estate's own issuers, which their anchors hold.
func (c *chainJudgement) around() []*x509.Certificate {
	all := c.rest(c.subject)
	if c.estate != nil {
		for _, i := range c.estate.Issuers {
			all = append(all, i.Certificate)
		}
	}
	return without(all, []*x509.Certificate{nil})
}

// signer is who has signed a certificate, by name and signature.
func (c *chainJudgement) signer(child *x509.Certificate) *x509.Certificate {
	for _, parent := range append(c.around(), c.Roots...) {
		if parent != nil && !parent.Equal(child) && signedBy(child, parent) {
			return parent
		}
	}
	return nil
}

// follow looks for the path to the root, and reports what breaks it where no
// rule has.
func (c *chainJudgement) follow() {
	if c.rootUnread {
		return
	}
	if len(c.Roots) == 0 {
		if !c.refused("ANC006") {
			c.find("ANC006", candidate, "no private root is named, so nothing proves that the chain is yours").
				Remedy = "name the private root with --root ROOT.pem"
		}
		return
	}
	if slices.ContainsFunc(append(c.around(), c.Roots...), endless) || endless(c.subject) {
		return // refused for that
	}
	path, err := pki.VerifyPath(c.subject, c.around(), c.Roots, c.Now, pki.AsWorkload)
	if err == nil {
		c.path = path
		c.depth()
		return
	}
	var broken *pki.PathError
	if !errors.As(err, &broken) || !broken.Certificate.Equal(c.subject) {
		if !c.refused("ANC001", "ANC002", "ANC003", "ANC004", "ANC005", "ANC006", "ANC010", "ANC101") {
			c.find("ANC006", candidate, "no valid chain leads to the private root: %v", err)
		}
		return
	}
	rule := map[pki.PathCode]string{
		pki.PathDates: "ANC005", pki.PathNames: "ANC202", pki.PathNone: "ANC006", pki.PathIsAnchor: "ANC101", pki.PathLength: "ANC010",
	}[broken.Code]
	if rule == "" {
		rule = "ANC204"
	}
	if !c.refused(rule) {
		c.find(rule, c.named(c.subject), "%s", broken.Message)
	}
}

// mostSent is how many certificates the service takes with a session besides
// the workload's own.
const mostSent = 5

func (c *chainJudgement) depth() {
	if sent := len(c.path) - 2; sent > mostSent {
		c.find("ANC010", candidate, "%d certificates stand between workload and root, the service takes at most %d with a session", sent, mostSent)
	}
}

// scope is the issuer of the estate that has signed the workload's certificate.
func (c *chainJudgement) scope() *ChainIssuer {
	if c.estate == nil || c.kind != ofWorkload {
		return nil
	}
	signer := c.signer(c.subject)
	for i, issuer := range c.estate.Issuers {
		if signer != nil && issuer.Certificate != nil && pki.SameKey(issuer.Certificate, signer) {
			return &c.estate.Issuers[i]
		}
	}
	return nil
}

// judgeWorkload holds the workload's certificate to its environment, or, when
// none is known, to what the service asks and what can be told from it alone.
func (c *chainJudgement) judgeWorkload(issuer *x509.Certificate) {
	at := c.named(c.subject)
	if wrong := badDates(c.subject, c.Now); wrong != "" {
		c.find("ANC005", at, "%s", wrong)
	}
	if c.Public.Err() == nil { // else its issuer is refused for it
		if entry, found := c.Public.KeyOf(c.subject); found {
			c.find("ANC002", at, "certificate carries the key of %s", known(entry))
		}
	}
	if scope := c.scope(); scope != nil {
		if scope.Retired {
			c.find("ANC011", at, "its issuer %s is retired: no anchor takes what it has signed", scope.By)
		}
		for _, f := range JudgeWorkload(WorkloadCase{
			At: c.At, Certificate: c.subject, Issuer: scope.Certificate, Environment: scope.Environment, TrustDomain: scope.TrustDomain,
			Workloads: scope.Workloads, Limit: scope.Limit,
		}) {
			f.Element = at
			c.findings = append(c.findings, f)
		}
	} else {
		c.judgeStranger(at, issuer)
	}
	c.renewal(at)
}

// judgeStranger: what the service asks is refused; what is our own shape is
// only said.
func (c *chainJudgement) judgeStranger(at string, issuer *x509.Certificate) {
	cert := c.subject
	for _, wrong := range []string{
		badVersion(cert.Version), badKey(cert.PublicKey), badSignature(cert), badSerial(cert.SerialNumber), badExtensions(cert),
		badSubject(cert), badTags(cert),
	} {
		if wrong != "" {
			c.find("ANC204", at, "%s", wrong)
		}
	}
	if cert.KeyUsage&x509.KeyUsageDigitalSignature == 0 {
		c.find("ANC204", at, "key usage does not include digitalSignature")
	} else if cert.KeyUsage != x509.KeyUsageDigitalSignature {
		c.warn("ANC204", at, "key usage is more than digitalSignature")
	}
	if !cert.BasicConstraintsValid {
		c.warn("ANC204", at, "basicConstraints is missing; CA:false says what it is")
	}
	if !forClients(cert) {
		c.warn("ANC204", at, "extended key usage does not include clientAuth")
	}
	if wrong := badCommonName(cert.Subject.CommonName); wrong != "" {
		c.warn("ANC202", at, "%s", wrong)
	}
	if issuer == nil {
		return
	}
	if cert.NotAfter.After(issuer.NotAfter) {
		c.find("ANC201", at, "certificate ends at %s, its issuer already at %s", stamp(cert.NotAfter), stamp(issuer.NotAfter))
	}
	if pki.SameKey(cert, issuer) {
		c.find("ANC204", at, "certificate carries the key of its issuer")
	}
}

// renewal warns when a workload's certificate has less than a third of its
// life left.
func (c *chainJudgement) renewal(at string) {
	left, life := c.subject.NotAfter.Sub(c.Now), c.subject.NotAfter.Sub(c.subject.NotBefore)
	if left >= 0 && left < life/3 {
		c.find("ANC012", at, "certificate expires in %s, at %s: less than a third of its life is left", left.Round(time.Minute), stamp(c.subject.NotAfter)).
			Remedy = "renew it"
	}
}

// order warns of what stands where it does not belong.
func (c *chainJudgement) order() {
	seen := map[string]bool{}
	var places []int
	for i, cert := range c.certs {
		if cert == nil {
			continue
		}
		at := slices.IndexFunc(c.path, cert.Equal)
		switch {
		case seen[string(cert.Raw)]:
			c.misplaced(position(i), "it stands in the file twice")
			continue
		case len(c.path) == 0:
		case at < 0:
			c.misplaced(position(i), "it is superfluous: the chain does not pass through it")
		case at == len(c.path)-1:
			c.misplaced(position(i), "the root need not be in the file: whoever verifies has it")
		}
		seen[string(cert.Raw)] = true
		if at >= 0 {
			places = append(places, at)
		}
	}
	if !slices.IsSorted(places) {
		c.misplaced(candidate, "the certificates are out of order")
	}
}

func (c *chainJudgement) misplaced(at, what string) {
	f := c.find("ANC006", at, "%s", what)
	f.Severity = rules.Warn
	f.Remedy = "write the file anew: first the certificate whose chain it is, then each time the one that has signed it, without the root"
}

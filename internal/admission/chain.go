package admission

import (
	"crypto/fips140"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"anchorctl/internal/pki"
	"anchorctl/internal/printable"
	"anchorctl/internal/publicca"
	"anchorctl/internal/rules"
)

// ChainInput is a bundle of certificates as a workload or an issuer has it:
// its own first, then whoever signed the one before.
type ChainInput struct {
	At     string    // the file's name
	File   io.Reader // PEM blocks, DER or PKCS#7
	Root   io.Reader // the private root, outside an estate
	Estate *ChainEstate
	Now    time.Time
	Public *publicca.Set
}

// ChainEstate is what an estate knows of the certificates of a chain.
type ChainEstate struct {
	Roots   []*x509.Certificate
	Issuers []ChainIssuer
}

// ChainIssuer is an issuer of an estate, and what it may issue.
type ChainIssuer struct {
	Certificate *x509.Certificate
	By          string // "issuer/prod#1"
	Retired     bool
	Environment string
	TrustDomain string
	Workloads   map[string][]string // the DNS names of each
	Limit       time.Duration       // the longest lifetime
}

// ChainReport is the verdict on a chain.
type ChainReport struct {
	At           string             `json:"at"`
	Sound        bool               `json:"sound"`
	Kind         string             `json:"kind"` // of the certificate whose chain it is: "workload" or "issuer"; empty when there is none
	Certificates []ChainCertificate `json:"certificates"`
	Path         []string           `json:"path,omitempty"` // the names from the first certificate to the root
	Findings     []rules.Finding    `json:"findings"`
	NotChecked   []string           `json:"notChecked"`
	Public       PublicList         `json:"public"`
}

// ChainCertificate is one certificate of the file.
type ChainCertificate struct {
	Position int    `json:"position"` // in the file, from 1
	Role     string `json:"role"`     // "workload", "issuer", "intermediate", "root"; "superfluous" or "unproven" when it is not on the path
	*Facts
}

// The kinds of chains, and roles in them.
const (
	ofWorkload = "workload"
	ofIssuer   = "issuer"
)

// chainJudgement judges a chain. What it reads and finds is a judgement's.
type chainJudgement struct {
	*judgement

	estate  *ChainEstate
	certs   []*x509.Certificate // of the file, in order; nil where one cannot be read
	subject *x509.Certificate   // whose chain it is
	kind    string
	path    []*x509.Certificate
}

// CheckChain judges a chain. The error is that of reading; what the files hold
// is for the findings.
func CheckChain(in ChainInput) (ChainReport, error) {
	c := &chainJudgement{judgement: newJudgement(AnchorCase{At: in.At, Now: in.Now, Public: in.Public}), estate: in.Estate}
	if in.Estate != nil {
		if in.Root != nil {
			return ChainReport{}, errors.New("checking chain: inside an estate its own root counts, no other can be named")
		}
		c.Roots = in.Estate.Roots
	}
	var err error
	var r ChainReport
	fips140.WithoutEnforcement(func() {
		if err = c.openFiles(in); err != nil {
			return
		}
		if c.choose() {
			c.judge()
			c.order()
		}
		r = c.report()
	})
	if err != nil {
		return ChainReport{}, fmt.Errorf("reading %s: %w", in.At, err)
	}
	return r, nil
}

func (c *chainJudgement) openFiles(in ChainInput) error {
	if in.Root != nil {
		data, err := c.bounded("root", in.Root, pki.MaxFile)
		if err != nil {
			return err
		}
		c.openRoot(data)
	}
	data, err := c.bounded(candidate, in.File, maxChainFile)
	if err != nil || data == nil {
		return err
	}
	ders, err := pki.OpenChain(data)
	if err != nil {
		c.unreadable(candidate, err)
		return nil
	}
	if len(ders) > maxChain {
		c.find("ANC013", candidate, "it holds %d certificates, at most %d are read", len(ders), maxChain)
		ders = nil
	}
	for i, der := range ders {
		c.certs = append(c.certs, c.readDER(position(i), der))
	}
	return nil
}

func position(i int) string { return fmt.Sprintf("certificate %d", i+1) }

// named is where a certificate stands.
func (c *chainJudgement) named(cert *x509.Certificate) string {
	for i, in := range c.certs {
		if in != nil && in.Equal(cert) {
			return position(i)
		}
	}
	if contains(c.Roots, cert) {
		return "root"
	}
	return candidate
}

// choose finds out whose chain it is: the one end entity's, or else that of the
// lowest CA.
func (c *chainJudgement) choose() bool {
	readable := without(c.certs, []*x509.Certificate{nil})
	if len(readable) == 0 {
		return false
	}
	var ends []*x509.Certificate
	for _, cert := range readable {
		if !cert.IsCA {
			ends = append(ends, cert)
		}
	}
	switch {
	case len(ends) == 0:
		c.subject, c.kind = lowest(readable), ofIssuer
	case len(ends) > 1:
		c.find("ANC013", candidate, "it holds %d certificates of end entities, a chain is that of one", len(ends))
		return false
	default:
		c.subject, c.kind = ends[0], ofWorkload
		if !readable[0].Equal(ends[0]) {
			c.find("ANC006", c.named(ends[0]), "the workload's certificate is not the first: clients of the service take the first one for it").
				Remedy = "put the workload's certificate first, then whoever signed the one before"
		}
	}
	return true
}

// lowest is the first CA that has signed none of the others, or the first.
func lowest(cas []*x509.Certificate) *x509.Certificate {
	for _, ca := range cas {
		if !slices.ContainsFunc(cas, func(other *x509.Certificate) bool { return other != ca && signedBy(other, ca) }) {
			return ca
		}
	}
	return cas[0]
}

// signedBy reports who has signed whom, by name and signature.
func signedBy(child, parent *x509.Certificate) bool {
	return !endless(parent) && pki.SameName(child.RawIssuer, parent.RawSubject) && pki.SignedBy(child, parent)
}

func (c *chainJudgement) report() ChainReport {
	r := ChainReport{
		At: printable.Line(c.At), Sound: c.subject != nil && !rules.Refused(c.findings), Kind: c.kind, Findings: c.findings, NotChecked: c.unchecked(),
		Certificates: []ChainCertificate{},
		Public:       PublicList{Date: c.Public.Date(), Count: c.Public.Count(), Stale: c.Public.Stale(c.Now)},
	}
	if r.Findings == nil {
		r.Findings = []rules.Finding{}
	}
	for i, cert := range c.certs {
		if cert != nil {
			r.Certificates = append(r.Certificates, ChainCertificate{Position: i + 1, Role: c.role(cert), Facts: FactsOf(cert)})
		}
	}
	for _, p := range c.path {
		r.Path = append(r.Path, printable.Line(p.Subject.String()))
	}
	return r
}

func (c *chainJudgement) role(cert *x509.Certificate) string {
	at := slices.IndexFunc(c.path, cert.Equal)
	switch {
	case cert.Equal(c.subject):
		return c.kind
	case len(c.path) == 0:
		return "unproven"
	case at < 0:
		return "superfluous"
	case at == len(c.path)-1:
		return "root"
	case at == 1 && c.kind == ofWorkload:
		return ofIssuer
	default:
		return "intermediate"
	}
}

// unchecked are the rules that nothing was given for.
func (c *chainJudgement) unchecked() []string {
	ids := []string{}
	scope := c.scope()
	note := func(id string, missing bool) {
		if missing && !slices.ContainsFunc(c.findings, func(f rules.Finding) bool { return f.Rule == id }) {
			ids = append(ids, id)
		}
	}
	for _, id := range anchorRules() {
		unknown := slices.Contains([]string{"ANC008", "ANC009"}, id) || id == "ANC011" && scope == nil
		note(id, unknown || c.subject == nil && id != "ANC013")
	}
	if c.kind == ofWorkload {
		for _, w := range workloadChecks() {
			// Outside an estate nobody says what is permitted.
			note(w.rule, scope == nil && w.rule != "ANC204")
		}
	}
	return ids
}

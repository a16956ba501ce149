package admission

import (
	"crypto/fips140"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"time"

	"anchorctl/internal/pki"
	"anchorctl/internal/printable"
	"anchorctl/internal/publicca"
	"anchorctl/internal/rules"
)

// CheckInput is a certificate file that somebody wants to use as an anchor.
type CheckInput struct {
	At     string    // the file's name
	File   io.Reader // the candidate
	Chain  io.Reader // what stands between it and the root; may be nil
	Root   io.Reader // the private root, outside an estate
	Estate *Estate   // inside an estate, whose own root counts
	Now    time.Time
	Public *publicca.Set
}

// Estate is what an estate knows about who uses which certificate.
type Estate struct {
	Roots  []*x509.Certificate
	Others []Use
}

// Report is the verdict on a file.
type Report struct {
	At         string          `json:"at"`
	Admitted   bool            `json:"admitted"`
	Findings   []rules.Finding `json:"findings"`
	NotChecked []string        `json:"notChecked"` // rules that nothing was given for; they never pass silently
	Subject    *Facts          `json:"subject,omitempty"`
	Path       []string        `json:"path,omitempty"` // the names from the candidate to the root that proves it
	Public     PublicList      `json:"public"`
}

// PublicList says how old the list of public CAs is.
type PublicList struct {
	Date  time.Time `json:"date"`
	Count int       `json:"count"`
	Stale bool      `json:"stale"`
}

// Facts are what a certificate says about itself, safe to print.
type Facts struct {
	Subject       string    `json:"subject"`
	Issuer        string    `json:"issuer"`
	Serial        string    `json:"serial"`
	SerialDecimal string    `json:"serialDecimal"`
	NotBefore     time.Time `json:"notBefore"`
	NotAfter      time.Time `json:"notAfter"`
	Key           string    `json:"key"`
	Signature     string    `json:"signature"`
	Fingerprint   string    `json:"fingerprint"`    // SHA-256 of the certificate
	KeyDigest     string    `json:"keyFingerprint"` // SHA-256 of its public key
	CA            bool      `json:"ca"`
	PathLength    *int      `json:"pathLength,omitempty"`
}

// CheckFile judges a certificate file as if it were about to become an anchor.
// The error is that of reading; what the files hold is for the findings.
func CheckFile(in CheckInput) (Report, error) {
	c := AnchorCase{At: in.At, Now: in.Now, Public: in.Public}
	if c.Public == nil {
		c.Public = publicca.Load()
	}
	if in.Estate != nil {
		if in.Root != nil {
			return Report{}, errors.New("checking certificate: inside an estate its own root counts, no other can be named")
		}
		c.Roots, c.Others = in.Estate.Roots, in.Estate.Others
	}
	j := newJudgement(c)
	var err error
	fips140.WithoutEnforcement(func() {
		if err = j.open(in); err == nil {
			j.run()
		}
	})
	if err != nil {
		return Report{}, fmt.Errorf("reading %s: %w", in.At, err)
	}
	r := Report{
		At: printable.Line(in.At), Admitted: j.admitted(), Findings: j.findings, NotChecked: j.notChecked(in.Estate != nil),
		Public: PublicList{Date: c.Public.Date(), Count: c.Public.Count(), Stale: c.Public.Stale(in.Now)},
	}
	if r.Findings == nil {
		r.Findings = []rules.Finding{}
	}
	if j.candidate != nil {
		r.Subject = FactsOf(j.candidate)
	}
	for _, p := range j.path {
		r.Path = append(r.Path, printable.Line(p.Subject.String()))
	}
	return r, nil
}

// maxChainFile is what an anchor's bundle may hold.
const maxChainFile = 200 << 10

// open reads the files within bounds, however large they are.
func (j *judgement) open(in CheckInput) error {
	data, err := j.bounded(candidate, in.File, pki.MaxFile)
	if err != nil {
		return err
	}
	j.Data = data
	if in.Root != nil {
		if data, err = j.bounded("root", in.Root, pki.MaxFile); err != nil {
			return err
		}
		j.openRoot(data)
	}
	if in.Chain != nil {
		if data, err = j.bounded("chain", in.Chain, maxChainFile); err != nil {
			return err
		}
		j.openChain(data)
	}
	return nil
}

// bounded is what r holds, or nil when that is too much, which is a finding.
func (j *judgement) bounded(name string, r io.Reader, limit int64) ([]byte, error) {
	if r == nil {
		return []byte{}, nil
	}
	data, err := pki.ReadBounded(r, limit)
	var parse *pki.ParseError
	if errors.As(err, &parse) {
		j.unreadable(name, err)
		j.unread = j.unread || name == candidate
		j.rootUnread = j.rootUnread || name == "root"
		return nil, nil
	}
	return data, err
}

func (j *judgement) openRoot(data []byte) {
	if data == nil {
		return
	}
	root := j.read("root", data)
	if root == nil {
		j.rootUnread = true
		return
	}
	j.Roots = append(j.Roots, root)
}

func (j *judgement) openChain(data []byte) {
	if data == nil {
		return
	}
	ders, err := pki.OpenChain(data)
	if err != nil {
		j.unreadable("chain", err)
		return
	}
	seen := map[string]bool{}
	for i, der := range ders {
		if seen[string(der)] {
			continue // what stands twice is judged once
		}
		seen[string(der)] = true
		if len(seen) > maxChain {
			j.find("ANC013", "chain", "it holds more than %d different certificates, no more are read", maxChain)
			return
		}
		if c := j.readDER(fmt.Sprintf("chain %d", i+1), der); c != nil {
			j.Chain = append(j.Chain, c)
		}
	}
}

// notChecked are the rules that nothing was given for.
func (j *judgement) notChecked(estate bool) []string {
	missing := map[string]bool{"ANC008": true, "ANC009": true, "ANC011": !estate && !j.refused("ANC011")}
	missing["ANC006"] = j.rootUnread
	if len(j.Roots) == 0 {
		missing["ANC010"], missing["ANC101"] = true, true
	}
	if j.candidate != nil && len(j.parents[j.candidate]) == 0 {
		missing["ANC007"] = true
	}
	ids := []string{}
	for _, id := range anchorRules() {
		if missing[id] || j.candidate == nil && id != "ANC013" {
			ids = append(ids, id)
		}
	}
	return ids
}

// FactsOf is what a certificate says about itself.
func FactsOf(c *x509.Certificate) *Facts {
	f := &Facts{
		Subject: printable.Line(c.Subject.String()), Issuer: printable.Line(c.Issuer.String()),
		Serial: pki.SerialHex(c), SerialDecimal: pki.SerialDecimal(c),
		NotBefore: c.NotBefore.UTC(), NotAfter: c.NotAfter.UTC(),
		Key: pki.KeyKind(c.PublicKey), Signature: c.SignatureAlgorithm.String(),
		Fingerprint: pki.Fingerprint(c), KeyDigest: fmt.Sprintf("%x", pki.SPKIDigest(c)), CA: c.IsCA,
	}
	if n, limited := pki.MaxPathLen(c); limited {
		f.PathLength = &n
	}
	return f
}

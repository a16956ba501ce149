package admission

import (
	"crypto/fips140"
	"crypto/x509"
	"time"

	"anchorctl/internal/pki"
	"anchorctl/internal/rules"
)

// JudgeRoot judges a root whose key is somebody else's, before an estate rests on
// it: as the root of a candidate is judged, and that it has room for issuers.
func JudgeRoot(at string, root *x509.Certificate, now time.Time) []rules.Finding {
	j := newJudgement(AnchorCase{At: at, Roots: []*x509.Certificate{root}, Now: now})
	j.candidate = root
	fips140.WithoutEnforcement(j.judgeRoot)
	return j.findings
}

func (j *judgement) judgeRoot() {
	const name = "root"
	root := j.candidate
	if j.readDER(name, root.Raw) == nil {
		return
	}
	j.elements = []element{{name: name, cert: root, root: true}}
	checkCA(j)
	checkUsage(j)
	for _, wrong := range []string{
		badKey(root.PublicKey), badSignature(root), badVersion(root.Version), badSerial(root.SerialNumber),
		badDates(root, j.Now), badExtensions(root), badSubject(root),
	} {
		if wrong != "" {
			j.find("ANC005", name, "%s", wrong)
		}
	}
	checkExpiring(j)
	checkPublic(j)
	switch most, limited := pki.MaxPathLen(root); {
	case endless(root):
	case !pki.SelfSigned(root):
		j.find("ANC006", name, "it is not self-signed, so it is no root: %q is above it", root.Issuer.String()).
			Remedy = "name the root itself, and have it sign the issuers"
	case limited && most < 1:
		j.find("ANC010", name, "its path length allows no CA below it, so it can sign no issuer")
	}
	if len(root.SubjectKeyId) == 0 {
		j.find("ANC005", name, "it has no subject key identifier, by which issuers name it")
	}
}

package admission

import (
	"crypto/x509"
	"errors"
	"fmt"

	"anchorctl/internal/pki"
)

// link finds out by name and signature who has signed whom.
func (j *judgement) link() {
	all := append(append([]*x509.Certificate{j.candidate}, j.Chain...), j.Roots...)
	j.parents = map[*x509.Certificate][]*x509.Certificate{}
	for _, child := range all {
		if contains(j.Roots, child) {
			continue
		}
		for _, parent := range all {
			if parent != child && pki.SameName(child.RawIssuer, parent.RawSubject) && pki.SignedBy(child, parent) {
				j.parents[child] = append(j.parents[child], parent)
			}
		}
	}
}

// checkProof: a valid chain to the estate's own root, the candidate taken as a
// CA that must still be able to issue (ANC006). A chain that fails for a reason
// with a rule of its own is reported there.
func checkProof(j *judgement) {
	j.checkRootsOwn()
	switch {
	case j.rootUnread:
	case len(j.Roots) == 0:
		j.find("ANC006", candidate, "no private root is named, so nothing proves that the certificate is yours").
			Remedy = "name the private root with --root ROOT.pem"
	case j.endless:
		j.find("ANC006", candidate, "no chain was followed, because of a key that is too large")
	case j.pathErr == nil && len(j.path) > 1:
	case !j.refused(coveredBy(j.pathErr)...):
		j.find("ANC006", candidate, "no valid chain leads to the private root: %v", reason(j.pathErr))
	}
}

// checkRootsOwn: a root that names itself as its issuer has signed itself. If
// not, somebody has changed it, and what it says about dates and path lengths
// is not what its owner said.
func (j *judgement) checkRootsOwn() {
	for _, e := range j.elements {
		c := e.cert
		if e.root && pki.SameName(c.RawIssuer, c.RawSubject) && badKey(c.PublicKey) == "" && badSignature(c) == "" && !pki.SelfSigned(c) {
			j.find("ANC006", e.name, "it names itself as its issuer, and its signature does not verify under its own key: it was changed, or is no root")
		}
	}
}

func reason(err error) string {
	if err == nil {
		return "the chain is empty"
	}
	return err.Error()
}

// coveredBy are the rules that report what broke a path. If none of them has said so,
// the proof fails by itself.
func coveredBy(err error) []string {
	var path *pki.PathError
	if !errors.As(err, &path) {
		return nil
	}
	switch path.Code {
	case pki.PathIsAnchor:
		return []string{"ANC101"}
	case pki.PathDates, pki.PathWeak, pki.PathExtension:
		return []string{"ANC005"}
	case pki.PathMalformed:
		return []string{"ANC005", "ANC013"}
	case pki.PathNotCA:
		return []string{"ANC003"}
	case pki.PathKeyUsage:
		return []string{"ANC004"}
	case pki.PathLength:
		return []string{"ANC010"}
	case pki.PathNames:
		if badSubject(path.Certificate) != "" {
			return []string{"ANC005"}
		}
	case pki.PathNone, pki.PathTooComplex:
	}
	return nil
}

// checkPathLength: the candidate must still be able to issue one certificate
// under every path length above it (ANC010).
func checkPathLength(j *judgement) {
	if j.endless || len(j.path) > 0 {
		return // a path that holds has room
	}
	if why := j.tooDeep(); why != "" {
		j.find("ANC010", candidate, "%s", why)
	}
}

// tooDeep follows the links upwards, each certificate at its smallest depth. It
// is empty when nothing is too deep on some way to a root, or when no way leads
// there at all.
func (j *judgement) tooDeep() string {
	type step struct {
		cert  *x509.Certificate
		depth int // CA certificates below it
		why   string
	}
	queue, seen, why := []step{{cert: j.candidate}}, map[*x509.Certificate]bool{}, ""
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		if seen[at.cert] {
			continue
		}
		seen[at.cert] = true
		if most, limited := pki.MaxPathLen(at.cert); limited && at.depth > most && at.why == "" {
			at.why = fmt.Sprintf("%q allows %d CA certificates below it, and with this one there are %d", at.cert.Subject.String(), most, at.depth)
		}
		if contains(j.Roots, at.cert) {
			if at.why == "" {
				return ""
			}
			why = at.why
		}
		for _, parent := range j.parents[at.cert] {
			queue = append(queue, step{parent, at.depth + 1, at.why})
		}
	}
	return why
}

// checkOutlives: nothing ends later than every certificate that has signed it
// (ANC007).
func checkOutlives(j *judgement) {
	for _, e := range j.elements {
		parents := j.parents[e.cert]
		if e.root || len(parents) == 0 {
			continue
		}
		latest := parents[0].NotAfter
		for _, p := range parents {
			if p.NotAfter.After(latest) {
				latest = p.NotAfter
			}
		}
		if e.cert.NotAfter.After(latest) {
			j.find("ANC007", e.name, "certificate ends at %s, its parent already at %s", stamp(e.cert.NotAfter), stamp(latest))
		}
	}
}

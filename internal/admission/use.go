package admission

import (
	"crypto/x509"

	"anchorctl/internal/pki"
)

// checkRoot: the root itself, or anything with its key, is never registered
// (ANC101).
func checkRoot(j *judgement) {
	for _, root := range j.Roots {
		switch {
		case root.Equal(j.candidate):
			j.find("ANC101", candidate, "certificate is the private root: every environment's certificates would be accepted")
			return
		case pki.SameKey(root, j.candidate):
			j.find("ANC101", candidate, "certificate carries the key of the private root %q", root.Subject.String())
			return
		}
	}
}

// checkShared: no other environment uses the key, stands above it or hangs
// below it, and it is not retired (ANC011).
func checkShared(j *judgement) {
	for _, above := range j.path[min(1, len(j.path)):] {
		if !contains(j.Roots, above) && pki.SameKey(above, j.candidate) {
			j.find("ANC011", candidate, "certificate carries the key of %q, which stands above it", above.Subject.String())
		}
	}
	for _, use := range j.Others {
		if use.Certificate == nil {
			j.find("ANC011", candidate, "what %s uses is not known, so it cannot be told apart", use.By)
			continue
		}
		for _, e := range j.elements {
			if !e.root && pki.SameKey(use.Certificate, e.cert) {
				j.find("ANC011", e.name, "%s", sharing(use, e.cert))
			}
		}
		if !j.endless && !endless(use.Certificate) && !pki.SameKey(use.Certificate, j.candidate) &&
			pki.SignedBy(use.Certificate, j.candidate) {
			j.find("ANC011", candidate, "certificate has signed that of %s, whose workloads would be accepted as well", use.By)
		}
	}
}

func sharing(use Use, c *x509.Certificate) string {
	what := "certificate carries the key of "
	if use.Certificate.Equal(c) {
		what = "certificate is that of "
	}
	if use.Retired {
		return what + use.By + ", which is retired"
	}
	return what + use.By
}

// mostInAnchor is the quota of certificates per trust anchor.
const mostInAnchor = 2

// checkCount: the two certificates of an anchor are admitted one by one; here
// they are counted (ANC008).
func checkCount(j *judgement) {
	held := without(j.Existing, []*x509.Certificate{j.candidate})
	if n := len(held) + 1; n > mostInAnchor {
		j.find("ANC008", candidate, "with it the anchor would hold %d certificates, at most %d are allowed", n, mostInAnchor)
	}
}

// checkSource: an anchor is a certificate of ours, never another source
// (ANC009).
func checkSource(j *judgement) {
	if j.SourceType != "" && j.SourceType != "CERTIFICATE_BUNDLE" {
		j.find("ANC009", candidate, "the anchor's source type is %q, CERTIFICATE_BUNDLE is needed", j.SourceType)
	}
}

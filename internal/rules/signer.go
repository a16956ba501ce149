package rules

import "anchorctl/internal/pki"

// checkSelfSigned: the candidate and the chain are signed by somebody else's
// key, whatever the names say (ANC001). A root is excused from this alone.
func checkSelfSigned(j *judgement) {
	for _, e := range j.elements {
		if e.root || endless(e.cert) || !pki.SelfSigned(e.cert) {
			continue
		}
		if string(e.cert.RawSubject) == string(e.cert.RawIssuer) {
			j.find("ANC001", e.name, "certificate is self-signed: its signature verifies under its own key")
			continue
		}
		j.find("ANC001", e.name, "certificate is self-signed: its signature verifies under its own key, although it names %q as its issuer",
			e.cert.Issuer.String())
	}
}

// checkPublic: no key of the case is a public CA's, and no public CA has signed
// any of it (ANC002).
func checkPublic(j *judgement) {
	if err := j.Public.Err(); err != nil {
		j.find("ANC002", candidate, "nothing can be told apart from a public CA: %v", err)
		return
	}
	for _, e := range j.elements {
		entry, found := j.Public.KeyOf(e.cert)
		switch {
		case found && entry.Fingerprint == pki.Fingerprint(e.cert):
			j.find("ANC002", e.name, "certificate is that of the public CA %q", entry.Name)
			continue
		case found:
			j.find("ANC002", e.name, "certificate carries the key of the public CA %q", entry.Name)
		}
		if endless(e.cert) {
			continue
		}
		if entry, found := j.Public.IssuerOf(e.cert); found {
			j.find("ANC002", e.name, "certificate is signed by the public CA %q", entry.Name)
		}
	}
}

package admission

import (
	"crypto"
	"fmt"

	"anchorctl/internal/pki"
	"anchorctl/internal/publicca"
)

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

// checkPublic: no key of the case is known to the world, be it a public CA's or
// one that was published, and none of them has signed any of it (ANC002).
func checkPublic(j *judgement) {
	if err := j.Public.Err(); err != nil {
		j.find("ANC002", candidate, "nothing can be told apart from a public CA: %v", err)
		return
	}
	var keys []crypto.PublicKey
	for _, e := range j.elements {
		keys = append(keys, e.cert.PublicKey)
	}
	for _, e := range j.elements {
		if entry, found := j.Public.Equal(e.cert); found {
			j.find("ANC002", e.name, "certificate is that of %s", known(entry))
			continue
		}
		if entry, found := j.Public.KeyOf(e.cert); found {
			j.find("ANC002", e.name, "certificate carries the key of %s", known(entry))
		}
		if endless(e.cert) {
			continue
		}
		if entry, found := j.Public.IssuerOf(e.cert, keys...); found {
			j.find("ANC002", e.name, "certificate is signed by the key of %s", known(entry))
		}
	}
}

// known says of an entry of the public set what it is and who says so.
func known(e publicca.Entry) string {
	return fmt.Sprintf("the %s %q, listed in %s", e.What(), e.Name, e.Source)
}

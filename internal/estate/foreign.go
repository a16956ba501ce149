package estate

import (
	"fmt"
	"slices"
	"strings"

	"anchorctl/internal/anchors"
	"anchorctl/internal/pki"
	"anchorctl/internal/plan"
	"anchorctl/internal/rules"
)

// foreign reports certificates in our anchor that we did not put there. Taking
// them out may deny sessions that somebody counts on; leaving them may be what
// an attacker counts on: a person decides.
func (b *builder) foreign(addr plan.Addr, live anchors.Live) {
	names, _, err := anchors.CertificateNames(live, b.r.knownAs)
	strange := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return strings.HasPrefix(name, "issuer/"+addr.Environment+"#") })
	switch {
	case err != nil:
		strange = []string{"what cannot be read"}
	case len(strange) == 0:
		strange = names
	}
	b.proposal.Foreign = append(b.proposal.Foreign, addr.String())
	if slices.Contains(b.options.Restore, addr.Environment) {
		return
	}
	b.proposal.Findings = append(b.proposal.Findings, b.strangers(addr,
		fmt.Sprintf("it holds what does not belong there: %s; its removal takes --approve-restore %s", strings.Join(strange, ", "), addr.Environment)))
}

// strangers is the finding of certificates in an anchor that are not ours, with
// the command as it is to be typed.
func (b *builder) strangers(anchor plan.Addr, evidence string) rules.Finding {
	lost := b.lost(anchor)
	if lost != "" {
		evidence += "; " + lost
	}
	f := rules.Find("ANC604", anchor.String(), evidence)
	f.Remedy = strings.ReplaceAll(f.Remedy, "ENVIRONMENT", anchor.Environment)
	if lost != "" {
		f.Remedy = "look for a newer backup of the store first: workloads may hold certificates of that issuer, and its removal denies them; otherwise " + f.Remedy
	}
	return f
}

// lost says which certificate in an anchor a root of ours has signed although it is not
// on record: whoever restored the store has lost what made it.
func (b *builder) lost(anchor plan.Addr) string {
	certificates, err := pki.ParseBundle(b.o.anchors[anchor].Bundle)
	if err != nil {
		return "" // it is told as what cannot be read
	}
	for _, c := range certificates {
		if _, known := b.r.knownAs(pki.Fingerprint(c)); known {
			continue
		}
		for _, g := range b.r.generations {
			if g.Environment == "" && pki.SignedBy(c, b.r.certs[g.Addr().String()]) {
				return fmt.Sprintf("%q is signed by %s and not on record, so the store was restored from a backup, or the root's key is in other hands", c.Subject.CommonName, g.Addr())
			}
		}
	}
	return ""
}

package estate

import (
	"context"
	"fmt"

	"anchorctl/internal/anchors"
	"anchorctl/internal/plan"
	"anchorctl/internal/rules"
	"anchorctl/internal/store"
)

// judge holds the configuration and every issuer there is against the rules.
func (w World) judge(r recorded, d desired) []rules.Finding {
	findings := rules.JudgeConfig(w.Folder.Config, w.Folder.Clock.Now())
	for _, env := range environments(r, d) {
		if g, ok := r.active[env]; ok {
			_, found := rules.Admit(w.anchorCase(r, g.Addr()))
			findings = append(findings, found...)
		}
	}
	return findings
}

// anchorCase is what the rules need to know of an issuer generation that is to
// become an anchor's certificate.
func (w World) anchorCase(r recorded, issuer plan.Addr) rules.AnchorCase {
	c := rules.AnchorCase{
		At: issuer.String(), Certificate: r.certs[issuer.String()], SourceType: anchors.SourceBundle, Now: w.Folder.Clock.Now(),
	}
	for _, g := range r.generations {
		addr := g.Addr()
		cert := r.certs[addr.String()]
		switch {
		case g.Environment == "":
			c.Roots = append(c.Roots, cert)
		case addr != issuer && (g.Environment != issuer.Environment || g.Status == store.Retired):
			c.Others = append(c.Others, rules.Use{Certificate: cert, By: addr.String()})
		}
	}
	return c
}

// admit judges an issuer generation at the moment it is about to be sent.
func (w World) admit(ctx context.Context, anchor, issuer plan.Addr) (rules.Admitted, error) {
	r, err := w.recorded(ctx)
	if err != nil {
		return rules.Admitted{}, err
	}
	if r.certs[issuer.String()] == nil {
		return rules.Admitted{}, fmt.Errorf("registering %s at %s: there is no such issuer", issuer, anchor)
	}
	admitted, findings := rules.Admit(w.anchorCase(r, issuer))
	if admitted.Certificate() == nil {
		return rules.Admitted{}, &rules.Refusal{Findings: findings}
	}
	return admitted, nil
}

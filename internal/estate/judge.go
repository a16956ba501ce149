package estate

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"anchorctl/internal/admission"
	"anchorctl/internal/anchors"
	"anchorctl/internal/plan"
	"anchorctl/internal/rules"
	"anchorctl/internal/scrutiny"
	"anchorctl/internal/vetting"
)

// judge holds the configuration and every issuer there is against the rules.
func (w World) judge(r recorded, d desired) ([]rules.Finding, error) {
	findings := scrutiny.JudgeConfig(w.Folder.Config, w.Folder.Clock.Now())
	for _, env := range slices.Sorted(maps.Keys(d.issuers)) {
		for _, issuer := range r.minted(env) {
			c, err := w.anchorCase(r, issuer)
			if err != nil {
				return nil, err
			}
			_, found := admission.Admit(c)
			findings = append(findings, milder(found, r.published(d, env))...)
		}
	}
	return findings, nil
}

// milder makes refusals of an issuer into warnings when every anchor that should
// hold it was made already: nothing of it is about to be sent, and what has
// become of it, such as its expiry, must not stop the other environments. What
// is sent is judged again.
func milder(findings []rules.Finding, published bool) []rules.Finding {
	if !published {
		return findings
	}
	said := slices.Clone(findings)
	for i := range said {
		said[i].Severity = rules.Warn
	}
	return said
}

// published reports whether every anchor of an environment is recorded.
func (r recorded) published(d desired, env string) bool {
	for addr := range d.anchors {
		if _, there := r.objects[addr]; addr.Environment == env && !there {
			return false
		}
	}
	return true
}

// anchorCase is what the rules need to know of an issuer generation that is to
// become an anchor's certificate.
func (w World) anchorCase(r recorded, issuer plan.Addr) (admission.AnchorCase, error) {
	known, err := vetting.Known(r.generations, issuer.Environment)
	if err != nil {
		return admission.AnchorCase{}, err
	}
	return admission.AnchorCase{
		At: issuer.String(), Certificate: r.certs[issuer.String()], SourceType: anchors.SourceBundle,
		Roots: known.Roots, Others: known.Others, Now: w.Folder.Clock.Now(),
	}, nil
}

// admit judges an issuer generation at the moment it is about to be sent.
func (w World) admit(ctx context.Context, anchor, issuer plan.Addr) (admission.Admitted, error) {
	r, err := w.recorded(ctx)
	if err != nil {
		return admission.Admitted{}, err
	}
	if r.certs[issuer.String()] == nil {
		return admission.Admitted{}, fmt.Errorf("registering %s at %s: there is no such issuer", issuer, anchor)
	}
	c, err := w.anchorCase(r, issuer)
	if err != nil {
		return admission.Admitted{}, err
	}
	admitted, findings := admission.Admit(c)
	if admitted.Certificate() == nil {
		return admission.Admitted{}, &rules.Refusal{Findings: findings}
	}
	return admitted, nil
}

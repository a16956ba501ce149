package estate

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"slices"

	"anchorctl/internal/admission"
	"anchorctl/internal/crls"
	"anchorctl/internal/plan"
	"anchorctl/internal/rules"
	"anchorctl/internal/store"
)

// lists proposes new revocation lists where they are due, and that each anchor
// has the newest one of every issuer that it holds. No anchor is enabled before
// it has.
func (b *builder) lists() error {
	signed := map[plan.Addr][]string{}
	for _, issuer := range addresses(b.v.states) {
		state := b.v.states[issuer]
		if n := b.r.rotations[issuer.Environment]; n.Kind == store.Emergency && issuer.Generation == n.From {
			b.compromised(state)
			continue // nothing is signed by a compromised key
		}
		above, unknown := b.beyond(state)
		because := state.Due(b.world.Folder.Clock.Now(), termsOf(b.world.Folder.Config)(issuer.Environment), above)
		if because == "" {
			continue
		}
		a, err := crls.Sign(state, because, above, unknown)
		if err != nil {
			return err
		}
		b.add(a)
		signed[issuer] = []string{a.ID}
	}
	for _, env := range b.world.Folder.Config.EnvironmentNames() {
		if err := b.firstList(env); err != nil {
			return err
		}
		if b.world.Folder.Config.Environments[env].CRL.CheckDistributionPoint {
			b.notice("environment %s: the trust anchors check certificates against their distribution point; what AWS does when it cannot be reached, "+
				"or when its list is out of date, is not documented: it may deny every session, or take revoked certificates", env)
		}
	}
	for _, addr := range addresses(b.v.specs) {
		if err := b.list(b.v.specs[addr], signed[plan.Issuer(addr.Environment, addr.Generation)]); err != nil {
			return err
		}
	}
	return nil
}

// compromised says of an issuer whose key is stolen that what was revoked since is
// on no list: it opens sessions until the anchors have changed over.
func (b *builder) compromised(state crls.State) {
	if state.Due(b.world.Folder.Clock.Now(), termsOf(b.world.Folder.Config)(state.Issuer.Environment), 0) != "" {
		b.notice("%s signs no revocation list any more, because its key is compromised: what is revoked now opens sessions until %q has changed the trust anchors over",
			state.Issuer, "anchorctl "+resume(Rotation{Environment: state.Issuer.Environment}))
	}
}

// firstList proposes the list of an issuer that is about to be minted, where its
// certificates are going to name one.
func (b *builder) firstList(env string) error {
	issuer := plan.Issuer(env, b.r.generation(env))
	minted := b.id(plan.IssuerMint, issuer)
	if len(minted) == 0 || b.world.Folder.Config.Environments[env].CRL.DistributionPoint == "" {
		return nil
	}
	a, err := crls.Sign(crls.State{Issuer: issuer}, "there is none yet", 0, nil)
	if err != nil {
		return err
	}
	a.Needs = minted
	b.add(a)
	return nil
}

// list proposes what one anchor needs to have the list. A list that cannot be
// signed any more, because its issuer expired, is not imported.
func (b *builder) list(spec crls.Spec, signed []string) error {
	if spec.Signing = len(signed) > 0; !spec.Signing && spec.Number == 0 {
		return nil
	}
	if !spec.Signing {
		b.proposal.Findings = append(b.proposal.Findings, admission.JudgeUnsent(spec.Addr.String(), spec.DER)...)
	}
	var actions []plan.Action
	live, there := b.o.crls[spec.Addr]
	if there {
		spec.Tags = b.r.withIntent(spec.Addr, spec.Tags)
		b.judgeList(spec, live)
		var err error
		if actions, err = crls.Update(spec, live, signed); err != nil {
			return err
		}
	} else {
		if _, made := b.r.objects[spec.Anchor]; made && revokesAny(spec.DER) {
			b.proposal.Findings = append(b.proposal.Findings, admission.JudgeMissing(spec.Addr.String(), spec.Number))
		}
		a, err := crls.Import(spec, append(signed[:len(signed):len(signed)], b.id(plan.AnchorCreate, spec.Anchor)...))
		if err != nil {
			return err
		}
		actions = []plan.Action{a}
	}
	b.add(actions...)
	for _, a := range actions {
		b.ready[spec.Anchor] = append(b.ready[spec.Anchor], a.ID)
	}
	return nil
}

// revokesAny reports whether a list on record has entries. An empty one, which a
// distribution point has from the start, is at no anchor.
func revokesAny(der []byte) bool {
	list, err := x509.ParseRevocationList(der)
	return err == nil && len(list.RevokedCertificateEntries) > 0
}

func (b *builder) judgeList(spec crls.Spec, live crls.Live) {
	b.proposal.Findings = append(b.proposal.Findings, admission.JudgeCRL(admission.CRLCase{
		At: spec.Addr.String(), Issuer: b.v.states[plan.Issuer(spec.Addr.Environment, spec.Addr.Generation)].Certificate,
		List: live.List(), Size: len(live.Data), Newest: spec.Number, Now: b.world.Folder.Clock.Now(),
		Interval: termsOf(b.world.Folder.Config)(spec.Addr.Environment).Interval, Disabled: !live.Enabled,
	})...)
}

// beyond looks at the lists of an issuer that are at anchors: the highest
// number that is newer than the newest on record, and what such lists revoke
// and the store does not.
func (b *builder) beyond(state crls.State) (above int64, unknown []store.Revocation) {
	seen := map[string]bool{}
	take := func(l crls.Live) bool {
		list := newerList(state, l)
		if list == nil {
			return false
		}
		above = max(above, list.Number.Int64())
		for _, r := range state.Unknown(list) {
			if !seen[r.Serial] {
				unknown = append(unknown, r)
			}
			seen[r.Serial] = true
		}
		return true
	}
	for _, addr := range addresses(b.o.crls) {
		take(b.o.crls[addr])
	}
	for _, l := range b.o.foreignCRLs {
		if take(l) {
			b.proposal.Findings = append(b.proposal.Findings, rules.Find("ANC704", l.ARN, fmt.Sprintf(
				"%s signed it, and the newest list on record is %d", state.Issuer, state.Newest.Number)))
		}
	}
	return above, unknown
}

// newerList is a live list if the issuer signed it and the store does not know
// one that is as new.
func newerList(state crls.State, l crls.Live) *x509.RevocationList {
	list := l.List()
	if list == nil || list.Number == nil || !list.Number.IsInt64() || list.Number.Int64() <= state.Newest.Number ||
		!bytes.Equal(list.RawIssuer, state.Certificate.RawSubject) || list.CheckSignatureFrom(state.Certificate) != nil {
		return nil
	}
	return list
}

// withdrawnLists: the anchors of a rotation that gave up an issuer need no list of
// it any more.
func (b *builder) withdrawnLists() {
	for _, addr := range addresses(b.v.specs) {
		anchor := b.v.specs[addr].Anchor
		live, there := b.o.anchors[anchor]
		_, made := b.r.objects[anchor]
		_, open := b.r.rotations[addr.Environment]
		holds := b.trusted(b.d.anchors[anchor]) // of one that is to be made
		if there {
			holds = b.issuersIn(live)
		}
		if open && (there || !made) && !slices.Contains(holds, plan.Issuer(addr.Environment, addr.Generation)) {
			delete(b.v.specs, addr)
		}
	}
}

// foreignLists names what others imported for anchors of ours. It stays.
func (b *builder) foreignLists() {
	for _, l := range b.o.foreignCRLs {
		for _, anchor := range addresses(b.r.objects) {
			if anchor.Kind == plan.KindAnchor && b.r.objects[anchor].ARN == l.AnchorARN {
				b.notice("%s, a revocation list at %s, is not ours and stays", l.ARN, anchor)
			}
		}
	}
}

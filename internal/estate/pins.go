package estate

import (
	"encoding/json"
	"fmt"
	"strings"

	"anchorctl/internal/config"
	"anchorctl/internal/engine"
	"anchorctl/internal/iampolicy"
	"anchorctl/internal/plan"
	"anchorctl/internal/roles"
	"anchorctl/internal/rules"
)

// pin proposes what each role of the configuration needs: nothing when it is
// pinned already, else our statement written (manage) or waited for (verify).
// It needs every anchor of the account created, and the roles gone from the
// profiles they should not be in.
func (b *builder) pin() error {
	for _, addr := range addresses(b.d.pins) {
		pin, live := b.d.pins[addr], b.o.roles[addr]
		done, err := b.pinned(pin, live)
		if err != nil {
			return err
		}
		if done {
			continue
		}
		needs := b.beforePin(pin)
		if !live.Exists || b.world.Folder.Config.Roles == config.Verify {
			a, err := pin.Verify(needs)
			if err != nil {
				return err
			}
			b.add(a)
			if resolved, known := b.resolved(pin); known {
				b.proposal.awaited = append(b.proposal.awaited, resolved.Await(live))
			}
			continue
		}
		if err := b.put(pin, live, needs); err != nil {
			return err
		}
	}
	return nil
}

// pinned reports whether the role has exactly the trust of the pin already.
// Managed, that is our statement under our name; verified, it may have any.
func (b *builder) pinned(pin roles.Pin, live roles.Live) (bool, error) {
	resolved, known := b.resolved(pin)
	if !known || !live.Exists {
		return false, nil
	}
	if b.world.Folder.Config.Roles == config.Verify {
		installed, _, err := resolved.Installed(live.Trust)
		if err != nil {
			b.proposal.Findings = append(b.proposal.Findings, unreadableRole(pin.Addr, err))
			return false, nil
		}
		return installed, nil
	}
	after, err := b.trustAfter(resolved, live)
	if err != nil {
		b.proposal.Findings = append(b.proposal.Findings, unreadableRole(pin.Addr, err))
		return true, nil
	}
	if _, recorded := b.r.objects[pin.Addr]; !recorded {
		return false, nil // ours as soon as the store says so
	}
	return roles.SamePolicy(live.Trust, string(after)), nil
}

func unreadableRole(addr plan.Addr, err error) rules.Finding {
	f := rules.Find("ANC312", addr.String(), fmt.Sprintf("its trust policy cannot be read: %v", err))
	f.Severity = rules.Hold // beside a plan: what only closes must still go on
	return f
}

// put proposes the writing of the pin. What the plan shows has references in
// place of our anchors' ARNs, on both sides.
func (b *builder) put(pin roles.Pin, live roles.Live, needs []string) error {
	resolved, _ := b.resolved(pin)
	after, err := b.trustAfter(resolved, live)
	if err != nil {
		b.proposal.Findings = append(b.proposal.Findings, unreadableRole(pin.Addr, err))
		return nil
	}
	if size := iampolicy.SizeOf(after); size > roles.SizeLimit {
		b.proposal.Findings = append(b.proposal.Findings, rules.Find("ANC310", pin.Addr.String(),
			fmt.Sprintf("with this statement the trust policy has %d characters of at most %d", size, roles.SizeLimit)))
		return nil
	}
	before, shown := b.referenced(pin, live.Trust), b.referenced(pin, string(after))
	a, err := pin.Put(before, shown, needs)
	if err != nil {
		return err
	}
	b.add(a)
	return nil
}

// trustAfter is the trust policy with the pin in it, and without the pins of
// our other environments, whose role it is not. Ours goes in first: a policy
// cannot be empty in between.
func (b *builder) trustAfter(pin roles.Pin, live roles.Live) ([]byte, error) {
	doc, err := pin.Resulting(live)
	if err != nil {
		return nil, err
	}
	for _, env := range environments(b.r, b.d) {
		if env == pin.Environment || !hasStatement(string(doc), iampolicy.Sid(env)) {
			continue
		}
		if doc, _, err = iampolicy.WithoutStatement(doc, iampolicy.Sid(env)); err != nil {
			return nil, fmt.Errorf("taking %s out of %s: %w", iampolicy.Sid(env), pin.Addr, err)
		}
	}
	return doc, nil
}

func hasStatement(trust, sid string) bool {
	doc, err := iampolicy.Parse([]byte(trust))
	if err != nil {
		return false
	}
	_, there := doc.Statement(sid)
	return there
}

// beforePin are the planned creations of the environment's anchors in the
// account, and whatever takes the role out of a profile of another one.
func (b *builder) beforePin(pin roles.Pin) []string {
	var needs []string
	for _, addr := range b.anchorsOf(pin) {
		needs = append(needs, b.id(plan.AnchorCreate, addr)...)
	}
	return append(needs, b.narrowings(pin.Addr.Target.Account)...)
}

// narrowings are the planned actions that take roles out of profiles of an
// account.
func (b *builder) narrowings(account string) []string {
	var needs []string
	for _, a := range b.actions {
		if a.Addr.Target.Account == account && (a.Kind == plan.ProfileNarrow || a.Kind == plan.ProfileDelete) {
			needs = append(needs, a.ID)
		}
	}
	return needs
}

// unpin proposes to withdraw our trust from roles that left the configuration,
// and forgets those that do not hold it any more.
func (b *builder) unpin() error {
	for _, addr := range addresses(b.r.objects) {
		if _, wanted := b.d.pins[addr]; wanted || addr.Kind != plan.KindRole {
			continue
		}
		live, read := b.o.roles[addr]
		if !read {
			continue // its account is not the configuration's any more
		}
		env, pinned := b.pinnedBy(live)
		if pinned && !b.mayLose(env) {
			continue
		}
		if pinned && b.world.Folder.Config.Roles == config.Verify {
			b.notice("%s left anchorctl.yaml and still holds the statement %s: have it taken out", addr, iampolicy.Sid(env))
			continue
		}
		a, err := b.unpinRole(addr, live, env, pinned)
		if err != nil {
			return err
		}
		b.add(a)
	}
	return nil
}

// pinnedBy is the environment whose pin a role holds by its Sid.
func (b *builder) pinnedBy(live roles.Live) (env string, pinned bool) {
	for _, env := range environments(b.r, b.d) {
		if live.Exists && hasStatement(live.Trust, iampolicy.Sid(env)) {
			return env, true
		}
	}
	return "", false
}

func (b *builder) unpinRole(addr plan.Addr, live roles.Live, env string, pinned bool) (plan.Action, error) {
	needs := b.narrowings(addr.Target.Account)
	if !pinned {
		return roles.Unpin(addr, nil, nil, needs)
	}
	after, err := roles.Without(live, env)
	if err != nil {
		return plan.Action{}, err
	}
	return roles.Unpin(addr, b.referenced(roles.Pin{}, live.Trust), b.referenced(roles.Pin{}, string(after)), needs)
}

// resolved is the pin with the ARNs of its anchors. An anchor that is not
// created yet has an ARN of the right length with no id in it; known is false
// then.
func (b *builder) resolved(pin roles.Pin) (_ roles.Pin, known bool) {
	known = true
	arns := []string{}
	for _, addr := range b.anchorsOf(pin) {
		if live, there := b.o.anchors[addr]; there {
			arns = append(arns, live.ARN)
			continue
		}
		arns, known = append(arns, unborn(addr)), false
	}
	pin.AnchorARNs = unique(arns)
	return pin, known
}

// anchorsOf are the anchors that the pin names.
func (b *builder) anchorsOf(pin roles.Pin) []plan.Addr {
	var list []plan.Addr
	for _, addr := range addresses(b.d.anchors) {
		if addr.Environment == pin.Environment && addr.Target.Account == pin.Addr.Target.Account {
			list = append(list, addr)
		}
	}
	return list
}

// referenced replaces the ARNs of our anchors in a document by references. An
// anchor on its way out keeps its ARN: by the time a reference to it would be
// resolved, it may be gone.
func (b *builder) referenced(pin roles.Pin, document string) json.RawMessage {
	for addr, live := range b.o.anchors {
		if _, stays := b.d.anchors[addr]; stays {
			document = strings.ReplaceAll(document, live.ARN, engine.Reference(addr, "arn"))
		}
	}
	for _, addr := range b.anchorsOf(pin) {
		document = strings.ReplaceAll(document, unborn(addr), engine.Reference(addr, "arn"))
	}
	if !json.Valid([]byte(document)) {
		return nil
	}
	return json.RawMessage(document)
}

// unborn stands for the ARN of an anchor that is not created yet.
func unborn(addr plan.Addr) string {
	return fmt.Sprintf("arn:%s:rolesanywhere:%s:%s:trust-anchor/00000000-0000-0000-0000-000000000000",
		addr.Target.Partition(), addr.Target.Region, addr.Target.Account)
}

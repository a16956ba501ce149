package estate

import (
	"anchorctl/internal/iampolicy"
	"anchorctl/internal/pki"
	"anchorctl/internal/plan"
	"anchorctl/internal/roles"
)

// tellUnchanged says which conditions depend on the issuer's name and do not follow
// it: those of trust policies that keep somebody out, and those of session policies.
// Whom they are meant for, their teams know.
func (t *turn) tellUnchanged() {
	if t.rotation.Environment == "" || t.from == t.to {
		return
	}
	for _, addr := range addresses(t.d.pins) {
		t.unchanged(addr, "its trust policy", t.o.roles[addr].Trust, iampolicy.TrustKind)
	}
	for _, addr := range addresses(t.d.profiles) {
		t.unchanged(addr, "its session policy", t.d.profiles[addr].Spec.SessionPolicy, iampolicy.PermissionKind)
	}
}

func (t *turn) unchanged(addr plan.Addr, what, document string, kind iampolicy.Kind) {
	if document == "" {
		return
	}
	from, to := pki.IssuerName(t.from.Environment, t.from.Generation), pki.IssuerName(t.to.Environment, t.to.Generation)
	said, err := roles.Unchanged(document, kind, from, to)
	if err != nil {
		return // what cannot be read is refused or held elsewhere
	}
	for _, words := range said {
		t.notice("%s: %s is not changed with the issuer: %s", addr, what, words)
	}
}

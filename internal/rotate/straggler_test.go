package rotate_test

import (
	"strings"
	"testing"
	"time"

	"anchorctl/internal/engine"
	"anchorctl/internal/folder"
	"anchorctl/internal/issuance"
	"anchorctl/internal/keys"
	"anchorctl/internal/pki"
	"anchorctl/internal/store"
)

// draining is a rotation that was cut over, with a certificate of the old generation
// that nobody renews, seven days long.
func draining(t *testing.T) (*lab, issuance.Unfiled) {
	t.Helper()
	l := newLab(t, twoRegions(), map[string]string{})
	slow := l.issue(t, "slow", "attic")
	l.cutOver(t)
	return l, slow
}

// cutOver starts a rotation and goes on until it is cut over.
func (l *lab) cutOver(t *testing.T) {
	t.Helper()
	_, err := l.run(t.Context(), start(store.Rekey), nil)
	heldBy(t, err, "ANC504")
	l.come(t, err)
	_, err = l.run(t.Context(), resume(), nil)
	if len(holds(err)) > 0 {
		heldBy(t, err, "ANC503")
	} else if err != nil {
		t.Fatal(err)
	}
}

func TestAStragglerHoldsTheGateUntilItsCertificateEnds(t *testing.T) {
	l, slow := draining(t)
	ends := slow.Certificate.NotAfter.UTC()
	l.Advance(t, ends.Sub(l.Now())-time.Hour)
	_, err := l.run(t.Context(), resume(), nil)
	held := heldBy(t, err, "ANC503")
	for _, want := range []string{"prod/slow@attic", pki.SerialHex(slow.Certificate), ends.Format(time.RFC3339)} {
		if !strings.Contains(held.Reason, want) {
			t.Errorf("the hold does not name %s: %s", want, held.Reason)
		}
	}
	if err := l.ask(t.Context(), "eu-west-1", slow); err != nil {
		t.Errorf("the straggler is denied an hour before its end: %v", err)
	}
	if at := held.Until; at.Before(ends) || at.After(ends.Add(time.Minute)) {
		t.Errorf("come back at %s, the certificate ends at %s", at, ends)
	}
	l.come(t, err)
	if _, err := l.run(t.Context(), resume(), nil); err != nil {
		t.Fatalf("its end does not open the gate: %v", err)
	}
	l.retired(t)
}

func TestTheRevocationOfAStragglerOpensTheGate(t *testing.T) {
	l, slow := draining(t)
	_, err := l.run(t.Context(), resume(), nil)
	heldBy(t, err, "ANC503")
	l.revoke(t, slow)
	l.dead(slow.Certificate)
	if _, err := l.run(t.Context(), resume(), nil); err != nil {
		t.Fatalf("its revocation does not open the gate: %v", err)
	}
	l.retired(t)
}

// TestACertificateThatTheStoreDoesNotKnowHoldsTheGate is a store that was restored
// from a backup of before some certificate was issued.
func TestACertificateThatTheStoreDoesNotKnowHoldsTheGate(t *testing.T) {
	l := newLab(t, twoRegions(), map[string]string{})
	unknown := l.unrecorded(t)
	l.issue(t, "app", "known") // holds the gate until it ends, or the rotation would be over at once
	l.cutOver(t)
	cutOver := time.Unix(l.rotations(t)[0].CutOver, 0).UTC()
	if err := l.ask(t.Context(), "eu-west-1", unknown); err != nil {
		t.Fatal(err) // Roles Anywhere sees it there, after the cut-over
	}
	_, err := l.run(t.Context(), resume(), nil)
	heldBy(t, err, "ANC503")
	w, done, err := l.World(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	all, err := w.Folder.Store.ListIssued(t.Context(), store.Filter{Environment: "prod", Workload: "app"})
	if err != nil || len(all) != 1 {
		t.Fatalf("%d certificates are on record: %v", len(all), err)
	}
	_, err = w.Folder.Store.Revoke(t.Context(), store.Revocation{Environment: "prod", Generation: 1, Serial: all[0].Serial, NotAfter: all[0].NotAfter})
	done()
	if err != nil {
		t.Fatal(err)
	}
	l.refresh(t)
	_, err = l.run(t.Context(), resume(), nil)
	var held *engine.HeldError
	for _, h := range holds(err) {
		if strings.Contains(h.Action, "eu-west-1") {
			held = h
		}
	}
	if held == nil || !strings.Contains(held.Reason, pki.SerialHex(unknown.Certificate)) || !strings.Contains(held.Reason, "prod/app@forgotten") {
		t.Fatalf("error is %v, want a hold in eu-west-1 that names it", err)
	}
	const longest = 168 * time.Hour // of any certificate in the environment
	if want := cutOver.Add(longest); held.Until.Before(want) || held.Until.After(want.Add(time.Minute)) {
		t.Errorf("come back at %s, want %s", held.Until, want)
	}
	l.Advance(t, held.Until.Sub(l.Now())+time.Second)
	if _, err := l.run(t.Context(), resume(), nil); err != nil {
		t.Fatalf("the longest lifetime has passed, and it says %v", err)
	}
	l.retired(t)
}

// unrecorded is a certificate that the issuer signed, and that is not in the store.
func (l *lab) unrecorded(t *testing.T) issuance.Unfiled {
	t.Helper()
	w, done, err := l.World(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	made, _ := signed(t, w.Folder, "forgotten")
	return made
}

// signed is a certificate of the issuer that signs now, which nobody has recorded.
func signed(t *testing.T, f *folder.Folder, instance string) (issuance.Unfiled, issuance.Signer) {
	t.Helper()
	signer, err := issuance.OpenSigner(t.Context(), f, "prod")
	if err != nil {
		t.Fatal(err)
	}
	grant, err := issuance.Allow(f, issuance.Request{Environment: "prod", Workload: "app", Instance: instance})
	if err != nil {
		t.Fatal(err)
	}
	key, err := keys.Generate(grant.KeyType)
	if err != nil {
		t.Fatal(err)
	}
	c, err := pki.NewWorkload(grant.Spec, key.Public(), signer.Parent)
	if err != nil {
		t.Fatal(err)
	}
	return issuance.Unfiled{Certificate: c, Key: key}, signer
}

package rotate_test

import (
	"errors"
	"testing"

	"anchorctl/internal/issuance"
	"anchorctl/internal/keys"
	"anchorctl/internal/pki"
	"anchorctl/internal/store"
)

// TestNothingComesFromAnIssuerAfterItsCutOver: a process that opened its signer before
// the cut-over gets nothing recorded after it, so nothing leaves it. The gate would not
// know of such a certificate, and nobody of its end.
func TestNothingComesFromAnIssuerAfterItsCutOver(t *testing.T) {
	l := newLab(t, twoRegions(), map[string]string{})
	w := l.Open(t)
	request := issuance.Request{Environment: "prod", Workload: "app", Instance: "late"}
	signer, err := issuance.OpenSigner(t.Context(), w.Folder, "prod")
	if err != nil {
		t.Fatal(err)
	}
	grant, err := issuance.Allow(w.Folder, request)
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
	record := store.Issued{
		Environment: "prod", Workload: "app", Instance: "late", Generation: signer.Generation.Number, Serial: pki.SerialHex(c),
		Certificate: c.Raw, SPKI: pki.SPKIDigest(c), NotBefore: c.NotBefore.Unix(), NotAfter: c.NotAfter.Unix(),
	}
	l.cutOver(t)
	if err := w.Folder.Store.RecordIssued(t.Context(), record); !errors.Is(err, store.ErrStatus) {
		t.Errorf("recording a certificate of the old issuer after its cut-over: got %v, want ErrStatus", err)
	}
}

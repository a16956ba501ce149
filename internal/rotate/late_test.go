package rotate_test

import (
	"errors"
	"testing"

	"anchorctl/internal/pki"
	"anchorctl/internal/store"
)

// TestNothingComesFromAnIssuerAfterItsCutOver: a process that opened its signer before
// the cut-over gets nothing recorded after it, so nothing leaves it. The gate would not
// know of such a certificate, and nobody of its end.
func TestNothingComesFromAnIssuerAfterItsCutOver(t *testing.T) {
	l := newLab(t, twoRegions(), map[string]string{})
	w := l.Open(t)
	made, signer := signed(t, w.Folder, "late")
	c := made.Certificate
	record := store.Issued{
		Environment: "prod", Workload: "app", Instance: "late", Generation: signer.Generation.Number, Serial: pki.SerialHex(c),
		Certificate: c.Raw, SPKI: pki.SPKIDigest(c), NotBefore: c.NotBefore.Unix(), NotAfter: c.NotAfter.Unix(),
	}
	l.cutOver(t)
	if err := w.Folder.Store.RecordIssued(t.Context(), record); !errors.Is(err, store.ErrStatus) {
		t.Errorf("recording a certificate of the old issuer after its cut-over: got %v, want ErrStatus", err)
	}
	if err := w.Folder.Store.RecordRequested(t.Context(), record, ""); !errors.Is(err, store.ErrStatus) {
		t.Errorf("the same for a key that a request brought: got %v, want ErrStatus", err)
	}
}

package rotate_test

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"anchorctl/internal/config"
	"anchorctl/internal/estate/estatetest"
	"anchorctl/internal/folder"
	"anchorctl/internal/pki"
	"anchorctl/internal/sandbox"
	"anchorctl/internal/store"
)

// warden is the invariant checker. After every write to the sandbox, and before
// its answer goes out: an anchor holds two certificates at most and has two lists
// at most, there is one anchor of ours at a place, and each certificate in the
// store that has neither expired nor been revoked passes the gates of
// CreateSession everywhere. The built-in probe's are left out: a rotation that is
// aborted means them to end.
type warden struct {
	lab *estatetest.Lab

	mu       sync.Mutex
	off      func(i store.Issued) bool // certificates that somebody was told would be denied
	revoked  []*x509.Certificate       // whose lists are at the anchors
	certs    map[string]*x509.Certificate
	writes   int // after which it looked
	asked    int // how often the gates were asked
	sessions int // that were asked for, the probe's too
	denied   []string
	broken   []string
}

// guard watches a laboratory until the test ends, and says then what was wrong.
func guard(t *testing.T, l *estatetest.Lab) *warden {
	t.Helper()
	w := &warden{lab: l, certs: map[string]*x509.Certificate{}}
	f, err := folder.Open(t.Context(), l.Deps(nil))
	if err != nil {
		t.Fatal(err)
	}
	l.Watch(func(r sandbox.Request) { w.hear(f, r) })
	t.Cleanup(func() {
		l.Watch(nil)
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, words := range slices.Concat(w.denied, w.broken) {
			t.Error(words)
		}
	})
	return w
}

func (w *warden) hear(f *folder.Folder, r sandbox.Request) {
	switch {
	case r.Op == "CreateSession":
		w.mu.Lock()
		defer w.mu.Unlock()
		w.sessions++
		if r.Status == http.StatusForbidden || r.Status == http.StatusBadRequest {
			w.denied = append(w.denied, fmt.Sprintf("%s: a session with %s was denied in %s: %s", r.Time.Format("2006-01-02T15:04:05Z"), r.Serial, r.Region, r.Detail))
		}
	case reads(r.Op):
	default:
		w.look(f, r.Op)
	}
}

func reads(op string) bool {
	for _, prefix := range []string{"List", "Get", "AssumeRole"} {
		if strings.HasPrefix(op, prefix) {
			return true
		}
	}
	return op == ""
}

// look holds the invariants, once.
func (w *warden) look(f *folder.Folder, after string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.writes++
	s, err := w.lab.Stage()
	if err != nil {
		w.broken = append(w.broken, err.Error())
		return
	}
	w.anchors(s, after)
	w.stayRevoked(s, after)
	no := false
	living, err := f.Store.ListIssued(context.Background(), store.Filter{Environment: "prod", Revoked: &no, ValidAt: s.Now.Unix()})
	if err != nil {
		w.broken = append(w.broken, err.Error())
		return
	}
	for _, i := range living {
		if i.Workload == config.ProbeWorkload || w.off != nil && w.off(i) {
			continue
		}
		if err := w.passes(s, i); err != nil && len(w.broken) < 5 {
			w.broken = append(w.broken, fmt.Sprintf("after %s at %s: %v", after, s.Now.Format("2006-01-02T15:04:05Z"), err))
		}
	}
}

func (w *warden) anchors(s estatetest.Stage, after string) {
	places := map[string]bool{}
	for _, a := range s.Anchors {
		if len(a.Certificates) == 0 || len(a.Certificates) > 2 || len(a.CRLs) > 2 {
			w.broken = append(w.broken, fmt.Sprintf("after %s, %s holds %d certificates and has %d lists", after, a.Resource, len(a.Certificates), len(a.CRLs)))
		}
		if places[a.Resource] {
			w.broken = append(w.broken, fmt.Sprintf("after %s, there are two of %s", after, a.Resource))
		}
		places[a.Resource] = true
	}
}

// dead says that certificates are revoked, and that every anchor knows it.
func (w *warden) dead(list ...*x509.Certificate) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.revoked = append(w.revoked, list...)
}

func (w *warden) stayRevoked(s estatetest.Stage, after string) {
	for _, c := range w.revoked {
		for _, a := range s.Anchors {
			w.asked++
			if s.Ask(c, "prod", a.Region, "app", "prod-app").Granted {
				w.broken = append(w.broken, fmt.Sprintf("after %s, %s is accepted in %s, and was revoked", after, pki.SerialHex(c), a.Region))
			}
		}
	}
}

// passes asks the gates for what the certificate is for, at every place.
func (w *warden) passes(s estatetest.Stage, i store.Issued) error {
	c := w.certs[i.Serial]
	if c == nil {
		var err error
		if c, err = x509.ParseCertificate(i.Certificate); err != nil {
			return err
		}
		w.certs[i.Serial] = c
	}
	for _, a := range s.Anchors {
		w.asked++
		if r := s.Ask(c, "prod", a.Region, "app", "prod-app"); !r.Granted {
			return fmt.Errorf("%s#%d of %s is denied in %s: %s: %s", i.Serial, i.Generation, pki.WorkloadName(i.Workload, i.Instance), a.Region, r.Last().Name, r.Last().Detail)
		}
	}
	return nil
}

package storetest

import (
	"context"
	"crypto/x509"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/store"
)

func renewed(t *testing.T, p Place) {
	s := rotating(t, p, store.Rotation{Environment: "prod", Kind: store.Renewal, From: 1, To: 1})
	if err := s.EndRotation(t.Context(), "prod", store.RotationDone); err == nil {
		t.Error("ending a renewal in which nothing was renewed: no error")
	}
	must(t, s.RenewGeneration(t.Context(), "prod", 1, Renewed("prod", 1, 1)))
	must(t, s.RenewGeneration(t.Context(), "prod", 1, Renewed("prod", 1, 1)))
	want := Minted("prod", 1, store.Active)
	former := []store.Former{{Environment: "prod", Number: 1, Certificate: want.Certificate, Replaced: start().Unix()}}
	want.Certificate = Renewed("prod", 1, 1)
	if diff := cmp.Diff([]store.Generation{want}, value[[]store.Generation](t)(s.AllGenerations(t.Context()))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(former, value[[]store.Former](t)(s.FormerCertificates(t.Context()))); diff != "" {
		t.Error(diff)
	}
	must(t, s.EndRotation(t.Context(), "prod", store.RotationDone))
	must(t, s.VerifyAudit(t.Context()))
	value[store.Rotation](t)(s.StartRotation(t.Context(), store.Rotation{Environment: "prod", Kind: store.Renewal, From: 1, To: 1}))
	if err := s.EndRotation(t.Context(), "prod", store.RotationDone); err == nil {
		t.Error("ending a second renewal in which nothing was renewed: no error")
	}
	must(t, s.EndRotation(t.Context(), "prod", store.RotationAborted))
	if err := s.RenewGeneration(t.Context(), "prod", 1, Renewed("prod", 1, 2)); !errors.Is(err, store.ErrNoRotation) {
		t.Errorf("renewing after the renewal: got %v, want ErrNoRotation", err)
	}
}

// The issuer that a rotation leads to may end before it: no anchor takes it then. The
// one that it leaves stays as it is.
func renewedLate(t *testing.T, p Place) {
	s := rotating(t, p, rekey("prod"))
	must(t, s.AddGeneration(t.Context(), Minted("prod", 2, store.Next)))
	if err := s.RenewGeneration(t.Context(), "prod", 2, Renewed("prod", 2, 1)); !errors.Is(err, store.ErrNoRotation) {
		t.Errorf("renewing what has not ended: got %v, want ErrNoRotation", err)
	}
	later := Options()
	later.Now = func() time.Time { return start().Add(25 * time.Hour) }
	s = reopen(t, p, later)
	if err := s.RenewGeneration(t.Context(), "prod", 1, Renewed("prod", 1, 9)); !errors.Is(err, store.ErrNoRotation) {
		t.Errorf("renewing the old one: got %v, want ErrNoRotation", err)
	}
	must(t, s.RenewGeneration(t.Context(), "prod", 2, Renewed("prod", 2, 9)))
	must(t, s.CutOver(t.Context(), "prod"))
	must(t, s.EndRotation(t.Context(), "prod", store.RotationDone))
	if n := len(value[[]store.Former](t)(s.FormerCertificates(t.Context()))); n != 1 {
		t.Errorf("%d former certificates, want 1", n)
	}
	must(t, s.VerifyAudit(t.Context()))
}

// A root that is another one certifies every issuer that is not retired anew.
func renewedUnderRoot(t *testing.T, p Place) {
	s := rotating(t, p, rekey(""))
	r := rekey("prod")
	r.From, r.To = 2, 3
	for number, status := range []string{store.Retired, store.Active} {
		must(t, s.AddGeneration(t.Context(), Minted("prod", number+1, status)))
	}
	value[store.Rotation](t)(s.StartRotation(t.Context(), r))
	must(t, s.AddGeneration(t.Context(), Minted("prod", 3, store.Next)))
	refuses := func(when string, number int) {
		t.Helper()
		if err := s.RenewGeneration(t.Context(), "prod", number, Renewed("prod", number, 9)); !errors.Is(err, store.ErrNoRotation) {
			t.Errorf("renewing %s: got %v, want ErrNoRotation", when, err)
		}
	}
	refuses("under the old root", 2)
	must(t, s.AddGeneration(t.Context(), Minted("", 2, store.Next)))
	refuses("under the old root, with the next one minted", 2)
	must(t, s.CutOver(t.Context(), ""))
	refuses("what is retired", 1)
	must(t, s.RenewGeneration(t.Context(), "prod", 2, Renewed("prod", 2, 1)))
	must(t, s.RenewGeneration(t.Context(), "prod", 3, Renewed("prod", 3, 1)))
	must(t, s.CutOver(t.Context(), "prod"))
	must(t, s.RenewGeneration(t.Context(), "prod", 2, Renewed("prod", 2, 2))) // draining
	if err := s.RenewGeneration(t.Context(), "", 2, Renewed("", 2, 1)); err == nil {
		t.Error("renewing the root itself: no error")
	}
	must(t, s.EndRotation(t.Context(), "", store.RotationDone))
	refuses("when the root's rotation has ended", 3)
	if n := len(value[[]store.Former](t)(s.FormerCertificates(t.Context()))); n != 3 {
		t.Errorf("%d former certificates, want 3", n)
	}
	must(t, s.VerifyAudit(t.Context()))
}

func startRefuses(t *testing.T, p Place) {
	s := rotating(t, p, rekey("prod"))
	must(t, s.AddGeneration(t.Context(), Minted("dev", 1, store.Retired)))
	must(t, s.AddGeneration(t.Context(), Minted("dev", 2, store.Active)))
	_, err := s.StartRotation(t.Context(), rekey("prod"))
	var open *store.OpenRotationError
	if !errors.Is(err, store.ErrExists) || !errors.As(err, &open) || open.Rotation.Number != 1 {
		t.Errorf("a second rotation: got %v, want an OpenRotationError, which is an ErrExists", err)
	}
	if want := "rotation 1 of prod, a rekey begun by ana on 2026-03-01T12:00:00Z, is open"; !strings.HasSuffix(err.Error(), want) {
		t.Errorf("got %q, want it to end in %q", err, want)
	}
	for name, c := range map[string]struct {
		spoil func(r *store.Rotation)
		want  error // nil: any
	}{
		"of no kind":                       {func(r *store.Rotation) { r.Kind = "" }, nil},
		"from nothing":                     {func(r *store.Rotation) { r.From = 0 }, nil},
		"to itself":                        {func(r *store.Rotation) { r.To = 2 }, nil},
		"for no reason in an emergency":    {func(r *store.Rotation) { r.Kind, r.Reason = store.Emergency, " " }, nil},
		"that renews another":              {func(r *store.Rotation) { r.Kind = store.Renewal }, nil},
		"that is cut over":                 {func(r *store.Rotation) { r.CutOver = 1 }, nil},
		"that has ended":                   {func(r *store.Rotation) { r.Ended, r.Outcome = 1, store.RotationDone }, nil},
		"that was seen":                    {func(r *store.Rotation) { r.Probes = []store.Probe{{}} }, nil},
		"from what is retired":             {func(r *store.Rotation) { r.From = 1 }, store.ErrStatus},
		"from what is not there":           {func(r *store.Rotation) { r.From = 9 }, store.ErrStatus},
		"to what is retired":               {func(r *store.Rotation) { r.To = 1 }, store.ErrStatus},
		"that leaves a number out":         {func(r *store.Rotation) { r.To = 4 }, store.ErrStatus},
		"of an environment without issuer": {func(r *store.Rotation) { r.Environment, r.From, r.To = "none", 1, 2 }, store.ErrStatus},
		"that renews what is retired":      {func(r *store.Rotation) { r.Kind, r.From, r.To = store.Renewal, 1, 1 }, store.ErrStatus},
	} {
		r := store.Rotation{Environment: "dev", Kind: store.Rekey, From: 2, To: 3}
		c.spoil(&r)
		if _, err := s.StartRotation(t.Context(), r); err == nil || !errors.Is(err, c.want) && c.want != nil {
			t.Errorf("a rotation %s: got %v, want %v", name, err, c.want)
		}
	}
	if list := value[[]store.Rotation](t)(s.Rotations(t.Context(), "dev")); len(list) != 0 {
		t.Errorf("refused rotations are on record: %v", list)
	}
	must(t, s.AddGeneration(t.Context(), Minted("dev", 3, store.Next)))
	if err := s.AddGeneration(t.Context(), Minted("dev", 4, store.Next)); !errors.Is(err, store.ErrStatus) {
		t.Errorf("a second next generation: got %v, want ErrStatus", err)
	}
	r := store.Rotation{Environment: "dev", Kind: store.Emergency, From: 2, To: 4, Reason: "leaked"}
	if _, err := s.StartRotation(t.Context(), r); !errors.Is(err, store.ErrStatus) {
		t.Errorf("a rotation past the next generation: got %v, want ErrStatus", err)
	}
	r.To = 3
	if got := value[store.Rotation](t)(s.StartRotation(t.Context(), r)); got.Number != 1 || got.Reason != "leaked" {
		t.Errorf("a rotation to the next generation is %+v", got)
	}
	must(t, s.VerifyAudit(t.Context()))
}

func stepsRefuse(t *testing.T, p Place) {
	s := create(t, p)
	must(t, s.AddGeneration(t.Context(), Minted("prod", 1, store.Active)))
	refuses := func(when string, want error, steps map[string]error) {
		t.Helper()
		for name, err := range steps {
			if !errors.Is(err, want) {
				t.Errorf("%s %s: got %v, want %v", name, when, err, want)
			}
		}
	}
	ctx, probed := t.Context(), "111122223333/eu-central-1"
	refuses("without a rotation", store.ErrNoRotation, map[string]error{
		"cutting over": s.CutOver(ctx, "prod"), "ending": s.EndRotation(ctx, "prod", store.RotationDone),
		"aborting": s.EndRotation(ctx, "prod", store.RotationAborted), "probing": s.NoteProbe(ctx, "prod", probed, 1, ""),
		"overriding": s.OverrideGate(ctx, "prod", "ANC504", "why"),
		"renewing":   s.RenewGeneration(ctx, "prod", 1, Renewed("prod", 1, 1)),
	})
	value[store.Rotation](t)(s.StartRotation(ctx, rekey("prod")))
	refuses("before the next is minted", store.ErrStatus, map[string]error{
		"cutting over": s.CutOver(ctx, "prod"), "probing": s.NoteProbe(ctx, "prod", probed, 1, ""),
		"minting another": s.AddGeneration(ctx, Minted("prod", 3, store.Next)),
	})
	must(t, s.AddGeneration(ctx, Minted("prod", 2, store.Next)))
	refuses("before the cut-over", store.ErrLastIssuer, map[string]error{"ending": s.EndRotation(ctx, "prod", store.RotationDone)})
	refuses("in a rekey", store.ErrNoRotation, map[string]error{"renewing": s.RenewGeneration(ctx, "prod", 1, Renewed("prod", 1, 1))})
	refuses("twice", store.ErrStatus, map[string]error{"minting a next": s.AddGeneration(ctx, Minted("prod", 3, store.Next))})
	must(t, s.CutOver(ctx, "prod"))
	refuses("after the cut-over", store.ErrCutOver, map[string]error{"aborting": s.EndRotation(ctx, "prod", store.RotationAborted)})
	stands(t, s, "prod", "1 draining 2 active ")
	must(t, s.EndRotation(ctx, "prod", store.RotationDone))
	refuses("after the end", store.ErrNoRotation, map[string]error{
		"aborting": s.EndRotation(ctx, "prod", store.RotationAborted), "cutting over": s.CutOver(ctx, "prod"),
	})
	for name, err := range map[string]error{
		"an end that is none":       s.EndRotation(ctx, "prod", "held"),
		"a probe of no target":      s.NoteProbe(ctx, "prod", "eu-central-1", 1, ""),
		"a probe of no time":        s.NoteProbe(ctx, "prod", probed, 0, ""),
		"an override of no gate":    s.OverrideGate(ctx, "prod", "", "why"),
		"an override for no reason": s.OverrideGate(ctx, "prod", "ANC504", " "),
		"a next issuer of nothing":  s.AddGeneration(ctx, Minted("none", 1, store.Next)),
		"a draining issuer":         s.AddGeneration(ctx, Minted("none", 1, store.Draining)),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	must(t, s.VerifyAudit(ctx))
}

func renewalRefuses(t *testing.T, p Place) {
	s := rotating(t, p, store.Rotation{Environment: "prod", Kind: store.Renewal, From: 1, To: 1})
	must(t, s.AddGeneration(t.Context(), Minted("prod", 7, store.Retired)))
	must(t, s.RenewGeneration(t.Context(), "prod", 1, Renewed("prod", 1, 1)))
	spoiled := func(spoil func(c *x509.Certificate, seed *[]byte)) []byte { return certificate("prod", 1, 9, spoil) }
	for name, c := range map[string]struct {
		number      int
		certificate []byte
		want        error // nil: any
	}{
		"another key":                    {1, spoiled(func(_ *x509.Certificate, seed *[]byte) { *seed = make([]byte, 32) }), store.ErrOtherKey},
		"another subject":                {1, spoiled(func(c *x509.Certificate, _ *[]byte) { c.Subject.CommonName += "0" }), store.ErrOtherKey},
		"another subject key identifier": {1, spoiled(func(c *x509.Certificate, _ *[]byte) { c.SubjectKeyId = []byte{1} }), store.ErrOtherKey},
		"no certificate":                 {1, []byte("certificate"), nil},
		"nothing":                        {1, nil, nil},
		"the former certificate":         {1, Minted("prod", 1, "").Certificate, store.ErrExists},
		"the generation of another":      {7, Renewed("prod", 7, 1), store.ErrNoRotation},
		"an unknown generation":          {2, Renewed("prod", 1, 2), store.ErrStatus},
	} {
		err := s.RenewGeneration(t.Context(), "prod", c.number, c.certificate)
		if err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("renewing with %s: got %v, want %v", name, err, c.want)
		}
	}
	again := Minted("other", 1, store.Active)
	again.Certificate = Minted("prod", 1, "").Certificate
	if err := s.AddGeneration(t.Context(), again); !errors.Is(err, store.ErrExists) {
		t.Errorf("a former certificate as a new issuer: got %v, want ErrExists", err)
	}
	if err := s.CutOver(t.Context(), "prod"); err == nil {
		t.Error("cutting over a renewal: no error")
	}
	if err := s.AddGeneration(t.Context(), Minted("prod", 2, store.Next)); !errors.Is(err, store.ErrStatus) {
		t.Errorf("minting in a renewal: got %v, want ErrStatus", err)
	}
	must(t, s.EndRotation(t.Context(), "prod", store.RotationAborted))
	stands(t, s, "prod", "1 active 7 retired ")
	if n := len(value[[]store.Former](t)(s.FormerCertificates(t.Context()))); n != 1 {
		t.Errorf("%d former certificates, want 1", n)
	}
	must(t, s.VerifyAudit(t.Context()))
}

// What was issued before a rotation stays found and revocable after it.
func issuedAcross(t *testing.T, p Place) {
	s := rotating(t, p, store.Rotation{Environment: "prod", Kind: store.Renewal, From: 1, To: 1})
	must(t, s.RecordIssued(t.Context(), Certificate(1)))
	must(t, s.RenewGeneration(t.Context(), "prod", 1, Renewed("prod", 1, 1)))
	must(t, s.EndRotation(t.Context(), "prod", store.RotationDone))
	must(t, s.RecordIssued(t.Context(), Certificate(2)))
	r := rekey("prod")
	r.Kind, r.Reason = store.Emergency, "leaked"
	value[store.Rotation](t)(s.StartRotation(t.Context(), r))
	must(t, s.AddGeneration(t.Context(), Minted("prod", 2, store.Next)))
	probe := Certificate(3)
	probe.Generation = 2
	must(t, s.RecordIssued(t.Context(), probe))
	must(t, s.CutOver(t.Context(), "prod"))
	if err := s.RecordIssued(t.Context(), Certificate(4)); !errors.Is(err, store.ErrStatus) {
		t.Errorf("a certificate of the draining issuer: got %v, want ErrStatus", err)
	}
	c, listed := CRL(1)
	must(t, s.RecordCRL(t.Context(), c, listed))
	must(t, s.EndRotation(t.Context(), "prod", store.RotationDone))
	if err := s.RecordIssued(t.Context(), Certificate(4)); !errors.Is(err, store.ErrStatus) {
		t.Errorf("a certificate of the retired issuer: got %v, want ErrStatus", err)
	}
	revoked := Revocation(1)
	if n := value[int](t)(s.Revoke(t.Context(), revoked)); n != 1 {
		t.Errorf("%d revocations of a retired issuer were added, want 1", n)
	}
	if got := serials(value[[]store.Issued](t)(s.ListIssued(t.Context(), store.Filter{}))); got != "3 2 1 " {
		t.Errorf("the certificates are %q", got)
	}
	must(t, s.VerifyAudit(t.Context()))
}

func interruptedRotation(t *testing.T, p Place) {
	s := rotating(t, p, rekey("prod"))
	must(t, s.AddGeneration(t.Context(), Minted("prod", 2, store.Next)))
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if err := s.CutOver(stopped, "prod"); !errors.Is(err, context.Canceled) {
		t.Errorf("cutting over after an interrupt: got %v, want context.Canceled", err)
	}
	must(t, s.NoteProbe(stopped, "prod", "111122223333/eu-central-1", 1, ""))
	must(t, s.EndRotation(stopped, "prod", store.RotationAborted))
	stands(t, s, "prod", "1 active 2 retired ")
	r := store.Rotation{Environment: "prod", Kind: store.Renewal, From: 1, To: 1}
	value[store.Rotation](t)(s.StartRotation(t.Context(), r))
	must(t, s.RenewGeneration(stopped, "prod", 1, Renewed("prod", 1, 1)))
}

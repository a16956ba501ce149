package storetest

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/store"
)

// Minted is a generation with a certificate that can be read, the same each
// time.
func Minted(env string, number int, status string) store.Generation {
	g := Generation(env, number)
	g.Certificate, g.Status = certificate(env, number, 1, nil), status
	return g
}

// Renewed is the certificate that such a generation has after its n-th
// renewal.
func Renewed(env string, number, n int) []byte { return certificate(env, number, 1+n, nil) }

// certificate makes the one of a generation with a serial; spoil, if there is
// one, makes it another's.
func certificate(env string, number, serial int, spoil func(c *x509.Certificate, seed *[]byte)) []byte {
	seed := sha256.Sum256(fmt.Appendf(nil, "key of %s %d", env, number))
	c := &x509.Certificate{
		SerialNumber: big.NewInt(int64(serial)), Subject: pkix.Name{CommonName: fmt.Sprintf("%s issuer %d", env, number)},
		NotBefore: start(), NotAfter: start().Add(time.Duration(serial) * 24 * time.Hour), SubjectKeyId: seed[:20],
		IsCA: true, BasicConstraintsValid: true,
	}
	from := seed[:]
	if spoil != nil {
		spoil(c, &from)
	}
	key := ed25519.NewKeyFromSeed(from)
	der, err := x509.CreateCertificate(nil, c, c, key.Public(), key)
	if err != nil {
		panic(err) // the template above is complete
	}
	return der
}

// rotating is a store with the first generation of an environment, or the root,
// and an open rotation.
func rotating(t *testing.T, p Place, r store.Rotation) *store.Store {
	t.Helper()
	s := create(t, p)
	must(t, s.AddGeneration(t.Context(), Minted(r.Environment, 1, store.Active)))
	value[store.Rotation](t)(s.StartRotation(t.Context(), r))
	return s
}

func rekey(env string) store.Rotation {
	return store.Rotation{Environment: env, Kind: store.Rekey, From: 1, To: 2}
}

// standing is what each generation of an environment is.
func standing(t *testing.T, s *store.Store, env string) string {
	t.Helper()
	text := ""
	for _, g := range value[[]store.Generation](t)(s.Generations(t.Context(), env)) {
		text += fmt.Sprintf("%d %s ", g.Number, g.Status)
	}
	return text
}

func stands(t *testing.T, s *store.Store, env, want string) {
	t.Helper()
	if got := standing(t, s, env); got != want {
		t.Errorf("the generations of %q are %q, want %q", env, got, want)
	}
}

func rotated(t *testing.T, p Place) { rotatedIn(t, p, "prod") }

// The root is the issuer of no environment, and is rotated by the same steps.
func rootRotated(t *testing.T, p Place) { rotatedIn(t, p, "") }

func rotatedIn(t *testing.T, p Place, env string) {
	t.Helper()
	r := rekey(env)
	r.Reason, r.KeepKey = "yearly", true
	s := rotating(t, p, r)
	r.Number, r.Actor, r.Started = 1, "ana", start().Unix()
	read := value[[]store.Rotation](t)
	if diff := cmp.Diff([]store.Rotation{r}, read(s.OpenRotations(t.Context()))); diff != "" {
		t.Error(diff)
	}
	must(t, s.AddGeneration(t.Context(), Minted(env, 2, store.Next)))
	stands(t, s, env, "1 active 2 next ")
	at := start().Unix()
	must(t, s.NoteProbe(t.Context(), env, "111122223333/eu-central-1", at+1, ""))
	must(t, s.CutOver(t.Context(), env))
	must(t, s.CutOver(t.Context(), env))
	stands(t, s, env, "1 draining 2 active ")
	must(t, s.VerifyAudit(t.Context()))
	must(t, s.EndRotation(t.Context(), env, store.RotationDone))
	must(t, s.EndRotation(t.Context(), env, store.RotationDone))
	stands(t, s, env, "1 retired 2 active ")
	r.CutOver, r.Ended, r.Outcome = start().Unix(), start().Unix(), store.RotationDone
	r.Probes = []store.Probe{{Target: "111122223333/eu-central-1", Successes: 1, First: at + 1, Last: at + 1}}
	if diff := cmp.Diff([]store.Rotation{r}, read(s.Rotations(t.Context(), env))); diff != "" {
		t.Error(diff)
	}
	if open := read(s.OpenRotations(t.Context())); len(open) != 0 {
		t.Errorf("%v are open", open)
	}
	must(t, s.VerifyAudit(t.Context()))
}

func aborted(t *testing.T, p Place) {
	s := rotating(t, p, rekey("prod"))
	must(t, s.EndRotation(t.Context(), "prod", store.RotationAborted))
	must(t, s.EndRotation(t.Context(), "prod", store.RotationAborted))
	stands(t, s, "prod", "1 active ")
	value[store.Rotation](t)(s.StartRotation(t.Context(), rekey("prod")))
	must(t, s.AddGeneration(t.Context(), Minted("prod", 2, store.Next)))
	must(t, s.EndRotation(t.Context(), "prod", store.RotationAborted))
	stands(t, s, "prod", "1 active 2 retired ")
	again := rekey("prod")
	again.To = 3
	value[store.Rotation](t)(s.StartRotation(t.Context(), again))
	must(t, s.AddGeneration(t.Context(), Minted("prod", 3, store.Retired)))
	if err := s.CutOver(t.Context(), "prod"); !errors.Is(err, store.ErrStatus) {
		t.Errorf("cutting over to what is retired: got %v, want ErrStatus", err)
	}
	must(t, s.EndRotation(t.Context(), "prod", store.RotationAborted))
	stands(t, s, "prod", "1 active 2 retired 3 retired ")
	var told []string
	for _, r := range value[[]store.Rotation](t)(s.Rotations(t.Context(), "prod")) {
		told = append(told, fmt.Sprintf("%d to %d %s", r.Number, r.To, r.Outcome))
	}
	if diff := cmp.Diff([]string{"3 to 3 aborted", "2 to 2 aborted", "1 to 2 aborted"}, told); diff != "" {
		t.Error(diff)
	}
	must(t, s.VerifyAudit(t.Context()))
}

func probed(t *testing.T, p Place) {
	s := rotating(t, p, rekey("prod"))
	must(t, s.AddGeneration(t.Context(), Minted("dev", 1, store.Active)))
	must(t, s.AddGeneration(t.Context(), Minted("prod", 2, store.Next)))
	value[store.Rotation](t)(s.StartRotation(t.Context(), rekey("dev")))
	const west, central = "111122223333/eu-west-1", "111122223333/eu-central-1"
	foreign := "no \"session\"\n\x00<\u2028> \xff"
	for _, n := range []struct {
		target  string
		at      int64
		failure string
		want    store.Probe
	}{
		{west, 100, "", store.Probe{Successes: 1, First: 100, Last: 100}},
		{central, 101, foreign, store.Probe{Last: 101, Failure: "no \"session\"\n\x00<\u2028> \uFFFD"}},
		{west, 160, "", store.Probe{Successes: 2, First: 100, Last: 160}},
		{central, 161, "", store.Probe{Successes: 1, First: 161, Last: 161}},
		{west, 220, "denied", store.Probe{Last: 220, Failure: "denied"}},
		{west, 280, "", store.Probe{Successes: 1, First: 280, Last: 280}},
		{west, 340, "", store.Probe{Successes: 2, First: 280, Last: 340}},
	} {
		must(t, s.NoteProbe(t.Context(), "prod", n.target, n.at, n.failure))
		n.want.Target = n.target
		open := value[[]store.Rotation](t)(s.OpenRotations(t.Context()))
		if len(open) != 2 || open[0].Environment != "dev" || len(open[0].Probes) != 0 {
			t.Fatalf("the open rotations are %v, want dev's, without probes, and prod's", open)
		}
		got := open[1].Probes[len(open[1].Probes)-1] // eu-west-1 comes last
		if n.target == central {
			got = open[1].Probes[0]
		}
		if diff := cmp.Diff(n.want, got); diff != "" {
			t.Errorf("at %d: %s", n.at, diff)
		}
	}
	must(t, s.CutOver(t.Context(), "prod"))
	must(t, s.EndRotation(t.Context(), "prod", store.RotationDone))
	if n := len(value[[]store.Rotation](t)(s.Rotations(t.Context(), "prod"))[0].Probes); n != 2 {
		t.Errorf("%d probes are kept after the rotation, want those of 2 targets", n)
	}
	must(t, s.VerifyAudit(t.Context()))
}

func rotationSerial(t *testing.T, p Place) {
	s := create(t, p)
	must(t, s.AddGeneration(t.Context(), Minted("prod", 1, store.Active)))
	now := func() int64 { return value[int64](t)(s.Serial(t.Context())) }
	start := func(kind store.RotationKind, to int) func() error {
		return func() error {
			_, err := s.StartRotation(t.Context(), store.Rotation{Environment: "prod", Kind: kind, From: 1, To: to})
			return err
		}
	}
	end := func() error { return s.EndRotation(t.Context(), "prod", store.RotationDone) }
	for _, step := range []struct {
		name   string
		do     func() error
		grows  bool
		action string // of the newest entry, "" for none
	}{
		{"starting a renewal", start(store.Renewal, 1), true, "rotation.start"},
		{"renewing", func() error { return s.RenewGeneration(t.Context(), "prod", 1, Renewed("prod", 1, 1)) }, true, "generation.renew"},
		{"renewing again", func() error { return s.RenewGeneration(t.Context(), "prod", 1, Renewed("prod", 1, 1)) }, false, ""},
		{"ending it", end, true, "rotation.end"},
		{"ending it again", end, false, ""},
		{"starting a rekey", start(store.Rekey, 2), true, "rotation.start"},
		{"minting", func() error { return s.AddGeneration(t.Context(), Minted("prod", 2, store.Next)) }, true, "generation.status"},
		{"probing", func() error { return s.NoteProbe(t.Context(), "prod", "1/a", 1, "") }, false, "rotation.probe"},
		{"overriding", func() error { return s.OverrideGate(t.Context(), "prod", "ANC504", "why") }, false, "rotation.override"},
		{"cutting over", func() error { return s.CutOver(t.Context(), "prod") }, true, "generation.status"},
		{"cutting over again", func() error { return s.CutOver(t.Context(), "prod") }, false, ""},
		{"ending", end, true, "generation.status"},
	} {
		before, log := now(), value[store.Head](t)(s.AuditHead(t.Context()))
		must(t, step.do())
		if grew := now() > before; grew != step.grows {
			t.Errorf("%s: the serial grows: %v, want %v", step.name, grew, step.grows)
		}
		newest := ""
		for _, e := range value[[]store.Entry](t)(s.AuditLog(t.Context(), log.Entries, 10)) {
			newest = e.Action
		}
		if newest != step.action {
			t.Errorf("%s: the newest entry is %q, want %q", step.name, newest, step.action)
		}
	}
}

func manyRotations(t *testing.T, p Place) {
	s := create(t, p)
	must(t, s.AddGeneration(t.Context(), Minted("prod", 1, store.Active)))
	const processes = 6
	errs := make([]error, processes)
	stores := make([]*store.Store, processes)
	for n := range stores {
		stores[n] = reopen(t, p, Options())
	}
	var all sync.WaitGroup
	for n := range processes {
		all.Go(func() { _, errs[n] = stores[n].StartRotation(t.Context(), rekey("prod")) })
	}
	all.Wait()
	started := 0
	for _, err := range errs {
		if err == nil {
			started++
		} else if !errors.Is(err, store.ErrExists) {
			t.Errorf("starting at once: %v", err)
		}
	}
	if started != 1 {
		t.Errorf("%d rotations started at once, want 1", started)
	}
	must(t, s.VerifyAudit(t.Context()))
}

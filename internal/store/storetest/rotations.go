package storetest

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
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
	if err := s.RenewGeneration(t.Context(), "prod", 1, Renewed("prod", 1, 2)); !errors.Is(err, store.ErrNoRotation) {
		t.Errorf("renewing after the renewal: got %v, want ErrNoRotation", err)
	}
}

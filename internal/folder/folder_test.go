package folder_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/clock"
	"anchorctl/internal/config"
	"anchorctl/internal/folder"
	"anchorctl/internal/hint"
	"anchorctl/internal/keys"
	"anchorctl/internal/store"
)

const lineage = "0f9c6a52-7a3e-4c9b-8d3e-2f1f6b0c9a11"

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t testing.TB, path, text string, mode os.FileMode) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(path), 0o700))
	must(t, os.WriteFile(path, []byte(text), mode))
	must(t, os.Chmod(path, mode))
}

// made is an estate with a configuration, a store, a root on record and a
// secret; what the root is does not matter here.
func made(t testing.TB) folder.Deps {
	t.Helper()
	base := t.TempDir()
	d := folder.Deps{
		Dir: filepath.Join(base, "estate"), StateHome: filepath.Join(base, "state"), Actor: "ana",
		Clock: clock.Clock{
			Now:  func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) },
			Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
		},
		Passphrase: func(context.Context, bool) ([]byte, error) { return []byte("correct horse"), nil },
	}
	l := d.Layout()
	write(t, l.Config(), string(config.Starter(config.StarterOptions{
		Name: "example", Organization: "Example", TrustDomain: "example.internal", Environments: []string{"dev", "prod"}})), 0o644)
	s, err := store.Create(t.Context(), l.Store(),
		store.Estate{Lineage: lineage, Name: "example", TrustDomain: "example.internal"}, d.StoreOptions())
	must(t, err)
	must(t, s.AddGeneration(t.Context(), store.Generation{Number: 1, Certificate: []byte("root"), KeyURI: "file:root-1.pem",
		Guard: string(keys.GuardPassphrase), Status: store.Active}))
	must(t, s.Close())
	secret, err := keys.NewSecret()
	must(t, err)
	write(t, l.Secret(lineage), string(secret.Text())+"\n", 0o600)
	must(t, os.Mkdir(l.Keys(), 0o700))
	return d
}

// What every command on an estate begins with.
func BenchmarkOpen(b *testing.B) {
	d := made(b)
	for b.Loop() {
		f, err := folder.Open(b.Context(), d)
		must(b, err)
		must(b, f.Close())
	}
}

func TestOpenPutsAnEstateTogether(t *testing.T) {
	d := made(t)
	f, err := folder.Open(t.Context(), d)
	must(t, err)
	defer func() { must(t, f.Close()) }()
	if f.Dir != d.Dir || f.Config.Estate.Name != "example" || f.Estate.Lineage != lineage || f.Root.Number != 1 || f.Actor != "ana" {
		t.Errorf("opened %+v", f)
	}
	if len(f.Warnings) != 0 {
		t.Errorf("warnings: %v", f.Warnings)
	}
	key, err := f.Ring.Create(t.Context(), "issuer-prod-1", keys.P256, keys.GuardSecret)
	must(t, err)
	again, err := d.Ring(lineage).Open(t.Context(), key.URI, keys.GuardSecret)
	must(t, err)
	if diff := cmp.Diff(key.Public(), again.Public()); diff != "" {
		t.Error(diff)
	}
	release, err := f.Store.Lock(t.Context(), "apply", true)
	must(t, err)
	must(t, release())
}

func TestOpenRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(t *testing.T, d *folder.Deps)
		want  error
		hint  string
	}{
		"a directory without estate": {func(t *testing.T, d *folder.Deps) { d.Dir = t.TempDir() }, folder.ErrNoEstate, "anchorctl init"},
		"a directory below an estate": {func(t *testing.T, d *folder.Deps) {
			d.Dir = filepath.Join(d.Dir, "below")
			must(t, os.Mkdir(d.Dir, 0o755))
		}, folder.ErrNoEstate, "--dir"},
		"an estate without configuration": {
			func(t *testing.T, d *folder.Deps) { must(t, os.Remove(d.Layout().Config())) }, folder.ErrNoEstate, "anchorctl init"},
		"an estate without store": {
			func(t *testing.T, d *folder.Deps) { must(t, os.RemoveAll(d.Layout().Private())) }, folder.ErrNoEstate, "anchorctl init"},
		"an estate without root": {func(t *testing.T, d *folder.Deps) {
			must(t, os.Remove(d.Layout().Store()))
			s, err := store.Create(t.Context(), d.Layout().Store(),
				store.Estate{Lineage: lineage, Name: "example", TrustDomain: "example.internal"}, d.StoreOptions())
			must(t, err)
			must(t, s.Close())
		}, folder.ErrHalfMade, "anchorctl init"},
		"a name that was changed":         {replace("name: example", "name: other"), folder.ErrOther, `back to "example"`},
		"a trust domain that was changed": {replace("example.internal", "example.test"), folder.ErrOther, `back to "example.internal"`},
		"a store that is none": {func(t *testing.T, d *folder.Deps) {
			must(t, os.WriteFile(d.Layout().Store(), []byte("notes"), 0o600))
		}, store.ErrForeign, "leaves it as it is"},
	} {
		t.Run(name, func(t *testing.T) {
			d := made(t)
			c.spoil(t, &d)
			f, err := folder.Open(t.Context(), d)
			if err == nil {
				must(t, f.Close())
			}
			if !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if hints := strings.Join(hint.Of(err), "\n"); !strings.Contains(hints, c.hint) {
				t.Errorf("the hints %q do not say %q", hints, c.hint)
			}
			if !strings.Contains(err.Error(), d.Dir) {
				t.Errorf("%q does not name the directory", err)
			}
		})
	}
}

// replace changes the configuration, which must have what is replaced.
func replace(from, to string) func(t *testing.T, d *folder.Deps) {
	return func(t *testing.T, d *folder.Deps) {
		text, err := os.ReadFile(d.Layout().Config())
		must(t, err)
		if !strings.Contains(string(text), from) {
			t.Fatalf("the configuration has no %q:\n%s", from, text)
		}
		write(t, d.Layout().Config(), strings.ReplaceAll(string(text), from, to), 0o644)
	}
}

func TestAMissingSecretSaysWhereItIsLookedForAndOnlyWhenItIsNeeded(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(t *testing.T, d *folder.Deps)
		is    error
		want  string
	}{
		"it is not there": {func(t *testing.T, d *folder.Deps) {
			must(t, os.Remove(d.Layout().Secret(lineage)))
		}, folder.ErrNoSecret, filepath.Join("state", "anchorctl", lineage, "issuer-secret")},
		"no home of state is known": {func(_ *testing.T, d *folder.Deps) { d.StateHome = "" }, folder.ErrNoSecret, "no place"},
		"it was damaged": {func(t *testing.T, d *folder.Deps) {
			write(t, d.Layout().Secret(lineage), "anchorctl-secret-1:abc", 0o600)
		}, keys.ErrSecret, "issuer-secret"},
		"it is a large file": {func(t *testing.T, d *folder.Deps) {
			write(t, d.Layout().Secret(lineage), strings.Repeat("a", 1<<20), 0o600)
		}, nil, "more than 4096 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			d := made(t)
			c.spoil(t, &d)
			f, err := folder.Open(t.Context(), d)
			must(t, err)
			defer func() { must(t, f.Close()) }()
			_, err = f.Ring.Create(t.Context(), "issuer-prod-1", keys.P256, keys.GuardSecret)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
			if c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("got %v, want %v", err, c.is)
			}
			if errors.Is(err, folder.ErrNoSecret) && len(hint.Of(err)) == 0 {
				t.Error("there is no hint")
			}
		})
	}
}

func TestPrivateFilesThatOthersCanReadAreWarnedOf(t *testing.T) {
	d := made(t)
	l := d.Layout()
	write(t, filepath.Join(l.Keys(), "issuer-prod-1.pem"), "key", 0o640)
	must(t, os.Chmod(l.Secret(lineage), 0o604))
	must(t, os.Chmod(l.Private(), 0o755))
	must(t, os.Chmod(l.Store(), 0o660))
	f, err := folder.Open(t.Context(), d)
	must(t, err)
	defer func() { must(t, f.Close()) }()
	var got []string
	for _, w := range f.Warnings {
		got = append(got, w.Hint)
		if !strings.Contains(w.Message, w.Path) || !strings.Contains(w.Message, "mode 0") {
			t.Errorf("%q does not say which file and which mode", w.Message)
		}
	}
	want := []string{
		`run "chmod 700 ` + l.Private() + `"`, `run "chmod 600 ` + l.Store() + `"`,
		`run "chmod 600 ` + filepath.Join(l.Keys(), "issuer-prod-1.pem") + `"`, `run "chmod 600 ` + l.Secret(lineage) + `"`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAStoreThatIsLostIsNotForInit(t *testing.T) {
	d := folder.Deps{Dir: t.TempDir()}
	l := d.Layout()
	if err := os.MkdirAll(l.Keys(), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{l.Config(), filepath.Join(l.Keys(), "root-1.pem")} {
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, err := folder.Open(t.Context(), d)
	if hints := hint.Of(err); len(hints) != 1 || !strings.HasPrefix(hints[0], "restore ") {
		t.Errorf("error %v with hints %q", err, hints)
	}
}

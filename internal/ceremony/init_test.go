package ceremony_test

import (
	"context"
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/ceremony"
	"anchorctl/internal/clock"
	"anchorctl/internal/folder"
	"anchorctl/internal/hint"
	"anchorctl/internal/keys"
	"anchorctl/internal/pki"
	"anchorctl/internal/store"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func stoppedClock() clock.Clock {
	return clock.Clock{
		Now:  func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) },
		Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	}
}

// typing answers every question for a passphrase and keeps what was asked.
func typing(passphrase string, asked *[]bool) func(context.Context, bool) ([]byte, error) {
	return func(_ context.Context, confirm bool) ([]byte, error) {
		if asked != nil {
			*asked = append(*asked, confirm)
		}
		return []byte(passphrase), nil
	}
}

// options are those of an estate in two folders below base.
func options(base string) ceremony.Options {
	return ceremony.Options{
		Dir: filepath.Join(base, "estate"), StateHome: filepath.Join(base, "state"),
		Name: "example", Organization: "Example", TrustDomain: "example.internal",
		Environments: []string{"dev", "prod"}, Clock: stoppedClock(), Actor: "ana",
		Passphrase: typing("correct horse", nil),
	}
}

func deps(o ceremony.Options) folder.Deps {
	return folder.Deps{Dir: o.Dir, StateHome: o.StateHome, Clock: o.Clock, Actor: o.Actor, Passphrase: o.Passphrase}
}

func TestInitMakesAnEstateThatOpensAndSigns(t *testing.T) {
	o, asked := options(t.TempDir()), []bool(nil)
	o.Passphrase = typing("correct horse", &asked)
	result, err := ceremony.Init(t.Context(), o)
	must(t, err)
	want := []string{result.Config, filepath.Join(o.Dir, ".gitignore"), result.Store, result.Secret, result.RootKey, result.RootCertificate}
	if diff := cmp.Diff(want, result.Created); diff != "" {
		t.Error(diff)
	}
	if len(result.Kept) != 0 || len(result.Next) == 0 {
		t.Errorf("kept %v, next %v", result.Kept, result.Next)
	}
	if diff := cmp.Diff([]bool{true}, asked); diff != "" {
		t.Error("asked for the passphrase, with confirmation:", diff)
	}
	for path, mode := range map[string]os.FileMode{
		result.Store: 0o600, result.Secret: 0o600, result.RootKey: 0o600, result.RootCertificate: 0o644, result.Config: 0o644,
		filepath.Dir(result.Store): 0o700, filepath.Dir(result.RootKey): 0o700, filepath.Dir(result.Secret): 0o700,
	} {
		info, err := os.Stat(path)
		must(t, err)
		if info.Mode().Perm() != mode {
			t.Errorf("%s has mode %v, want %v", path, info.Mode().Perm(), mode)
		}
	}

	f, err := folder.Open(t.Context(), deps(o))
	must(t, err)
	defer func() { must(t, f.Close()) }()
	if len(f.Warnings) != 0 {
		t.Errorf("warnings: %v", f.Warnings)
	}
	parent, err := ceremony.Root(t.Context(), f)
	must(t, err)
	if got := parent.Certificate.Subject.CommonName; got != "example root 1" {
		t.Errorf("the root is %q", got)
	}
	if !pki.SelfSigned(parent.Certificate) || pki.Fingerprint(parent.Certificate) != result.Fingerprint {
		t.Error("the root on record is not the one that was reported")
	}
	published, err := os.ReadFile(result.RootCertificate)
	must(t, err)
	if string(published) != string(pki.EncodePEM(parent.Certificate)) {
		t.Error("root.pem is not the certificate on record")
	}
	issuer, err := f.Ring.Create(t.Context(), "issuer-prod-1", keys.P256, keys.GuardSecret)
	must(t, err)
	_, err = pki.NewIssuer(pki.IssuerSpec{Environment: "prod", Generation: 1, Organization: "Example",
		TrustDomain: "example.internal", Lifetime: 24 * time.Hour, Now: o.Clock.Now()}, issuer.Public(), parent)
	must(t, err)
	must(t, f.Store.VerifyAudit(t.Context()))
	entries, err := f.Store.AuditLog(t.Context(), 0, 100)
	must(t, err)
	var actions []string
	for _, e := range entries {
		actions = append(actions, e.Action)
	}
	if diff := cmp.Diff([]string{"estate.create", "generation.add", "root.open"}, actions); diff != "" {
		t.Error(diff)
	}
}

func TestInitRefusesAFinishedEstate(t *testing.T) {
	o := options(t.TempDir())
	_, err := ceremony.Init(t.Context(), o)
	must(t, err)
	before := tree(t, o)
	asked := []bool(nil)
	o.Passphrase = typing("another", &asked)
	_, err = ceremony.Init(t.Context(), o)
	if !errors.Is(err, ceremony.ErrFinished) || !strings.Contains(strings.Join(hint.Of(err), "\n"), "anchorctl plan") {
		t.Errorf("got %v with hints %q, want ErrFinished and what to do", err, hint.Of(err))
	}
	if diff := cmp.Diff(before, tree(t, o)); diff != "" || asked != nil {
		t.Errorf("a refused init asked %v and changed %s", asked, diff)
	}
}

// tree is every file below the estate's two folders with its content.
func tree(t *testing.T, o ceremony.Options) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, dir := range []string{o.Dir, o.StateHome} {
		must(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			data, err := os.ReadFile(path)
			files[path] = string(data)
			return err
		}))
	}
	return files
}

func TestInitPublishesARootThatWasDeleted(t *testing.T) {
	o := options(t.TempDir())
	first, err := ceremony.Init(t.Context(), o)
	must(t, err)
	must(t, os.Remove(first.RootCertificate))
	o.Passphrase = nil // it is not asked for
	second, err := ceremony.Init(t.Context(), o)
	must(t, err)
	if second.Fingerprint != first.Fingerprint || second.Lineage != first.Lineage {
		t.Error("another root or lineage was made")
	}
	if diff := cmp.Diff([]string{first.RootCertificate}, second.Created); diff != "" {
		t.Error(diff)
	}
}

func TestInitAsksForTheNamesThatAreMissing(t *testing.T) {
	for name, c := range map[string]struct {
		answers []string
		want    error
	}{
		"all are answered":    {[]string{"acme", "acme.internal"}, nil},
		"one is left empty":   {[]string{"acme", ""}, ceremony.ErrUnnamed},
		"nobody can be asked": {nil, ceremony.ErrUnnamed},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t.TempDir())
			o.Name, o.TrustDomain = "", ""
			var asked []ceremony.Name
			if c.answers != nil {
				o.Ask = func(_ context.Context, missing []ceremony.Name) ([]string, error) {
					asked = missing
					return c.answers, nil
				}
			}
			result, err := ceremony.Init(t.Context(), o)
			if !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if diff := cmp.Diff([]ceremony.Name{ceremony.EstateName, ceremony.TrustDomain}, asked); c.answers != nil && diff != "" {
				t.Error("asked for", diff)
			}
			if c.want != nil {
				if _, err := os.Stat(o.Dir); !errors.Is(err, os.ErrNotExist) {
					t.Errorf("something was made: %v", err)
				}
				return
			}
			text, err := os.ReadFile(result.Config)
			must(t, err)
			for _, line := range []string{"name: acme #", "organization: \"Example\" #", "trustDomain: acme.internal"} {
				if !strings.Contains(string(text), line) {
					t.Errorf("the configuration does not say %q", line)
				}
			}
			if strings.Count(string(text), "cannot be changed later") != 3 {
				t.Error("the configuration does not say of each of the three that it is fixed")
			}
		})
	}
}

func TestInitKeepsTheConfigurationThatIsThere(t *testing.T) {
	o := options(t.TempDir())
	_, err := ceremony.Init(t.Context(), o)
	must(t, err)
	config, err := os.ReadFile(filepath.Join(o.Dir, "anchorctl.yaml"))
	must(t, err)

	other := options(t.TempDir())
	other.Name, other.Organization, other.TrustDomain = "", "", ""
	must(t, os.MkdirAll(other.Dir, 0o755))
	path := filepath.Join(other.Dir, "anchorctl.yaml")
	must(t, os.WriteFile(path, config, 0o640))
	result, err := ceremony.Init(t.Context(), other)
	must(t, err)
	if !slices.Contains(result.Kept, path) {
		t.Errorf("kept %v", result.Kept)
	}
	kept, err := os.ReadFile(path)
	must(t, err)
	if string(kept) != string(config) {
		t.Error("the configuration was changed")
	}
	if got := result.Root.Subject.CommonName; got != "example root 1" {
		t.Errorf("the root is %q: the configuration's name does not count", got)
	}
}

func TestInitRefusesBeforeItMakesAnything(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(t *testing.T, o *ceremony.Options)
		want  string
	}{
		"a configuration that is none": {func(t *testing.T, o *ceremony.Options) {
			must(t, os.WriteFile(filepath.Join(o.Dir, "anchorctl.yaml"), []byte("version: [1\n"), 0o644))
		}, "anchorctl.yaml"},
		"a root.pem of somebody else": {func(t *testing.T, o *ceremony.Options) {
			must(t, os.WriteFile(filepath.Join(o.Dir, "root.pem"), []byte("theirs"), 0o644))
		}, "root.pem"},
		"keys without their store": {func(t *testing.T, o *ceremony.Options) {
			must(t, os.MkdirAll(filepath.Join(o.Dir, ".anchorctl", "keys"), 0o700))
			must(t, os.WriteFile(filepath.Join(o.Dir, ".anchorctl", "keys", "issuer-prod-1.pem"), []byte("key"), 0o600))
		}, "store that knows them is gone"},
		"something else in the store's place": {func(t *testing.T, o *ceremony.Options) {
			must(t, os.MkdirAll(filepath.Join(o.Dir, ".anchorctl"), 0o700))
			must(t, os.WriteFile(filepath.Join(o.Dir, ".anchorctl", "state.db"), []byte("notes"), 0o600))
		}, "not a store of anchorctl"},
		"nobody to ask":       {func(_ *testing.T, o *ceremony.Options) { o.Passphrase = nil }, "passphrase"},
		"an empty passphrase": {func(_ *testing.T, o *ceremony.Options) { o.Passphrase = typing("", nil) }, "empty"},
		"an interrupted prompt": {func(_ *testing.T, o *ceremony.Options) {
			o.Passphrase = func(context.Context, bool) ([]byte, error) { return nil, context.Canceled }
		}, "canceled"},
		"no place for the secret": {func(_ *testing.T, o *ceremony.Options) { o.StateHome = "" }, "secret"},
		"a name that is none":     {func(_ *testing.T, o *ceremony.Options) { o.Name = "Not A Name!" }, "name"},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t.TempDir())
			must(t, os.MkdirAll(o.Dir, 0o755))
			must(t, os.MkdirAll(filepath.Join(filepath.Dir(o.Dir), "state"), 0o755))
			c.spoil(t, &o)
			whole := o
			whole.StateHome = filepath.Join(filepath.Dir(o.Dir), "state")
			before := tree(t, whole)
			_, err := ceremony.Init(t.Context(), o)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
			if diff := cmp.Diff(before, tree(t, whole)); diff != "" {
				t.Errorf("a refused init changed %s", diff)
			}
		})
	}
}

func TestInitRefusesFlagsThatContradictTheConfiguration(t *testing.T) {
	o := options(t.TempDir())
	_, err := ceremony.Init(t.Context(), o)
	must(t, err)
	must(t, os.Remove(filepath.Join(o.Dir, "root.pem"))) // so that there is something to do
	for _, change := range []func(o *ceremony.Options){
		func(o *ceremony.Options) { o.Name = "other" },
		func(o *ceremony.Options) { o.Organization = "Other" },
		func(o *ceremony.Options) { o.TrustDomain = "other.internal" },
	} {
		again := o
		change(&again)
		if _, err := ceremony.Init(t.Context(), again); err == nil || !strings.Contains(strings.ToLower(err.Error()), "other") {
			t.Errorf("got %v, want a refusal", err)
		}
	}
}

func TestInitAddsToAGitignoreOnlyWhatIsMissing(t *testing.T) {
	const head = "# anchorctl: private keys, the store, and what is issued\n"
	for name, c := range map[string]struct {
		have, want string
		added      []string
	}{
		"none of the lines":        {"*.log\n", "*.log\n" + head + "/.anchorctl/\n/out/\n", []string{"/.anchorctl/", "/out/"}},
		"no line end":              {"*.log", "*.log\n" + head + "/.anchorctl/\n/out/\n", []string{"/.anchorctl/", "/out/"}},
		"empty":                    {"", head + "/.anchorctl/\n/out/\n", []string{"/.anchorctl/", "/out/"}},
		"one in another form":      {".anchorctl\r\n", ".anchorctl\r\n" + head + "/out/\n", []string{"/out/"}},
		"both":                     {"out/\n/.anchorctl/\n", "out/\n/.anchorctl/\n", nil},
		"one that is undone again": {"!/.anchorctl/\nout\n", "!/.anchorctl/\nout\n" + head + "/.anchorctl/\n", []string{"/.anchorctl/"}},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t.TempDir())
			must(t, os.MkdirAll(o.Dir, 0o755))
			path := filepath.Join(o.Dir, ".gitignore")
			must(t, os.WriteFile(path, []byte(c.have), 0o640))
			// What follows is not this test's: interrupt it.
			ctx, interrupt := context.WithCancel(t.Context())
			o.Step = func(name string) {
				if strings.HasSuffix(name, " state.db") {
					interrupt()
				}
			}
			if _, err := ceremony.Init(ctx, o); !errors.Is(err, context.Canceled) {
				t.Fatalf("got %v, want context.Canceled", err)
			}
			got, err := os.ReadFile(path)
			must(t, err)
			if string(got) != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			info, err := os.Stat(path)
			must(t, err)
			if info.Mode().Perm() != 0o640 {
				t.Errorf("its mode became %v", info.Mode().Perm())
			}
		})
	}
}

func TestRootTellsWhatIsWrong(t *testing.T) {
	o := options(t.TempDir())
	result, err := ceremony.Init(t.Context(), o)
	must(t, err)
	open := func(t *testing.T, passphrase string) error {
		d := deps(o)
		d.Passphrase = typing(passphrase, nil)
		f, err := folder.Open(t.Context(), d)
		must(t, err)
		defer func() { must(t, f.Close()) }()
		_, err = ceremony.Root(t.Context(), f)
		return err
	}
	if err := open(t, "wrong"); !errors.Is(err, keys.ErrWrongPassphrase) || len(hint.Of(err)) == 0 {
		t.Errorf("a wrong passphrase: got %v", err)
	}
	must(t, os.Rename(result.RootKey, result.RootKey+".away"))
	if err := open(t, "correct horse"); !errors.Is(err, os.ErrNotExist) || len(hint.Of(err)) == 0 {
		t.Errorf("a missing key: got %v", err)
	}
	other := options(t.TempDir())
	stranger, err := ceremony.Init(t.Context(), other)
	must(t, err)
	must(t, os.Rename(stranger.RootKey, result.RootKey))
	if err := open(t, "correct horse"); err == nil || !strings.Contains(err.Error(), "does not belong") {
		t.Errorf("another estate's key: got %v", err)
	}
}

// rootOf is the one root on record.
func rootOf(t *testing.T, f *folder.Folder) *x509.Certificate {
	t.Helper()
	all, err := f.Store.Generations(t.Context(), "")
	must(t, err)
	if len(all) != 1 || all[0].Status != store.Active {
		t.Fatalf("%d roots are on record", len(all))
	}
	c, err := x509.ParseCertificate(all[0].Certificate)
	must(t, err)
	return c
}

package wallet_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"anchorctl/internal/clock"
	"anchorctl/internal/durable"
	"anchorctl/internal/pki/pkitest"
	"anchorctl/internal/session"
	"anchorctl/internal/sigx509"
	"anchorctl/internal/wallet"
)

// service gives sessions and counts them.
type service struct {
	mu    sync.Mutex
	now   time.Time
	life  time.Duration
	asked int
	fails error
}

func (s *service) clock() clock.Clock {
	return clock.Clock{
		Now: func() time.Time { s.mu.Lock(); defer s.mu.Unlock(); return s.now },
		Wait: func(ctx context.Context, d time.Duration) error {
			s.move(d)
			return ctx.Err()
		},
	}
}

func (s *service) move(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

func (s *service) ask(context.Context) (session.Credentials, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	if s.fails != nil {
		return session.Credentials{}, s.fails
	}
	return session.Credentials{
		AccessKeyID: fmt.Sprintf("ASIA%d", s.asked), SecretAccessKey: "secret", SessionToken: "token", Expiration: s.now.Add(s.life),
	}, nil
}

// bench is a wallet before a service.
type bench struct {
	*service
	t      *testing.T
	wallet wallet.Wallet
	key    wallet.Key
	warned []string
}

func newBench(t *testing.T) *bench {
	b := &bench{t: t, service: &service{now: pkitest.Now(), life: time.Hour}, key: wallet.Key{1}}
	b.wallet = wallet.Wallet{
		Dir: filepath.Join(t.TempDir(), "anchorctl"), Clock: b.clock(), Files: durable.Files{},
		Warn: func(text string) { b.warned = append(b.warned, text) },
	}
	return b
}

// gets holds that the wallet hands out what the service gave the nth time.
func (b *bench) gets(nth int) {
	b.t.Helper()
	got, err := b.wallet.Session(b.t.Context(), b.key, b.ask)
	if want := fmt.Sprintf("ASIA%d", nth); err != nil || got.AccessKeyID != want {
		b.t.Fatalf("got %q, want %q (%v)", got.AccessKeyID, want, err)
	}
	if got.SecretAccessKey == "" || got.SessionToken == "" || !got.Expiration.After(b.now) {
		b.t.Fatalf("what was handed out is not whole, or has ended at %s", got.Expiration)
	}
}

func (b *bench) file() string {
	b.t.Helper()
	files, err := filepath.Glob(filepath.Join(b.wallet.Dir, "*", "session.json"))
	if err != nil || len(files) != 1 {
		b.t.Fatalf("%d files, %v", len(files), err)
	}
	return files[0]
}

func TestASessionIsKeptUntilAQuarterOfAnHourBeforeItsEnd(t *testing.T) {
	for _, c := range []struct {
		name              string
		life, kept, after time.Duration
	}{
		// The slot of the key is 0 of 1024: nothing is taken off.
		{"an hour", time.Hour, 45*time.Minute - time.Second, time.Second},
		{"the shortest there is", 15 * time.Minute, 11*time.Minute + 14*time.Second, time.Second},
		{"the longest there is", 12 * time.Hour, 11*time.Hour + 45*time.Minute - time.Second, time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.key, b.life = wallet.Key{}, c.life
			b.gets(1)
			b.move(c.kept)
			b.gets(1)
			b.move(c.after)
			b.gets(2)
		})
	}
}

func TestEachKeyHasASlotOfItsOwn(t *testing.T) {
	b := newBench(t)
	b.key = wallet.Key{0, 0, 3, 255} // the last of the slots: almost five minutes earlier
	b.gets(1)
	b.move(40 * time.Minute)
	b.gets(1)
	b.move(time.Second)
	b.gets(2)
}

func TestWhileTheServiceFailsWhatIsGoodGoesOn(t *testing.T) {
	b := newBench(t)
	b.gets(1)
	b.fails = errors.New("too busy")
	b.move(50 * time.Minute)
	b.gets(1)
	if len(b.warned) != 1 || !strings.Contains(b.warned[0], "too busy") {
		t.Errorf("warned: %q", b.warned)
	}
	// A minute of patience: nobody else runs into the same wall.
	b.move(59 * time.Second)
	b.gets(1)
	if b.asked != 2 {
		t.Errorf("the service was asked %d times, want 2", b.asked)
	}
	b.move(time.Second)
	b.gets(1)
	if b.asked != 3 {
		t.Errorf("the service was asked %d times, want 3", b.asked)
	}
	// Until the very end, and never longer.
	b.move(9*time.Minute - time.Second)
	b.gets(1)
	b.move(time.Second)
	got, err := b.wallet.Session(t.Context(), b.key, b.ask)
	if err == nil || got != (session.Credentials{}) {
		t.Errorf("after its end: %v, %v", got.Expiration, err)
	}
	b.fails = nil
	before := b.asked
	b.gets(before + 1)
}

func TestASessionThatHasEndedAlreadyIsNotHandedOut(t *testing.T) {
	b := newBench(t)
	b.life = -time.Minute
	if got, err := b.wallet.Session(t.Context(), b.key, b.ask); err == nil || got != (session.Credentials{}) {
		t.Errorf("got %v, %v", got.Expiration, err)
	}
}

func TestManyAskOnce(t *testing.T) {
	b := newBench(t)
	b.wallet.Clock.Wait = func(ctx context.Context, _ time.Duration) error { runtime.Gosched(); return ctx.Err() }
	slow := func(ctx context.Context) (session.Credentials, error) {
		got, err := b.ask(ctx)
		for range 1000 { // the others come meanwhile
			runtime.Gosched()
		}
		return got, err
	}
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			got, err := b.wallet.Session(t.Context(), b.key, slow)
			if err != nil || got.AccessKeyID != "ASIA1" {
				t.Errorf("got %q, %v", got.AccessKeyID, err)
			}
		})
	}
	group.Wait()
	if b.asked != 1 {
		t.Errorf("the service was asked %d times", b.asked)
	}
}

// Those who waited for a request that was refused do not send it again.
func TestManyAreRefusedOnce(t *testing.T) {
	b := newBench(t)
	b.fails = errors.New("too busy")
	begun, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	held := func(ctx context.Context) (session.Credentials, error) {
		once.Do(func() { close(begun); <-goOn })
		return b.ask(ctx)
	}
	var group, waits sync.WaitGroup
	group.Go(func() {
		if _, err := b.wallet.Session(t.Context(), b.key, held); err == nil {
			t.Error("the first one was not refused")
		}
	})
	<-begun
	for range 5 {
		waits.Add(1)
		w, waiting := b.wallet, sync.OnceFunc(waits.Done)
		w.Clock.Wait = func(ctx context.Context, _ time.Duration) error {
			b.move(time.Microsecond) // they look often before the first one goes on
			waiting()
			return ctx.Err()
		}
		group.Go(func() {
			if _, err := w.Session(t.Context(), b.key, held); err == nil || !strings.Contains(err.Error(), "too busy") {
				t.Errorf("got %v", err)
			}
		})
	}
	waits.Wait()
	close(goOn)
	group.Wait()
	if b.asked != 1 {
		t.Errorf("the service was asked %d times", b.asked)
	}
}

func TestWhoHasAGoodSessionWaitsForNobody(t *testing.T) {
	b := newBench(t)
	b.gets(1)
	b.move(50 * time.Minute)
	release, held, err := b.wallet.Files.TryLockFolder(filepath.Dir(b.file()))
	if err != nil || !held {
		t.Fatal(held, err)
	}
	b.gets(1)
	if err := release(); err != nil {
		t.Fatal(err)
	}
	b.gets(2)
}

// The one that asks may have been stopped, and hold its lock for good.
func TestWhoWaitedTooLongAsksAsWell(t *testing.T) {
	b := newBench(t)
	b.gets(1)
	release, held, err := b.wallet.Files.TryLockFolder(filepath.Dir(b.file()))
	if err != nil || !held {
		t.Fatal(held, err)
	}
	b.move(2 * time.Hour)
	begun := b.now
	b.wallet.Clock.Wait = func(ctx context.Context, d time.Duration) error { b.move(d); return ctx.Err() }
	b.gets(2)
	if waited := b.now.Sub(begun); waited < 30*time.Second || waited > 45*time.Second {
		t.Errorf("it waited %s; an SDK gives it a minute, and one request up to half of that", waited)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	b.gets(2)
}

func TestWhatCannotBeReliedOnIsNotUsedAndIsReplaced(t *testing.T) {
	for _, c := range []struct {
		name string
		bend func(t *testing.T, path string)
	}{
		{"others can read it", func(t *testing.T, path string) { must(t, os.Chmod(path, 0o640)) }},
		{"it was changed", func(t *testing.T, path string) { edit(t, path, `"ASIA1"`, `"ASIA7"`) }},
		{"its end was put off", func(t *testing.T, path string) { edit(t, path, `T13:`, `T19:`) }},
		{"it is broken off", func(t *testing.T, path string) { must(t, os.Truncate(path, 100)) }},
		{"it is empty", func(t *testing.T, path string) { must(t, os.Truncate(path, 0)) }},
		{"it is another format's", func(t *testing.T, path string) { edit(t, path, `cache/v1`, `cache/v2`) }},
		{"something follows it", func(t *testing.T, path string) { edit(t, path, `"}`, `"}{}`) }},
		{"it has a field more", func(t *testing.T, path string) { edit(t, path, `{`, `{"x":1,`) }},
		{"it is a link", func(t *testing.T, path string) {
			must(t, os.Rename(path, path+".else"))
			must(t, os.Symlink(path+".else", path))
		}},
		{"it is of another key", func(t *testing.T, path string) {
			edit(t, path, filepath.Base(filepath.Dir(path)), strings.Repeat("0", 64))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.gets(1)
			c.bend(t, b.file())
			b.gets(2)
			b.gets(2)
			info, err := os.Lstat(b.file())
			if err != nil || info.Mode() != 0o600 {
				t.Errorf("mode %v, %v", info.Mode(), err)
			}
		})
	}
}

func TestAClockThatWasSetBackAsksAnew(t *testing.T) {
	b := newBench(t)
	b.gets(1)
	b.move(-time.Hour)
	b.gets(2)
}

func TestWithoutAPlaceEachAsks(t *testing.T) {
	for name, spoil := range map[string]func(t *testing.T, b *bench){
		"none was named":               func(_ *testing.T, b *bench) { b.wallet.Dir = "" },
		"a file stands in its way":     func(t *testing.T, b *bench) { must(t, os.WriteFile(b.wallet.Dir, nil, 0o600)) },
		"the folder is open to others": func(t *testing.T, b *bench) { must(t, os.Mkdir(b.wallet.Dir, 0o755)) },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			spoil(t, b)
			b.gets(1)
			b.gets(2)
			if files, _ := filepath.Glob(filepath.Join(b.wallet.Dir, "*")); b.wallet.Dir != "" && len(files) > 0 {
				t.Errorf("kept all the same: %v", files)
			}
		})
	}
}

func TestSessionsThatEndedAreSweptAway(t *testing.T) {
	b := newBench(t)
	b.gets(1)
	b.move(2 * time.Hour)
	b.key = wallet.Key{2}
	b.gets(2)
	b.file() // there is one
}

func TestTheKeyIsAllThatASessionIsAskedForWith(t *testing.T) {
	estate := pkitest.NewEstate(t, "prod")
	signer := func() sigx509.Signer {
		leaf := estate.Leaf(t, "prod", "app")
		return sigx509.Signer{Certificate: leaf.Certificate, Key: leaf.Key}
	}
	base := session.Request{Endpoint: "https://a", AnchorARN: "anchor", ProfileARN: "profile", RoleARN: "role", Duration: time.Hour, SessionName: "name", Signer: signer()}
	seen := map[wallet.Key]string{wallet.KeyOf(base): "the first"}
	for name, change := range map[string]func(*session.Request){
		"endpoint": func(r *session.Request) { r.Endpoint = "https://b" },
		"anchor":   func(r *session.Request) { r.AnchorARN = "b" },
		"profile":  func(r *session.Request) { r.ProfileARN = "b" },
		"role":     func(r *session.Request) { r.RoleARN = "b" },
		"duration": func(r *session.Request) { r.Duration = time.Minute },
		"name":     func(r *session.Request) { r.SessionName = "b" },
		"key":      func(r *session.Request) { r.Signer = signer() },
		"a border between two": func(r *session.Request) {
			r.AnchorARN, r.ProfileARN = "anchorp", "rofile"
		},
	} {
		r := base
		change(&r)
		key := wallet.KeyOf(r)
		if other, there := seen[key]; there {
			t.Errorf("another %s has the key of %s", name, other)
		}
		seen[key] = name
	}
	if first, again := wallet.KeyOf(base), wallet.KeyOf(base); first != again {
		t.Error("the key of one request is not one")
	}
}

func edit(t *testing.T, path, old, now string) {
	t.Helper()
	text, err := os.ReadFile(path)
	must(t, err)
	if !strings.Contains(string(text), old) {
		t.Fatalf("there is no %q in it", old)
	}
	must(t, os.WriteFile(path, []byte(strings.Replace(string(text), old, now, 1)), 0o600))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

package estatetest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"anchorctl/internal/clock"
	"anchorctl/internal/sandbox"
)

// Control asks the sandbox for something about itself.
func (l *Lab) Control(method, what string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequest(method, l.URL+"/_sandbox/"+what, bytes.NewReader(body)) //nolint:noctx // ends with the sandbox
	if err != nil {
		return err
	}
	req.Header.Set(sandbox.HeaderToken, token)
	status, raw, err := l.ask(req)
	if err != nil || status != http.StatusOK {
		return fmt.Errorf("%s %s: %d %s %w", method, what, status, raw, err)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(raw, out)
}

// ask goes past the network where it can: a clock is read often.
func (l *Lab) ask(req *http.Request) (int, []byte, error) {
	if l.server != nil {
		w := httptest.NewRecorder()
		l.server.ServeHTTP(w, req)
		return w.Code, w.Body.Bytes(), nil
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = answer.Body.Close() }() // read to its end below
	raw, err := io.ReadAll(answer.Body)
	return answer.StatusCode, raw, err
}

// Now is the sandbox's time.
func (l *Lab) Now() time.Time {
	var answer struct{ Now time.Time }
	if err := l.Control(http.MethodGet, "clock", nil, &answer); err != nil {
		panic(err) // without a clock no test means anything
	}
	return answer.Now.UTC()
}

// Clock is the sandbox's own: waiting moves it.
func (l *Lab) Clock() clock.Clock {
	return clock.Clock{Now: l.Now, Wait: func(ctx context.Context, d time.Duration) error {
		if err := l.wait(d); err != nil {
			return err
		}
		return ctx.Err()
	}}
}

// wait lets time pass, and what lives live.
func (l *Lab) wait(d time.Duration) error {
	for end := l.Now().Add(d); ; {
		step := d
		if l.Passes != nil && !l.passing {
			step = min(end.Sub(l.Now()), l.Step)
		}
		if err := l.Control(http.MethodPost, "clock", map[string]string{"advance": step.String()}, nil); err != nil {
			return err
		}
		if l.Passes == nil || l.passing {
			return nil
		}
		now := l.Now()
		l.passing = true
		l.Passes(now)
		l.passing = false
		if !now.Before(end) {
			return nil
		}
	}
}

// Advance moves the clock.
func (l *Lab) Advance(t testing.TB, d time.Duration) {
	t.Helper()
	must(t, l.wait(d))
}

// Order orders faults.
func (l *Lab) Order(t testing.TB, faults ...sandbox.Fault) {
	t.Helper()
	must(t, l.Control(http.MethodPost, "faults", faults, nil))
}

// Calm takes all faults back.
func (l *Lab) Calm(t testing.TB) {
	t.Helper()
	must(t, l.Control(http.MethodDelete, "faults", nil, nil))
}

// Requests are those that the sandbox had so far.
func (l *Lab) Requests(t testing.TB) []sandbox.Request {
	t.Helper()
	var all []sandbox.Request
	must(t, l.Control(http.MethodGet, "requests", nil, &all))
	return all
}

// Watch has f hear of each request that the sandbox was sent, after what it did
// and before its answer.
func (l *Lab) Watch(f func(sandbox.Request)) {
	l.mu.Lock()
	l.log = f
	l.mu.Unlock()
}

// Copy is another laboratory in the same state: its own folder, and its own
// sandbox. Sessions that were given out are not in it.
func (l *Lab) Copy(t testing.TB) *Lab {
	t.Helper()
	c := &Lab{Dir: folderOf(t), StateHome: folderOf(t)}
	copyAll(t, l.Dir, c.Dir)
	copyAll(t, l.StateHome, c.StateHome)
	var state map[string]any
	must(t, l.Control(http.MethodGet, "state", nil, &state))
	delete(state, "sessions")
	for _, a := range state["accounts"].(map[string]any) {
		for _, key := range a.(map[string]any)["accessKeys"].([]any) {
			key.(map[string]any)["secret"] = secret
		}
	}
	raw, err := json.Marshal(state)
	must(t, err)
	path := filepath.Join(folderOf(t), "state.json")
	must(t, os.WriteFile(path, raw, 0o600))
	c.serve(t, sandbox.Options{State: path})
	return c
}

func copyAll(t testing.TB, from, to string) {
	t.Helper()
	must(t, filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return os.MkdirAll(filepath.Join(to, rel), 0o700)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, rel), data, 0o600)
	}))
}

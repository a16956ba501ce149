package sandbox_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"sync"
	"testing"

	"anchorctl/internal/sandbox"
)

func TestManyClientsAtOnce(t *testing.T) {
	const clients, each = 8, 6
	e := newEstate(t, func(o *sandbox.Options) { o.State = filepath.Join(t.TempDir(), "sandbox.json") })
	e.control("POST", "faults", `[{"op":"ListProfiles","mode":"stale","seconds":1,"count":-1}]`, nil)
	var all sync.WaitGroup
	for c := range clients {
		q := e.question()
		all.Go(func() {
			for i := range each {
				if err := e.createProfile(t.Context(), fmt.Sprintf("p-%d-%d", c, i)); err != nil {
					t.Error(err)
				}
				if status, got := e.ask(q); status != http.StatusCreated {
					t.Errorf("a session gave %d %s", status, got.Message)
				}
				e.profiles()
			}
		})
	}
	all.Wait()
	e.control("DELETE", "faults", "", nil)
	if got, want := len(e.profiles()), clients*each+1; got != want {
		t.Errorf("there are %d profiles, want %d", got, want)
	}
}

package batch_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"anchorctl/internal/batch"
	"anchorctl/internal/store"
)

// durability is what a power cut would leave, as far as steps tell of it. A killed
// process keeps what it wrote, so that no crash test sees a key that was not synced.
type durability struct {
	out string

	mu       sync.Mutex
	written  map[string]bool   // keys that were there when the sync under way began
	durable  map[string]bool   // keys that were there when one that has ended began
	recorded []map[string]bool // the durable ones when each group was recorded
}

// step watches, and gives whatever goes on beside a sync time to come to its end.
func (d *durability) step(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case strings.HasPrefix(name, "durable.syncfs "):
		d.written = d.keys()
		d.mu.Unlock()
		for range 20_000 {
			runtime.Gosched()
		}
		d.mu.Lock()
	case strings.HasPrefix(name, "durable.syncedfs "):
		d.durable = d.written
	case name == "store.commit issued":
		d.recorded = append(d.recorded, d.durable)
	}
}

// keys are the whole keys that are in the folder, by instance.
func (d *durability) keys() map[string]bool {
	found := map[string]bool{}
	entries, err := os.ReadDir(d.out)
	if err != nil {
		return found
	}
	for _, e := range entries {
		_, instance, is := strings.Cut(e.Name(), "@")
		text, err := fs.ReadFile(os.DirFS(d.out), e.Name()+"/key.pem")
		if is && err == nil && strings.HasSuffix(string(text), "-----END PRIVATE KEY-----\n") {
			found[instance] = true
		}
	}
	return found
}

// TestNoCertificateIsRecordedBeforeItsKeyIsDurable holds the order of syncing and
// recording, group by group.
func TestNoCertificateIsRecordedBeforeItsKeyIsDurable(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("where there is no syncfs, its steps do not come")
	}
	const count, group = 100, 10
	dir := newEstate(t)
	d := &durability{out: filepath.Join(dir, "fleet")}
	f := open(t, dir, start(), d.step)
	r := counted(t, "backup="+strconv.Itoa(count))
	r.Group, r.Out = group, d.out
	result, err := batch.Issue(t.Context(), f, r)
	must(t, err)
	checkWhole(t, f, result)
	if len(d.recorded) != count/group {
		t.Fatalf("%d groups were recorded, want %d", len(d.recorded), count/group)
	}
	list, err := f.Store.ListIssued(t.Context(), store.Filter{})
	must(t, err)
	for _, c := range list {
		if durable := d.recorded[(c.Line-1)/group]; !durable[c.Instance] {
			t.Errorf("line %d was recorded when only %d keys were durable, and its own was not", c.Line, len(durable))
		}
	}
}

// TestTheManifestIsDurableBeforeItHasItsName: with the file system, or by itself
// where files are synced one by one.
func TestTheManifestIsDurableBeforeItHasItsName(t *testing.T) {
	dir := newEstate(t)
	var mu sync.Mutex
	written, synced, named := false, false, false
	f := open(t, dir, start(), func(name string) {
		mu.Lock()
		defer mu.Unlock()
		switch {
		case strings.HasPrefix(name, "durable.write cert.pem"):
			written, synced = true, false
		case strings.HasPrefix(name, "durable.syncedfs "), name == "durable.fsync .manifest.jsonl.part":
			synced = true
		case name == "durable.rename manifest.jsonl":
			named = true
			if !written || !synced {
				t.Errorf("the manifest gets its name; certificates were written: %v, it was synced since: %v", written, synced)
			}
		}
	})
	_, err := batch.Issue(t.Context(), f, counted(t, "backup=20"))
	must(t, err)
	if !named {
		t.Error("there is no manifest")
	}
}

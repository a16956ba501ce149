package wallet_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"anchorctl/internal/wallet"
)

// FuzzKeptFile: whatever lies in the file, what is handed out is what was kept
// there, or new.
func FuzzKeptFile(f *testing.F) {
	f.Add([]byte(`{}`))
	f.Add([]byte(`{"schema":"anchorctl.session.cache/v1","key":"00","accessKeyId":"ASIA9","secretAccessKey":"x","sessionToken":"x","sum":""}`))
	f.Add([]byte("\x00"))
	f.Fuzz(func(t *testing.T, text []byte) {
		b := &bench{t: t, service: &service{now: time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC), life: time.Hour}, key: wallet.Key{1}}
		b.wallet = wallet.Wallet{Dir: filepath.Join(t.TempDir(), "anchorctl"), Clock: b.clock()}
		b.gets(1)
		path := b.file()
		kept, err := os.ReadFile(path)
		must(t, err)
		must(t, os.WriteFile(path, text, 0o600))
		if string(kept) == string(text) {
			b.gets(1)
			return
		}
		b.gets(2)
	})
}

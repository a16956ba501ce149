package wallet

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"time"
)

// mostSwept bounds what one process looks through.
const mostSwept = 256

// sweep takes away what has ended: each renewal of a certificate with a new key
// leaves a folder behind. It drops its errors, since the next one tries again,
// and leaves folders in which somebody asks.
func (w Wallet) sweep(now time.Time) {
	entries, err := os.ReadDir(w.Dir)
	if err != nil {
		return
	}
	for i, e := range entries {
		raw, err := hex.DecodeString(e.Name())
		if err != nil || len(raw) != len(Key{}) || !e.IsDir() || i >= mostSwept {
			continue
		}
		p := purse{key: Key(raw), dir: filepath.Join(w.Dir, e.Name())}
		release, held, err := w.Files.TryLockFolder(p.dir)
		if err != nil || !held {
			continue
		}
		// One whose session failed just now has others waiting for it.
		if kept := p.read(now); !kept.good(now) && now.Sub(kept.FailedAt) > patience {
			if os.Remove(filepath.Join(p.dir, fileName)) == nil {
				_ = os.Remove(p.dir) // another file in it keeps it
			}
		}
		_ = release()
	}
}

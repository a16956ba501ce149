package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/gofrs/flock"

	"anchorctl/internal/durable"
	"anchorctl/internal/hint"
	"anchorctl/internal/sandbox/world"
)

// keeper keeps the state in a file that one sandbox at a time uses. Without a
// path it keeps nothing.
type keeper struct {
	path  string
	files durable.Files
	lock  *flock.Flock
	last  []byte // what the file holds
}

func openKeeper(path string, files durable.Files) (*keeper, *world.World, error) {
	k := &keeper{path: path, files: files}
	if path == "" {
		return k, world.New(), nil
	}
	k.lock = flock.New(path + ".lock")
	locked, err := k.lock.TryLock()
	if err != nil {
		return nil, nil, fmt.Errorf("locking the sandbox's state %q: %w", path, err)
	}
	if !locked {
		return nil, nil, hint.With(fmt.Errorf("opening the sandbox's state %q: another sandbox uses it", path),
			"end the other sandbox, or give this one another --state")
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return k, world.New(), nil
	}
	if err != nil {
		return nil, nil, closeWith(k, fmt.Errorf("opening the sandbox's state: %w", err))
	}
	w, err := world.Decode(data)
	if err != nil {
		return nil, nil, closeWith(k, fmt.Errorf("opening %q: %w", path, err))
	}
	k.last = data
	return k, w, nil
}

// save writes the state if it changed.
func (k *keeper) save(w *world.World) error {
	if k.path == "" {
		return nil
	}
	data, err := w.Encode()
	if err != nil {
		return err
	}
	if bytes.Equal(data, k.last) {
		return nil
	}
	// It holds the secrets of sessions.
	if err := k.files.Replace(k.path, data, 0o600); err != nil {
		return fmt.Errorf("keeping the sandbox's state: %w", err)
	}
	k.last = data
	return nil
}

// back is the state as it was last saved.
func (k *keeper) back() (*world.World, error) { return world.Decode(k.last) }

func (k *keeper) close() error {
	if k.lock == nil {
		return nil
	}
	return k.lock.Unlock()
}

func closeWith(k *keeper, err error) error { return errors.Join(err, k.close()) }

package keys

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"anchorctl/internal/durable"
)

// Ring is the private keys of one estate. A key is decrypted at most once. Its
// methods may be called by several goroutines; it must not be copied.
type Ring struct {
	Dir   string
	Files durable.Files
	// Passphrase asks for the passphrase: twice the same (confirm) when a key is
	// made. The ring wipes what it gets.
	Passphrase func(ctx context.Context, confirm bool) ([]byte, error)
	// Again says, after a wrong passphrase, whether to ask once more. Nil: no.
	Again func() bool
	// Secret loads the generated secret.
	Secret func(ctx context.Context) (Secret, error)

	mu   sync.Mutex
	open map[string]crypto.Signer
}

// Key is a private key that can sign and do nothing else.
type Key struct {
	URI    string
	signer *crypto.Signer // a pointer, as fmt would follow the signer's own
}

var _ crypto.Signer = Key{}

// Public is the public key.
func (k Key) Public() crypto.PublicKey { return (*k.signer).Public() }

// Sign signs a digest.
func (k Key) Sign(rand io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	return (*k.signer).Sign(rand, digest, opts)
}

// Format hides the key from every verb.
func (Key) Format(f fmt.State, _ rune) { write(f, "<private key>") }

// MarshalText hides the key from encoders.
func (Key) MarshalText() ([]byte, error) { return []byte("<private key>"), nil }

// Elsewhere is the URI of a key that is somebody else's: nothing here opens it.
const Elsewhere = "elsewhere:"

// GuardNone guards a key that is not here.
const GuardNone Guard = "none"

// maxKeyFile is the most a key file may hold, in bytes.
const maxKeyFile = 64 << 10

// URIOf is the URI of the key file with a name like "issuer-prod-1".
func URIOf(name string) string { return "file:" + name + ".pem" }

// Create makes a key and writes it durably. When its file is there already, left
// by a process that was killed after writing it, that key is opened instead, if
// its type fits; a key file is never overwritten.
func (r *Ring) Create(ctx context.Context, name string, t Type, g Guard) (Key, error) {
	key, err := r.create(ctx, name, t, g)
	if err != nil {
		return Key{}, fmt.Errorf("creating key %q: %w", name, err)
	}
	return key, nil
}

func (r *Ring) create(ctx context.Context, name string, t Type, g Guard) (Key, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	path, err := r.path(URIOf(name))
	if err != nil {
		return Key{}, err
	}
	if _, err := os.Lstat(path); err == nil {
		return r.adopt(ctx, name, t, g)
	}
	signer, err := Generate(t)
	if err != nil {
		return Key{}, err
	}
	text, err := r.encode(ctx, signer, g)
	if err != nil {
		return Key{}, err
	}
	if err := r.Files.MkdirAll(r.Dir, 0o700); err != nil {
		return Key{}, err
	}
	err = r.Files.Create(path, text, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return r.adopt(ctx, name, t, g)
	}
	if err != nil {
		return Key{}, err
	}
	return r.keep(URIOf(name), signer), nil
}

// adopt opens a key file that is there already, and makes durable what its writer
// may not have lived to.
func (r *Ring) adopt(ctx context.Context, name string, t Type, g Guard) (Key, error) {
	key, err := r.get(ctx, URIOf(name), g)
	if err != nil {
		return Key{}, err
	}
	if have, err := TypeOf(key.Public()); err != nil || have != t {
		return Key{}, fmt.Errorf("there is a key of type %q already, %q is wanted", have, t)
	}
	path, err := r.path(key.URI)
	if err != nil {
		return Key{}, err
	}
	return key, r.Files.Sync(path)
}

// Open opens the key that a URI names: "file:issuer-prod-1.pem", relative to the
// ring's folder.
func (r *Ring) Open(ctx context.Context, uri string, g Guard) (Key, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	key, err := r.get(ctx, uri, g)
	if err != nil {
		return Key{}, fmt.Errorf("opening key %q: %w", uri, err)
	}
	return key, nil
}

func (r *Ring) get(ctx context.Context, uri string, g Guard) (Key, error) {
	if signer, ok := r.open[uri]; ok {
		return Key{URI: uri, signer: &signer}, nil
	}
	signer, err := r.signer(ctx, uri, g)
	if err != nil {
		return Key{}, err
	}
	return r.keep(uri, signer), nil
}

// signer is the one place where a URI becomes a signer; whoever holds a Key cannot
// tell where the private key is.
func (r *Ring) signer(ctx context.Context, uri string, g Guard) (crypto.Signer, error) {
	path, err := r.path(uri)
	if err != nil {
		return nil, err
	}
	text, err := readFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %w", ErrNoFile, err)
	}
	if err != nil {
		return nil, err
	}
	return r.decode(ctx, text, g)
}

func (r *Ring) keep(uri string, signer crypto.Signer) Key {
	if r.open == nil {
		r.open = map[string]crypto.Signer{}
	}
	r.open[uri] = signer
	return Key{URI: uri, signer: &signer}
}

// path is the file of a URI. Names are plain, so that no URI leads out of the
// ring's folder.
func (r *Ring) path(uri string) (string, error) {
	name, ok := strings.CutPrefix(uri, "file:")
	if !ok {
		return "", fmt.Errorf("the key URI %q is of no kind that can be opened: want file:NAME.pem", uri)
	}
	base, pem := strings.CutSuffix(name, ".pem")
	if !pem || base == "" || len(base) > 100 || base[0] == '-' || strings.Trim(base, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return "", fmt.Errorf("the key URI %q does not name a file of the estate", uri)
	}
	return filepath.Join(r.Dir, name), nil
}

func readFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(file, maxKeyFile+1))
	err = errors.Join(err, file.Close())
	if err == nil && len(text) > maxKeyFile {
		err = fmt.Errorf("the file holds more than %d bytes", maxKeyFile)
	}
	return text, err
}

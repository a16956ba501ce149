package wallet

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"anchorctl/internal/durable"
	"anchorctl/internal/session"
)

const (
	schema    = "anchorctl.session.cache/v1"
	fileName  = "session.json"
	mostBytes = 64 << 10 // a session has some 3 KiB
	// longest is more than a session may last (https://docs.aws.amazon.com/rolesanywhere/latest/userguide/authentication-create-session.html).
	longest = 13 * time.Hour
)

// purse is where the sessions of one key lie.
type purse struct {
	key Key
	dir string
}

// entry is what is kept: a session, or why the last one was not given.
type entry struct {
	credentials session.Credentials

	Given      time.Time
	FreshUntil time.Time
	FailedAt   time.Time
	Failure    string
}

// good reports whether the session is whole and has not ended.
func (e entry) good(now time.Time) bool {
	c := e.credentials
	return c.AccessKeyID != "" && c.SecretAccessKey != "" && c.SessionToken != "" && now.Before(c.Expiration)
}

// fresh reports whether it is too early to ask for the next one.
func (e entry) fresh(now time.Time) bool { return e.good(now) && now.Before(e.FreshUntil) }

// open makes the folders. Where none can be made, as in a home that is read-only,
// nothing is kept; one that others can use is not used, and that is said.
func (w Wallet) open(key Key) (p purse, ok bool) {
	p = purse{key: key, dir: filepath.Join(w.Dir, hex.EncodeToString(key[:]))}
	for _, dir := range []string{w.Dir, p.dir} {
		if err := w.Files.MkdirAll(dir, 0o700); err != nil {
			return purse{}, false
		}
		info, err := os.Lstat(dir)
		if err != nil {
			return purse{}, false
		}
		if !info.IsDir() || !ours(info) {
			w.warn("sessions are not kept: %q is not a folder of this user's that is closed to others (mode 700)", dir)
			return purse{}, false
		}
	}
	return p, true
}

// stored is an entry as it lies in its file.
type stored struct {
	Schema          string    `json:"schema"`
	Key             string    `json:"key"`
	Given           time.Time `json:"given,omitzero"`
	FreshUntil      time.Time `json:"freshUntil,omitzero"`
	Expiration      time.Time `json:"expiration,omitzero"`
	AccessKeyID     string    `json:"accessKeyId,omitempty"`
	SecretAccessKey string    `json:"secretAccessKey,omitempty"`
	SessionToken    string    `json:"sessionToken,omitempty"`
	FailedAt        time.Time `json:"failedAt,omitzero"`
	Failure         string    `json:"failure,omitempty"`
	Sum             string    `json:"sum"` // of all the above: SHA-256 of the object with an empty sum
}

func (s stored) sum() (string, error) {
	s.Sum = ""
	text, err := json.Marshal(s)
	if err != nil {
		return "", errors.New("encoding the session failed")
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// read is what is kept. What cannot be used is as if it were not there: the
// next session is written over it.
func (p purse) read(now time.Time) entry {
	path := filepath.Join(p.dir, fileName)
	text, err := readPrivate(path)
	defer clear(text)
	if err != nil {
		return entry{}
	}
	var s stored
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if decoder.Decode(&s) != nil || decoder.More() {
		return entry{}
	}
	sum, err := s.sum()
	if err != nil || sum != s.Sum || s.Schema != schema || s.Key != hex.EncodeToString(p.key[:]) {
		return entry{}
	}
	if s.Given.After(now) || s.Expiration.Sub(s.Given) > longest || s.FailedAt.After(now) {
		return entry{} // a clock was set back: nothing here can be relied on
	}
	return entry{
		credentials: session.Credentials{
			AccessKeyID: s.AccessKeyID, SecretAccessKey: s.SecretAccessKey, SessionToken: s.SessionToken, Expiration: s.Expiration,
		},
		Given: s.Given, FreshUntil: s.FreshUntil, FailedAt: s.FailedAt, Failure: s.Failure,
	}
}

func (p purse) write(files durable.Files, e entry) error {
	s := stored{
		Schema: schema, Key: hex.EncodeToString(p.key[:]), Given: e.Given.UTC(), FreshUntil: e.FreshUntil.UTC(),
		Expiration: e.credentials.Expiration.UTC(), AccessKeyID: e.credentials.AccessKeyID,
		SecretAccessKey: e.credentials.SecretAccessKey, SessionToken: e.credentials.SessionToken,
		FailedAt: e.FailedAt.UTC(), Failure: e.Failure,
	}
	sum, err := s.sum()
	if err != nil {
		return err
	}
	s.Sum = sum
	text, err := json.Marshal(s)
	defer clear(text)
	if err != nil {
		return errors.New("encoding the session failed")
	}
	return files.Replace(filepath.Join(p.dir, fileName), text, 0o600)
}

// readPrivate reads a small file of ours that others cannot read.
func readPrivate(path string) (text []byte, err error) {
	named, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || !os.SameFile(info, named) || !ours(info) {
		return nil, fmt.Errorf("%q is not a file of this user's that is closed to others", path)
	}
	return io.ReadAll(io.LimitReader(file, mostBytes))
}

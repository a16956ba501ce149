package folder

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"anchorctl/internal/hint"
	"anchorctl/internal/keys"
)

// ErrNoSecret says that the generated secret is not where it is looked for.
var ErrNoSecret = errors.New("the secret that guards the issuers' keys is missing")

// maxSecret is more than a secret's text needs.
const maxSecret = 4096

// ReadSecret loads the generated secret of an estate.
func (l Layout) ReadSecret(lineage string) (keys.Secret, error) {
	if l.StateHome == "" {
		return keys.Secret{}, hint.With(
			fmt.Errorf("%w: no place for it is known", ErrNoSecret),
			"set XDG_STATE_HOME or HOME to what it was when the estate was made")
	}
	path := l.Secret(lineage)
	text, err := readBounded(path)
	defer clear(text)
	if errors.Is(err, fs.ErrNotExist) {
		return keys.Secret{}, hint.With(
			fmt.Errorf("%w: it is looked for at %q; without it no issuer can sign", ErrNoSecret, path),
			`copy it there, mode 0600, from the machine where "anchorctl init" ran or from its backup`,
			"run this command as the user who ran init, or with that user's XDG_STATE_HOME")
	}
	if err != nil {
		return keys.Secret{}, fmt.Errorf("reading secret: %w", err)
	}
	secret, err := keys.ParseSecret(text)
	if err != nil {
		return keys.Secret{}, fmt.Errorf("reading secret %q: %w", path, err)
	}
	return secret, nil
}

func readBounded(path string) (data []byte, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	data, err = io.ReadAll(io.LimitReader(file, maxSecret+1))
	if err == nil && len(data) > maxSecret {
		err = fmt.Errorf("%q has more than %d bytes", path, maxSecret)
	}
	return data, err
}

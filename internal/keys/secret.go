package keys

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"fmt"
)

const (
	secretPrefix   = "anchorctl-secret-1:"
	secretSize     = 32
	secretChecksum = 4
)

// Secret is 256 random bits that guard the keys which scripts use. It needs no
// stretching, so opening such a key is quick.
type Secret struct {
	// Behind two pointers: fmt cannot call Format on an unexported field of some
	// other struct. It prints a pointer in there as an address, but for a verb that
	// does not fit, such as %s, it follows one.
	bits **[secretSize]byte
}

func hold(bits *[secretSize]byte) Secret { return Secret{bits: &bits} }

// NewSecret draws a secret.
func NewSecret() (Secret, error) {
	bits := new([secretSize]byte)
	if _, err := rand.Read(bits[:]); err != nil {
		return Secret{}, fmt.Errorf("drawing a secret: %w", err)
	}
	return hold(bits), nil
}

// ErrSecret says that a text is no secret of ours. It never shows the text.
var ErrSecret = errors.New("not a generated secret: want one line, " + secretPrefix + " and 58 letters and digits")

// ParseSecret reads the text form of a secret; one line end may follow it.
func ParseSecret(text []byte) (Secret, error) {
	text = bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))
	coded, ok := bytes.CutPrefix(text, []byte(secretPrefix))
	if !ok || len(coded) != encoding().EncodedLen(secretSize+secretChecksum) {
		return Secret{}, fmt.Errorf("reading secret: %w", ErrSecret)
	}
	raw := make([]byte, secretSize+secretChecksum+8)
	defer clear(raw)
	n, err := encoding().Decode(raw, coded)
	if err != nil || n != secretSize+secretChecksum {
		return Secret{}, fmt.Errorf("reading secret: %w", ErrSecret)
	}
	s := hold(new([secretSize]byte))
	copy((*s.bits)[:], raw)
	// One text for one secret: whatever the decoder overlooks is refused, and so
	// is a wrong checksum.
	own := s.Text()
	defer clear(own)
	if subtle.ConstantTimeCompare(own, text) != 1 {
		return Secret{}, fmt.Errorf("reading secret: %w: the checksum does not match", ErrSecret)
	}
	return s, nil
}

// Text is the text form, without a line end. The caller wipes it. The zero Secret
// has none.
func (s Secret) Text() []byte {
	if s.IsZero() {
		return nil
	}
	raw := make([]byte, 0, secretSize+secretChecksum)
	defer func() { clear(raw) }()
	raw = append(raw, (*s.bits)[:]...)
	sum := sha256.Sum256(append([]byte(secretPrefix), raw...))
	raw = append(raw, sum[:secretChecksum]...)
	return encoding().AppendEncode([]byte(secretPrefix), raw)
}

func encoding() *base32.Encoding {
	return base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)
}

// IsZero reports whether there is no secret.
func (s Secret) IsZero() bool { return s.bits == nil }

// String hides the secret.
func (Secret) String() string { return "<secret>" }

// GoString hides the secret.
func (Secret) GoString() string { return "<secret>" }

// Format hides the secret from every verb.
func (Secret) Format(f fmt.State, _ rune) { write(f, "<secret>") }

// MarshalText hides the secret from encoders.
func (Secret) MarshalText() ([]byte, error) { return []byte("<secret>"), nil }

func write(f fmt.State, text string) {
	f.Write([]byte(text)) //nolint:errcheck // fmt keeps the error of its own writer
}

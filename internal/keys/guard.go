package keys

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

// Guard says what protects a key at rest.
type Guard string

// A passphrase is typed by a person and stretched; a secret is generated and
// loaded by programs.
const (
	GuardPassphrase Guard = "passphrase"
	GuardSecret     Guard = "secret"
)

// What is wrong when a key does not open. Damage looks the same.
var (
	ErrWrongPassphrase = errors.New("wrong passphrase, or the key file is damaged")
	ErrWrongSecret     = errors.New("wrong secret, or the key file is damaged")
)

// ErrNoFile tells a key whose own file is not there from whatever else is missing,
// such as the file of its passphrase.
var ErrNoFile = errors.New("the key's file is missing")

// password is what a guard encrypts with. Without an error it is never empty.
func (r *Ring) password(ctx context.Context, g Guard, confirm bool) ([]byte, error) {
	switch g {
	case GuardPassphrase:
		if r.Passphrase == nil {
			return nil, errors.New("nobody can be asked for the passphrase")
		}
		text, err := r.Passphrase(ctx, confirm)
		if err == nil && len(text) == 0 {
			err = errors.New("the passphrase is empty")
		}
		return text, err
	case GuardSecret:
		if r.Secret == nil {
			return nil, errors.New("there is no generated secret")
		}
		s, err := r.Secret(ctx)
		if err == nil && s.IsZero() {
			err = errors.New("there is no generated secret")
		}
		return s.Text(), err
	default:
		return nil, fmt.Errorf("unknown guard %q", g)
	}
}

func (r *Ring) encode(ctx context.Context, signer crypto.Signer, g Guard) ([]byte, error) {
	password, err := r.password(ctx, g, true)
	defer clear(password)
	if err != nil {
		return nil, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(signer)
	if err != nil {
		return nil, err
	}
	defer clear(pkcs8)
	lock := seal
	if g == GuardSecret {
		lock = sealQuickly
	}
	block, err := lock(pkcs8, password)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(block), nil
}

func (r *Ring) decode(ctx context.Context, text []byte, g Guard) (crypto.Signer, error) {
	for {
		signer, err := r.try(ctx, text, g)
		if !errors.Is(err, ErrWrongPassphrase) || r.Again == nil || !r.Again() {
			return signer, err
		}
	}
}

func (r *Ring) try(ctx context.Context, text []byte, g Guard) (crypto.Signer, error) {
	password, err := r.password(ctx, g, false)
	defer clear(password)
	if err != nil {
		return nil, err
	}
	signer, err := unseal(text, password)
	switch {
	case errors.Is(err, errOpening) && g == GuardSecret:
		return nil, ErrWrongSecret
	case errors.Is(err, errOpening):
		return nil, ErrWrongPassphrase
	case err != nil:
		return nil, err
	}
	if _, err := TypeOf(signer.Public()); err != nil {
		return nil, err
	}
	return signer, nil
}

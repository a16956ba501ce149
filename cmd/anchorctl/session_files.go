package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"anchorctl/internal/cmdline"
	"anchorctl/internal/durable"
	"anchorctl/internal/hint"
	"anchorctl/internal/issuance"
	"anchorctl/internal/keys"
	"anchorctl/internal/pki"
	"anchorctl/internal/sigx509"
	"anchorctl/internal/wallet"
)

// walletOf keeps sessions where programs keep what they can make again
// (https://specifications.freedesktop.org/basedir-spec/latest/#variables).
func walletOf(c *cmdline.Call, none bool) wallet.Wallet {
	w := wallet.Wallet{Files: durable.Files{Step: c.Step}, Clock: c.Clock, Warn: func(text string) { c.Voice.Warning(text) }}
	home, cache := c.Getenv("HOME"), c.Getenv("XDG_CACHE_HOME")
	switch {
	case none:
	case filepath.IsAbs(cache):
		w.Dir = filepath.Join(cache, "anchorctl")
	case filepath.IsAbs(home):
		w.Dir = filepath.Join(home, ".cache", "anchorctl")
	}
	return w
}

// maxIntermediates is more than a chain of five certificates needs.
const maxIntermediates = 256 << 10

// While a renewal replaces the files, a reader can find the new certificate
// beside the old key, for as long as a rename takes: it reads them again.
const (
	pairTries = 5
	pairPause = 20 * time.Millisecond
)

// loadSigner reads certificate and key. A pair that does not match after all
// tries is refused by whoever uses it, who knows what to do.
func loadSigner(ctx context.Context, c *cmdline.Call, o sessionOptions) (sigx509.Signer, error) {
	for try := 1; ; try++ {
		s, err := loadPair(c, o)
		if err != nil {
			return s, err
		}
		if try == pairTries || !errors.Is(s.Check(), sigx509.ErrKeyMismatch) {
			s.Chain, err = loadIntermediates(c, o.intermediates)
			return s, err
		}
		if err := c.Clock.Wait(ctx, pairPause); err != nil {
			return s, err
		}
	}
}

func loadPair(c *cmdline.Call, o sessionOptions) (sigx509.Signer, error) {
	text, err := readFile(c, o.certificate, pki.MaxFile)
	if errors.Is(err, fs.ErrNotExist) {
		err = hint.With(err, `run "anchorctl issue ENV/WORKLOAD" first, or name another folder with --out`)
	}
	if err != nil {
		return sigx509.Signer{}, err
	}
	var s sigx509.Signer
	if o.certificate == o.privateKey {
		return loadCombined(o, text)
	}
	if s.Certificate, err = pki.ParseOne(text); err != nil {
		return sigx509.Signer{}, fmt.Errorf("reading certificate %q: %w", o.certificate, err)
	}
	if text, err = readFile(c, o.privateKey, pki.MaxFile); err != nil {
		return sigx509.Signer{}, err
	}
	defer clear(text)
	if s.Key, err = keys.ParseWorkload(text); err != nil {
		return sigx509.Signer{}, fmt.Errorf("reading private key %q: %w", o.privateKey, err)
	}
	return s, nil
}

// loadCombined reads the one file of "issue --format combined".
func loadCombined(o sessionOptions, text []byte) (sigx509.Signer, error) {
	defer clear(text)
	key, certificates, err := issuance.ParseCombined(text)
	defer clear(key)
	if err != nil {
		return sigx509.Signer{}, fmt.Errorf("reading %q: %w", o.certificate, err)
	}
	s := sigx509.Signer{Certificate: certificates[0]}
	if s.Key, err = keys.ParseWorkload(key); err != nil {
		return sigx509.Signer{}, fmt.Errorf("reading %q: %w", o.privateKey, err)
	}
	return s, nil
}

func loadIntermediates(c *cmdline.Call, path string) ([]*x509.Certificate, error) {
	if path == "" {
		return nil, nil
	}
	text, err := readFile(c, path, maxIntermediates)
	if err != nil {
		return nil, err
	}
	chain, err := pki.ParseBundle(string(text))
	if err != nil {
		return nil, fmt.Errorf("reading intermediates %q: %w", path, err)
	}
	return chain, nil
}

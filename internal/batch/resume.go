package batch

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"sync"

	"anchorctl/internal/durable"
	"anchorctl/internal/hint"
	"anchorctl/internal/keys"
	"anchorctl/internal/pki"
	"anchorctl/internal/store"
)

// resume gives out what earlier runs have recorded: a certificate whose file is
// missing or torn is written again.
func (b *run) resume(ctx context.Context) error {
	recorded, err := b.estate.Store.BatchIssued(ctx, b.result.Batch)
	if err != nil {
		return err
	}
	r := resumed{run: b, others: map[int]int{}}
	page := make([]store.Issued, 0, smallGroup)
	for c, err := range recorded {
		if err := errors.Join(err, context.Cause(ctx)); err != nil {
			return err
		}
		if page = append(page, c); len(page) == cap(page) {
			if err := r.take(page); err != nil {
				return err
			}
			page = page[:0]
		}
	}
	if err := r.take(page); err != nil {
		return err
	}
	return errors.Join(r.verdict(), r.chains(ctx))
}

// resumed is what a run finds of those before it.
type resumed struct {
	*run
	ended   int         // how many have
	revoked int         // how many were
	others  map[int]int // how many were signed by generations that no longer sign

	mu   sync.Mutex
	lost []string // certificates whose key is gone
}

func (r *resumed) take(page []store.Issued) error {
	now := r.estate.Clock.Now().Unix()
	err := each(len(page), func(k int) error {
		c := page[k]
		i := c.Line - 1
		if i < 0 || i >= len(r.request.Lines) || r.request.Lines[i].Workload != c.Workload || r.request.Lines[i].Instance != c.Instance {
			return fmt.Errorf("certificate %s is recorded for line %d, which asks for another", c.Serial, c.Line)
		}
		return r.restore(i, c)
	})
	if err != nil {
		return err
	}
	for _, c := range page {
		r.result.Before++
		if c.Revoked != nil {
			r.revoked++
		}
		if c.NotAfter < now {
			r.ended++
		}
		if c.Generation != r.signer.Generation.Number {
			r.others[c.Generation]++
		}
		if err := r.count(c.Line-1, c); err != nil {
			return err
		}
	}
	r.progress()
	return nil
}

// restore makes the folder of a recorded certificate whole.
func (r *resumed) restore(i int, c store.Issued) error {
	l := r.request.Lines[i]
	if c.Revoked != nil {
		return nil // it stays as it is; nothing is given out again
	}
	if l.CSR != "" {
		return r.restoreFile(i, l, c)
	}
	text, err := durable.Read(r.tree.path(r.tree.folder(i, l), keyName), pki.MaxFile)
	defer clear(text)
	if err != nil {
		return err
	}
	if !keyOf(text, c) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.lost = append(r.lost, l.name())
		return nil
	}
	return r.restoreFile(i, l, c)
}

// restoreFile writes a certificate's file, unless it is there.
func (r *resumed) restoreFile(i int, l Line, c store.Issued) error {
	if _, err := r.group.Mkdir(r.tree.path(r.tree.folder(i, l)), 0o700); err != nil {
		return err
	}
	path := r.tree.path(r.tree.folder(i, l), certificateName)
	have, err := durable.Read(path, pki.MaxFile)
	if err != nil {
		return err
	}
	want := pki.EncodePEM(&x509.Certificate{Raw: c.Certificate})
	if string(have) == string(want) {
		r.group.Adopt(path)
		return nil
	}
	r.mended.Add(1)
	return r.group.Write(path, want, 0o600)
}

// keyOf reports whether a file holds the key of a certificate.
func keyOf(text []byte, c store.Issued) bool {
	if len(text) == 0 {
		return false
	}
	key, err := keys.ParseWorkload(text)
	if err != nil {
		return false
	}
	digest, err := pki.DigestOfKey(key.Public())
	return err == nil && digest == c.SPKI
}

// verdict says what a rerun cannot mend, and what it should say.
func (r *resumed) verdict() error {
	if n := len(r.lost); n > 0 {
		return hint.With(fmt.Errorf("the keys of %d certificates that were issued are not in %q any more: %s", n, r.tree.root, some(r.lost)),
			"put the files back where they were, or name the folder of the run that issued them with --out",
			"or name a new batch with --label to issue all of it once more; what was issued ends by itself")
	}
	if r.revoked > 0 {
		r.result.Notes = append(r.result.Notes, fmt.Sprintf("%d certificates of this batch were revoked and are not given out again; issue those hosts new ones", r.revoked))
	}
	if r.ended > 0 {
		r.result.Notes = append(r.result.Notes, fmt.Sprintf("%d certificates of this batch have ended; name a new batch with --label to issue it once more", r.ended))
	}
	return nil
}

// chains writes the chains of generations that no longer sign.
func (r *resumed) chains(ctx context.Context) error {
	if len(r.others) == 0 {
		return nil
	}
	all, err := r.estate.Store.Generations(ctx, r.request.Environment)
	if err != nil {
		return err
	}
	for _, g := range all {
		if r.others[g.Number] == 0 {
			continue
		}
		r.result.Notes = append(r.result.Notes, fmt.Sprintf("%d certificates of this batch were signed by %s, which no longer signs", r.others[g.Number], g.Addr()))
		text := pki.EncodePEM(&x509.Certificate{Raw: g.Certificate})
		if err := r.tree.writeChain(r.group, chainName(g.Environment, g.Number), text); err != nil {
			return err
		}
	}
	return nil
}

// some are the first of many names.
func some(names []string) string {
	if len(names) <= 3 {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:3], ", ") + ", …"
}

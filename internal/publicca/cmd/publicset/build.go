package main

import (
	"bytes"
	"cmp"
	"crypto"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"anchorctl/internal/publicca"
	"anchorctl/internal/signature"
)

// collection gathers the keys of all sources.
type collection struct {
	known  map[[32]byte]*publicca.Record      // by publicca.Digest
	hashed map[publicca.Hash]*publicca.Record // by hash of the SubjectPublicKeyInfo
}

func nothing() collection {
	return collection{known: map[[32]byte]*publicca.Record{}, hashed: map[publicca.Hash]*publicca.Record{}}
}

// made is a set as its two files, and how many of its sources are as an earlier
// run left them.
type made struct {
	set, manifest []byte
	kept          int
}

// build makes a set from all sources.
func build(w workshop) (made, error) {
	all := nothing()
	w.earlier = slices.Collect(w.old.All())
	var list []publicca.Source
	var failed []error
	kept := 0
	for i, s := range sources() {
		hash, asItWas, err := all.takeFrom(w, s, i)
		if err != nil {
			failed = append(failed, fmt.Errorf("taking %s %s: %w", s.pkg, s.version, err))
		}
		if asItWas {
			kept++
		}
		list = append(list, publicca.Source{
			Name: s.name, Kind: s.kind, Package: s.pkg, Version: s.version, Date: s.dated(), SHA256: hash,
		})
	}
	if len(failed) > 0 {
		return made{}, errors.Join(failed...)
	}
	m, err := all.finish(list)
	m.kept = kept
	return m, err
}

// finish counts and encodes what was collected.
func (c *collection) finish(list []publicca.Source) (made, error) {
	c.settle()
	known, hashed := c.sorted()
	for _, r := range slices.Concat(known, hashed) {
		for _, i := range r.Sources {
			list[i].Count++
		}
	}
	if i := slices.IndexFunc(list, func(s publicca.Source) bool { return s.Count == 0 }); i >= 0 {
		return made{}, fmt.Errorf("reading %s %s: nothing of the set was found in it", list[i].Package, list[i].Version)
	}
	set, err := encode(known, hashed, len(list))
	if err != nil {
		return made{}, err
	}
	manifest, err := json.MarshalIndent(list, "", "  ")
	return made{set: set, manifest: append(manifest, '\n')}, err
}

// takeFrom takes the keys of one source: from its package, or, when that can no
// longer be had, from what an earlier run took.
func (c *collection) takeFrom(w workshop, s source, at int) (hash string, kept bool, err error) {
	earlier := slices.IndexFunc(w.old.Sources(), func(o publicca.Source) bool {
		return o.Package == s.pkg && o.Version == s.version && o.Name == s.name
	})
	in, err := w.obtain(s)
	if err != nil && earlier < 0 {
		return "", false, err
	}
	if err != nil {
		fmt.Fprintf(w.log, "publicset: kept as it was: %v\n", err)
		for _, r := range w.earlier {
			if slices.Contains(r.Sources, earlier) {
				r.Sources = []int{at}
				c.add(r)
			}
		}
		return w.old.Sources()[earlier].SHA256, true, nil
	}
	if earlier >= 0 && w.old.Sources()[earlier].SHA256 != in.sha256 {
		return "", false, fmt.Errorf("it has the SHA-256 %s, and had %s", in.sha256, w.old.Sources()[earlier].SHA256)
	}
	before := len(c.known) + len(c.hashed)
	if err := c.read(s, in, at); err != nil {
		return "", false, err
	}
	fmt.Fprintf(w.log, "publicset: %s %s: %d new\n", s.pkg, s.version, len(c.known)+len(c.hashed)-before)
	return in.sha256, false, nil
}

func (c *collection) read(s source, in input, at int) error {
	client, _, _ := strings.Cut(s.pkg, ":")
	var all []finds
	err := walk(client, in, s.files(), func(name string, content []byte) error {
		switch {
		case s.kind != publicca.Intermediates:
			all = append(all, extract(name, content))
			return nil
		default:
			return c.readHashes(content, at)
		}
	})
	if err != nil {
		return err
	}
	c.take(s, all, at)
	return nil
}

// take takes what was found in the files of a source.
func (c *collection) take(s source, all []finds, at int) {
	open := published(all)
	for _, f := range all {
		for _, cert := range f.certificates {
			if kind, ok := kindOf(s, cert, open); ok {
				c.addCertificate(cert, kind, f.name, at)
			}
		}
		if s.kind != publicca.Published {
			continue
		}
		keys := f.keys
		if strings.HasPrefix(s.pkg, "data:") {
			keys = f.public // their private halves are published elsewhere
		}
		for _, key := range keys {
			c.add(publicca.Record{
				Entry: publicca.Entry{Kind: publicca.PublishedKey, Name: printed(f.name)}, Key: key, Rank: publicca.KeyAlone, Sources: []int{at},
			})
		}
	}
}

// published are the keys whose private half was found.
func published(all []finds) map[[32]byte]bool {
	keys := map[[32]byte]bool{}
	for _, f := range all {
		for _, key := range f.keys {
			if digest, ok := publicca.Digest(key); ok {
				keys[digest] = true
			}
		}
	}
	return keys
}

// kindOf says what a certificate is in a source, or that it is none of ours: a
// server's certificate in a store is nobody's authority, and a test CA whose
// private key was thrown away signs no more.
func kindOf(s source, c *x509.Certificate, published map[[32]byte]bool) (publicca.Kind, bool) {
	self := bytes.Equal(c.RawSubject, c.RawIssuer)
	digest, _ := publicca.Digest(c.PublicKey)
	switch {
	case s.kind == publicca.Published:
		return publicca.PublishedKey, published[digest] || strings.HasPrefix(s.pkg, "data:")
	case s.kind == publicca.OpenCAs:
		return publicca.TestCA, self || c.IsCA
	case self:
		return publicca.Root, true
	default:
		return publicca.Intermediate, c.IsCA
	}
}

func (c *collection) addCertificate(cert *x509.Certificate, kind publicca.Kind, file string, at int) {
	key := signature.KeyOf(cert)
	if key == nil {
		return // of a kind that no candidate may have
	}
	r := publicca.Record{
		Entry: publicca.Entry{Kind: kind, Name: printed(cert.Subject.String())}, Key: key, Rank: publicca.Issued,
		Certificates: []publicca.Hash{publicca.HashOf(cert.Raw)}, Sources: []int{at},
		Subject: publicca.MarkOf(cert.RawSubject), Identifier: publicca.MarkOf(cert.SubjectKeyId),
	}
	if bytes.Equal(cert.RawSubject, cert.RawIssuer) {
		r.Rank = publicca.SelfIssued
	}
	if r.Name == "" {
		r.Name = printed(file)
	}
	c.add(r)
}

// printed is a name on one line.
func printed(name string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '�' {
			return '?'
		}
		return r
	}, name)
}

// add takes a record in. The order in which records come does not matter.
func (c *collection) add(r publicca.Record) {
	if r.Key == nil && r.SPKI != (publicca.Hash{}) {
		put(c.hashed, r.SPKI, r)
		return
	}
	if digest, ok := publicca.Digest(r.Key); ok && usable(r.Key) {
		put(c.known, digest, r)
	}
}

func put[K comparable](place map[K]*publicca.Record, key K, r publicca.Record) {
	if old, found := place[key]; found {
		r = merged(*old, r)
	}
	place[key] = &r
}

// merged is one record of two for the same key.
func merged(a, b publicca.Record) publicca.Record {
	if better(b, a) {
		a, b = b, a
	}
	return absorbed(a, b)
}

// absorbed is a with what else b knows of its key.
func absorbed(a, b publicca.Record) publicca.Record {
	kinds := publicca.Kinds()
	if slices.Index(kinds, b.Kind) < slices.Index(kinds, a.Kind) {
		a.Kind = b.Kind
	}
	a.Sources = union(a.Sources, b.Sources, cmp.Compare[int])
	if len(b.Certificates) > 0 {
		rest := b.Certificates
		if len(a.Certificates) > 0 {
			rest = union(a.Certificates[1:], rest, compareHashes)
			rest = slices.DeleteFunc(rest, func(h publicca.Hash) bool { return h == a.Certificates[0] })
			rest = slices.Concat(a.Certificates[:1], rest)
		}
		a.Certificates = rest
	}
	return a
}

// better reports whether a names the key rather than b.
func better(a, b publicca.Record) bool {
	return cmp.Or(
		cmp.Compare(a.Rank, b.Rank), slices.CompareFunc(a.Certificates[:min(1, len(a.Certificates))], b.Certificates[:min(1, len(b.Certificates))], compareHashes),
		cmp.Compare(a.Name, b.Name),
	) < 0
}

func union[T any](a, b []T, compare func(T, T) int) []T {
	all := slices.Concat(a, b)
	slices.SortFunc(all, compare)
	return slices.CompactFunc(all, func(x, y T) bool { return compare(x, y) == 0 })
}

func compareHashes(a, b publicca.Hash) int { return bytes.Compare(a[:], b[:]) }

// settle moves what is known by hashes to the keys where these are known too.
func (c *collection) settle() {
	for _, r := range c.known {
		hash, ok := spkiHash(r.Key)
		twin := c.hashed[hash]
		if !ok || twin == nil {
			continue
		}
		delete(c.hashed, hash)
		*r = absorbed(*r, *twin)
	}
}

func spkiHash(key crypto.PublicKey) (publicca.Hash, bool) {
	spki, err := x509.MarshalPKIXPublicKey(key)
	return publicca.HashOf(spki), err == nil
}

// sorted gives the records in an order that does not depend on the sources'.
func (c *collection) sorted() (known, hashed []publicca.Record) {
	for digest := range c.known {
		known = append(known, *c.known[digest])
	}
	for hash := range c.hashed {
		hashed = append(hashed, *c.hashed[hash])
	}
	slices.SortFunc(known, func(a, b publicca.Record) int {
		x, _ := publicca.Digest(a.Key)
		y, _ := publicca.Digest(b.Key)
		return bytes.Compare(x[:], y[:])
	})
	slices.SortFunc(hashed, func(a, b publicca.Record) int { return compareHashes(a.SPKI, b.SPKI) })
	return known, hashed
}

package publicca

import (
	"bytes"
	"compress/gzip"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strings"
)

// The embedded file is read in one pass: a line that names the format, the
// number of sources, the different sets of sources that records have, one bit a
// source, the records whose key is known, those known by hashes, and the names
// of all of them, one a line and compressed, which are wanted only when
// something was found.
const magic = "anchorctl public set 1\n"

// Algorithms of keys in the file.
const (
	keyRSA byte = iota + 1
	keyP224
	keyP256
	keyP384
	keyP521
	keySPKI
)

const (
	hashSize   = uint64(len(Hash{}))
	maxRecords = 1 << 16 // that room is made for before they are seen
)

var errBroken = errors.New("the embedded set is broken")

// record is one key in memory: what a look-up needs, the rest as it stands in
// the file.
type record struct {
	kind      Kind
	rank      Rank
	algorithm byte
	key       []byte // as in the file
	subject   Mark
	ident     Mark
	certs     []byte // hashes of certificates, one after the other
	spki      []byte // hash of the SubjectPublicKeyInfo, where the key is not known
	sources   []byte // one bit for each source
}

// cursor reads the file. Past its end it gives zeros and remembers.
type cursor struct {
	rest []byte
	err  error
}

func (c *cursor) take(n uint64) []byte {
	if n > uint64(len(c.rest)) {
		c.err = errBroken
		c.rest = nil
		return make([]byte, min(n, 64))
	}
	taken := c.rest[:n:n]
	c.rest = c.rest[n:]
	return taken
}

func (c *cursor) number() uint64 {
	n, size := binary.Uvarint(c.rest)
	if size <= 0 {
		c.err = errBroken
		c.rest = nil
		return 0
	}
	c.rest = c.rest[size:]
	return n
}

// nth reads a number and gives the part of the table that has it.
func (c *cursor) nth(table []byte, width uint64) []byte {
	n := c.number()
	if n >= uint64(len(table))/max(width, 1) {
		c.err = errBroken
		return nil
	}
	return table[n*width : (n+1)*width]
}

// decode reads the file but for the names.
func decode(file []byte) (records []record, sources int, names []byte, err error) {
	rest, ok := bytes.CutPrefix(file, []byte(magic))
	if !ok {
		return nil, 0, nil, fmt.Errorf("%w: it begins wrongly", errBroken)
	}
	c := cursor{rest: rest}
	sources = int(c.number())
	width := uint64(sources+7) / 8
	sets := c.take(width * c.number())
	n := c.number()
	records = slices.Grow(records, int(min(n, maxRecords)))
	for range n {
		r := c.kind()
		r.algorithm = c.take(1)[0]
		r.key = c.take(c.number())
		r.subject, r.ident = Mark(c.take(4)), Mark(c.take(4))
		r.certs, r.sources = c.take(hashSize*c.number()), c.nth(sets, width)
		if records = append(records, r); c.err != nil {
			return nil, 0, nil, c.err
		}
	}
	n = c.number()
	records = slices.Grow(records, int(min(n, maxRecords)))
	for range n {
		r := c.kind()
		r.spki = c.take(hashSize)
		r.certs, r.sources = c.take(hashSize*c.number()), c.nth(sets, width)
		if records = append(records, r); c.err != nil {
			return nil, 0, nil, c.err
		}
	}
	return records, sources, c.rest, c.err
}

// kind reads the byte that every record begins with.
func (c *cursor) kind() record {
	b := c.take(1)[0]
	if int(b&15) >= len(Kinds()) {
		c.err = fmt.Errorf("%w: it has a key of the kind %d", errBroken, b&15)
		return record{}
	}
	return record{kind: Kinds()[b&15], rank: Rank(b >> 4)}
}

// readNames gives the names in the order of the records.
func readNames(compressed []byte, want int) ([]string, error) {
	unzip, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errBroken, err)
	}
	text, err := io.ReadAll(unzip)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errBroken, err)
	}
	names := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	if len(names) != want {
		return nil, fmt.Errorf("%w: %d names for %d keys", errBroken, len(names), want)
	}
	return names, nil
}

// public makes the key that Go works with.
func (r *record) public() (crypto.PublicKey, error) {
	switch r.algorithm {
	case keyRSA:
		e, size := binary.Uvarint(r.key)
		if size <= 0 || e > 1<<31-1 {
			return nil, errBroken
		}
		return &rsa.PublicKey{N: new(big.Int).SetBytes(r.key[size:]), E: int(e)}, nil
	case keySPKI:
		return x509.ParsePKIXPublicKey(r.key)
	}
	curve, ok := curveOf(r.algorithm)
	if !ok {
		return nil, fmt.Errorf("%w: it has a key of the algorithm %d", errBroken, r.algorithm)
	}
	key, ok := decompressed(curve, r.key)
	if !ok {
		return nil, fmt.Errorf("%w: it has a point that is not on its curve", errBroken)
	}
	return key, nil
}

// digest is Digest of the key, without making it.
func (r *record) digest() ([32]byte, error) {
	if curve, ok := curveOf(r.algorithm); ok && len(r.key) > 1 {
		return digestOf(curve.Params().Name, r.key[1:]), nil
	}
	if _, size := binary.Uvarint(r.key); r.algorithm == keyRSA && size > 0 {
		return digestOf("rsa", r.key[size:]), nil
	}
	if r.algorithm == keySPKI {
		return digestOf("spki", r.key), nil
	}
	return [32]byte{}, errBroken
}

func curveOf(algorithm byte) (elliptic.Curve, bool) {
	switch algorithm {
	case keyP224:
		return elliptic.P224(), true
	case keyP256:
		return elliptic.P256(), true
	case keyP384:
		return elliptic.P384(), true
	case keyP521:
		return elliptic.P521(), true
	default:
		return nil, false
	}
}

func decompressed(curve elliptic.Curve, point []byte) (*ecdsa.PublicKey, bool) {
	x, y := elliptic.UnmarshalCompressed(curve, point)
	if x == nil {
		return nil, false
	}
	size := (curve.Params().BitSize + 7) / 8
	uncompressed := append([]byte{4}, make([]byte, 2*size)...)
	x.FillBytes(uncompressed[1 : 1+size])
	y.FillBytes(uncompressed[1+size:])
	key, err := ecdsa.ParseUncompressedPublicKey(curve, uncompressed)
	return key, err == nil
}

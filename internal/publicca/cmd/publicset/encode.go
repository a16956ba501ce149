package main

import (
	"bytes"
	"compress/gzip"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"slices"

	"anchorctl/internal/publicca"
)

// encode writes the file that publicca reads; its format is told there.
func encode(known, hashed []publicca.Record, sources int) ([]byte, error) {
	out := binary.AppendUvarint([]byte("anchorctl public set 1\n"), uint64(sources))
	sets := sourceSets(slices.Concat(known, hashed), sources)
	out = binary.AppendUvarint(out, uint64(len(sets)))
	for _, set := range sets {
		out = append(out, set...)
	}
	out = binary.AppendUvarint(out, uint64(len(known)))
	for _, r := range known {
		algorithm, key, err := encodeKey(r.Key)
		if err != nil {
			return nil, fmt.Errorf("encoding %q: %w", r.Name, err)
		}
		out = append(out, kindAndRank(r), algorithm)
		out = append(binary.AppendUvarint(out, uint64(len(key))), key...)
		out = append(append(out, r.Subject[:]...), r.Identifier[:]...)
		out = appendRest(out, r, sets, sources)
	}
	out = binary.AppendUvarint(out, uint64(len(hashed)))
	for _, r := range hashed {
		out = append(append(out, kindAndRank(r)), r.SPKI[:]...)
		out = appendRest(out, r, sets, sources)
	}
	names, err := compressedNames(slices.Concat(known, hashed))
	return append(out, names...), err
}

func kindAndRank(r publicca.Record) byte {
	return byte(slices.Index(publicca.Kinds(), r.Kind)) | byte(r.Rank)<<4
}

func appendRest(out []byte, r publicca.Record, sets []string, sources int) []byte {
	out = binary.AppendUvarint(out, uint64(len(r.Certificates)))
	for _, hash := range r.Certificates {
		out = append(out, hash[:]...)
	}
	return binary.AppendUvarint(out, uint64(slices.Index(sets, sourceBits(r, sources))))
}

// sourceSets are the different sets of sources that records have.
func sourceSets(records []publicca.Record, sources int) []string {
	var sets []string
	for _, r := range records {
		sets = append(sets, sourceBits(r, sources))
	}
	slices.Sort(sets)
	return slices.Compact(sets)
}

func sourceBits(r publicca.Record, sources int) string {
	set := make([]byte, (sources+7)/8)
	for _, i := range r.Sources {
		set[i/8] |= 1 << (i % 8)
	}
	return string(set)
}

func encodeKey(pub any) (algorithm byte, value []byte, err error) {
	switch key := pub.(type) {
	case *rsa.PublicKey:
		return 1, append(binary.AppendUvarint(nil, uint64(key.E)), key.N.Bytes()...), nil
	case *ecdsa.PublicKey:
		curves := []elliptic.Curve{elliptic.P224(), elliptic.P256(), elliptic.P384(), elliptic.P521()}
		i := slices.Index(curves, key.Curve)
		point, err := key.Bytes()
		if i < 0 || err != nil {
			return 0, nil, fmt.Errorf("its curve is %s", key.Curve.Params().Name)
		}
		// A compressed point: which of the two it is stands in the last bit of y.
		return byte(2 + i), append([]byte{2 | point[len(point)-1]&1}, point[1:1+len(point)/2]...), nil
	case ed25519.PublicKey:
		value, err := x509.MarshalPKIXPublicKey(key)
		return 6, value, err
	default:
		return 0, nil, fmt.Errorf("a %T is no key of the set", pub)
	}
}

func compressedNames(records []publicca.Record) ([]byte, error) {
	var out bytes.Buffer
	zip, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	for _, r := range records {
		if _, err := fmt.Fprintln(zip, r.Name); err != nil {
			return nil, err
		}
	}
	err = zip.Close()
	return out.Bytes(), err
}

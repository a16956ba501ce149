package publicca

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"slices"
)

// Digest identifies a key, however a certificate writes it (absent or NULL
// parameters, padding), by what its owner alone can use: an RSA modulus with
// whatever exponent, and a point on a curve with whatever sign, since whoever
// holds the one private key holds the other.
func Digest(pub crypto.PublicKey) ([sha256.Size]byte, bool) {
	switch key := pub.(type) {
	case nil:
		return [sha256.Size]byte{}, false
	case *rsa.PublicKey:
		return digestOf("rsa", key.N.Bytes()), true
	case *ecdsa.PublicKey:
		point, err := key.Bytes()
		if err != nil {
			return [sha256.Size]byte{}, false
		}
		return digestOf(key.Curve.Params().Name, point[1:1+len(point)/2]), true
	default:
		spki, err := x509.MarshalPKIXPublicKey(pub)
		if err != nil {
			return [sha256.Size]byte{}, false
		}
		return digestOf("spki", spki), true
	}
}

func digestOf(kind string, value []byte) [sha256.Size]byte {
	return sha256.Sum256(slices.Concat([]byte(kind), []byte{0}, value))
}

// spkiHashes are the hashes by which a list of hashes may know the key: of its
// SubjectPublicKeyInfo encoded anew, since a candidate may write it in odd ways,
// and of the other forms in which its owner can use it.
func spkiHashes(pub crypto.PublicKey) []Hash {
	forms := []crypto.PublicKey{pub}
	switch key := pub.(type) {
	case *rsa.PublicKey:
		for _, e := range []int{65537, 3, 17, 5, 257} {
			if e != key.E {
				forms = append(forms, &rsa.PublicKey{N: key.N, E: e})
			}
		}
	case *ecdsa.PublicKey:
		if other, ok := negated(key); ok {
			forms = append(forms, other)
		}
	}
	var hashes []Hash
	for _, form := range forms {
		if spki, err := x509.MarshalPKIXPublicKey(form); err == nil {
			hashes = append(hashes, HashOf(spki))
		}
	}
	return hashes
}

// negated is the point with the other sign. Of the two compressed forms, which
// differ in the first byte alone, one is the key's.
func negated(key *ecdsa.PublicKey) (*ecdsa.PublicKey, bool) {
	point, err := key.Bytes()
	if err != nil {
		return nil, false
	}
	x := point[1 : 1+len(point)/2]
	for _, sign := range []byte{2, 3} {
		other, ok := decompressed(key.Curve, slices.Concat([]byte{sign}, x))
		if ok && !other.Equal(key) {
			return other, true
		}
	}
	return nil, false
}

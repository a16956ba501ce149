package publicca

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/asn1"
	"math/big"

	"anchorctl/internal/signature"
)

// signers are the only ECDSA keys under which the certificate's signature can
// verify (SEC 1 version 2 section 4.1.6). Looking each of them up costs the same
// however many public CAs there are; trying the CAs one by one does not.
func signers(c *x509.Certificate, hash crypto.Hash) []*ecdsa.PublicKey {
	var value struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(c.Signature, &value); hash == 0 || err != nil {
		return nil
	}
	digest := signature.Sum(hash, c.RawTBSCertificate)
	var keys []*ecdsa.PublicKey
	for _, curve := range []elliptic.Curve{elliptic.P256(), elliptic.P384(), elliptic.P521()} {
		order := curve.Params().N
		if value.R.Sign() <= 0 || value.S.Sign() <= 0 || value.R.Cmp(order) >= 0 || value.S.Cmp(order) >= 0 || !fits(value.R, value.S, order) {
			continue
		}
		keys = append(keys, recovered(curve, value.R, value.S, digest)...)
	}
	return keys
}

// recovered solves r·Q = s·R − e·G for the key Q, for each point R whose x is r
// modulo the order.
func recovered(curve elliptic.Curve, r, s *big.Int, digest []byte) []*ecdsa.PublicKey {
	p := curve.Params()
	inverse := new(big.Int).ModInverse(r, p.N)
	e := truncated(digest, p.N)
	u1 := new(big.Int).Mul(new(big.Int).Sub(p.N, e), inverse)
	u2 := new(big.Int).Mul(s, inverse)
	u1.Mod(u1, p.N)
	u2.Mod(u2, p.N)
	//lint:ignore SA1019 crypto/ecdh cannot add points, and nothing here is secret
	gx, gy := curve.ScalarBaseMult(u1.Bytes())
	var keys []*ecdsa.PublicKey
	for x := new(big.Int).Set(r); x.Cmp(p.P) < 0; x.Add(x, p.N) {
		for sign := byte(2); sign <= 3; sign++ {
			point := append([]byte{sign}, x.FillBytes(make([]byte, (p.BitSize+7)/8))...)
			rx, ry := elliptic.UnmarshalCompressed(curve, point)
			if rx == nil {
				continue
			}
			//lint:ignore SA1019 as above
			rx, ry = curve.ScalarMult(rx, ry, u2.Bytes())
			//lint:ignore SA1019 as above
			qx, qy := curve.Add(rx, ry, gx, gy)
			size := (p.BitSize + 7) / 8
			uncompressed := append(append([]byte{4}, qx.FillBytes(make([]byte, size))...), qy.FillBytes(make([]byte, size))...)
			if key, err := ecdsa.ParseUncompressedPublicKey(curve, uncompressed); err == nil {
				keys = append(keys, key)
			}
		}
	}
	return keys
}

// truncated is the leftmost bits of the digest, as many as the order has,
// reduced by it (FIPS 186-5 section 6.4.2).
func truncated(digest []byte, order *big.Int) *big.Int {
	e := new(big.Int).SetBytes(digest)
	if excess := 8*len(digest) - order.BitLen(); excess > 0 {
		e.Rsh(e, uint(excess))
	}
	return e.Mod(e, order)
}

// fits tells signatures of a smaller curve apart: both numbers being 64 bits
// shorter than the order happens once in 2^128 signatures.
func fits(r, s, order *big.Int) bool {
	return max(r.BitLen(), s.BitLen()) > order.BitLen()-64
}

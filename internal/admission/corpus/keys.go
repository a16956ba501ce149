package corpus

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"slices"

	"anchorctl/internal/pki/pkitest"
)

// keyCases are the kinds of keys that an issuer may come with.
func keyCases() []recipe {
	kind := func(name string, make func(m *maker) any) recipe {
		return recipe{name, func(m *maker) Files { return m.forged(pkitest.SetKey(m, make(m))) }}
	}
	curve := func(name string, parameters any, size int) recipe {
		return recipe{name, func(m *maker) Files {
			return m.forged(pkitest.SetECKey(m, parameters, append([]byte{4}, make([]byte, size)...)))
		}}
	}
	unknown := func(name string, size int, id ...int) recipe {
		return recipe{name, func(m *maker) Files {
			return m.forged(func(f *pkitest.Forgery) {
				f.Key = asn1.RawValue{FullBytes: m.der(struct {
					Algorithm pkix.AlgorithmIdentifier
					Key       asn1.BitString
				}{pkix.AlgorithmIdentifier{Algorithm: id}, asn1.BitString{Bytes: make([]byte, size), BitLength: 8 * size}})}
			})
		}}
	}
	point := func(name string, bend func(point []byte) []byte) recipe {
		return recipe{name, func(m *maker) Files {
			raw, err := m.prod.Key.Public().(*ecdsa.PublicKey).Bytes()
			if err != nil {
				m.Fatal(err)
			}
			return m.forged(pkitest.SetECKey(m, pkitest.OID(1, 2, 840, 10045, 3, 1, 7), bend(raw)))
		}}
	}
	return []recipe{
		{"key-kind/p384.pem", func(m *maker) Files { return m.issuer(pkitest.Key(pkitest.ECKey(m, elliptic.P384()))) }},
		{"key-kind/p521.pem", func(m *maker) Files { return m.issuer(pkitest.Key(pkitest.ECKey(m, elliptic.P521()))) }},
		{"key-kind/p224.pem", func(m *maker) Files { return m.issuer(pkitest.Key(pkitest.ECKey(m, elliptic.P224()))) }},
		{"key-kind/ed25519.pem", func(m *maker) Files { return m.issuer(pkitest.Key(pkitest.EdKey(m))) }},
		curve("key-kind/p192.pem", pkitest.OID(1, 2, 840, 10045, 3, 1, 1), 48),
		curve("key-kind/secp256k1.pem", pkitest.OID(1, 3, 132, 0, 10), 64),
		curve("key-kind/brainpool.pem", pkitest.OID(1, 3, 36, 3, 3, 2, 8, 1, 1, 7), 64),
		curve("key-kind/sm2.pem", pkitest.OID(1, 2, 156, 10197, 1, 301), 64),
		curve("key-kind/explicit-curve.pem", explicitP256(), 64),
		curve("key-kind/curve-null.pem", asn1.RawValue{Tag: asn1.TagNull}, 64),
		unknown("key-kind/ed448.pem", 57, 1, 3, 101, 113),
		unknown("key-kind/x25519.pem", 32, 1, 3, 101, 110),
		unknown("key-kind/ml-dsa.pem", 1952, 2, 16, 840, 1, 101, 3, 4, 3, 18),
		unknown("key-kind/unheard-of.pem", 57, 1, 2, 3, 4),
		point("key-kind/point-compressed.pem", func(p []byte) []byte { return append([]byte{2 + p[64]&1}, p[1:33]...) }),
		point("key-kind/point-off-the-curve.pem", func(p []byte) []byte { p[64] ^= 1; return p }),
		point("key-kind/point-at-infinity.pem", func([]byte) []byte { return []byte{0} }),
		{"key-kind/generator.pem", func(m *maker) Files {
			p := elliptic.P256().Params()
			return m.forged(pkitest.SetECKey(m, pkitest.OID(1, 2, 840, 10045, 3, 1, 7), slices.Concat([]byte{4}, p.Gx.FillBytes(make([]byte, 32)), p.Gy.FillBytes(make([]byte, 32)))))
		}},
		{"key-kind/private-key-7.pem", func(m *maker) Files {
			d := make([]byte, 48)
			d[47] = 7
			key, err := ecdh.P384().NewPrivateKey(d)
			if err != nil {
				m.Fatal(err)
			}
			return m.forged(pkitest.SetECKey(m, pkitest.OID(1, 3, 132, 0, 34), key.PublicKey().Bytes()))
		}},
		{"key-kind/dsa.pem", func(m *maker) Files {
			return m.forged(func(f *pkitest.Forgery) {
				type parameters struct{ P, Q, G *big.Int }
				group := parameters{big.NewInt(23), big.NewInt(11), big.NewInt(4)}
				y := m.der(big.NewInt(2))
				f.Key = asn1.RawValue{FullBytes: m.der(struct {
					Algorithm pkix.AlgorithmIdentifier
					Key       asn1.BitString
				}{
					pkix.AlgorithmIdentifier{Algorithm: pkitest.OID(1, 2, 840, 10040, 4, 1), Parameters: asn1.RawValue{FullBytes: m.der(group)}},
					asn1.BitString{Bytes: y, BitLength: 8 * len(y)},
				})}
			})
		}},
		kind("key-kind/rsa-for-pss-alone.pem", func(m *maker) any { return &m.rsa(2048).PublicKey }).relabelled(10),
		kind("key-kind/rsa-for-oaep-alone.pem", func(m *maker) any { return &m.rsa(2048).PublicKey }).relabelled(7),
	}
}

// relabelled declares the RSA key of a recipe for another scheme.
func (r recipe) relabelled(arc int) recipe {
	return recipe{r.file, func(m *maker) Files {
		return m.forged(func(f *pkitest.Forgery) { relabel(m, f, &m.rsa(2048).PublicKey, arc) })
	}}
}

func relabel(m *maker, f *pkitest.Forgery, key *rsa.PublicKey, arc int) {
	bits := x509.MarshalPKCS1PublicKey(key)
	f.Key = asn1.RawValue{FullBytes: m.der(struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}{pkix.AlgorithmIdentifier{Algorithm: pkitest.OID(1, 2, 840, 113549, 1, 1, arc)}, asn1.BitString{Bytes: bits, BitLength: 8 * len(bits)}})}
}

// explicitP256 is the curve P-256, spelt out (RFC 3279 section 2.3.5).
func explicitP256() any {
	p := elliptic.P256().Params()
	type field struct {
		Type  asn1.ObjectIdentifier
		Prime *big.Int
	}
	type curve struct{ A, B []byte }
	return struct {
		Version int
		Field   field
		Curve   curve
		Base    []byte
		Order   *big.Int
	}{
		1, field{pkitest.OID(1, 2, 840, 10045, 1, 1), p.P},
		curve{new(big.Int).Sub(p.P, big.NewInt(3)).Bytes(), p.B.Bytes()},
		append(append([]byte{4}, p.Gx.FillBytes(make([]byte, 32))...), p.Gy.FillBytes(make([]byte, 32))...), p.N,
	}
}

// rsaCases are RSA keys, sound and worthless. The issuer's own key signs
// nothing here, so a public key is enough.
func rsaCases() []recipe {
	with := func(name string, make func(m *maker) (n *big.Int, e int)) recipe {
		return recipe{name, func(m *maker) Files {
			n, e := make(m)
			return m.forged(pkitest.SetKey(m, &rsa.PublicKey{N: n, E: e}))
		}}
	}
	sized := func(name string, bits int) recipe {
		return with(name, func(m *maker) (*big.Int, int) { return m.modulus(bits), 65537 })
	}
	exponent := func(name string, e int) recipe {
		return with(name, func(m *maker) (*big.Int, int) { return m.modulus(2048), e })
	}
	modulus := func(name string, make func(m *maker) *big.Int) recipe {
		return with(name, func(m *maker) (*big.Int, int) { return make(m), 65537 })
	}
	encoded := func(name string, parts ...[]byte) recipe {
		return recipe{name, func(m *maker) Files {
			key := pkitest.TLV(0x30, append([][]byte{m.der(m.modulus(2048))}, parts...)...)
			return m.forged(func(f *pkitest.Forgery) {
				algorithm := pkitest.TLV(0x30, m.der(pkitest.OID(1, 2, 840, 113549, 1, 1, 1)), []byte{5, 0})
				f.Key = asn1.RawValue{FullBytes: pkitest.TLV(0x30, algorithm, pkitest.TLV(3, []byte{0}, key))}
			})
		}}
	}
	return []recipe{
		sized("rsa/512.pem", 512), sized("rsa/1024.pem", 1024), sized("rsa/1536.pem", 1536), sized("rsa/2047.pem", 2047),
		sized("rsa/2048.pem", 2048), sized("rsa/2049.pem", 2049), sized("rsa/3072.pem", 3072), sized("rsa/4096.pem", 4096),
		sized("rsa/8192.pem", 8192), sized("rsa/8193.pem", 8193), sized("rsa/16384.pem", 16384),
		exponent("rsa/exponent-1.pem", 1), exponent("rsa/exponent-2.pem", 2), exponent("rsa/exponent-3.pem", 3),
		exponent("rsa/exponent-17.pem", 17), exponent("rsa/exponent-65535.pem", 65535), exponent("rsa/exponent-65536.pem", 65536),
		exponent("rsa/exponent-65539.pem", 65539), exponent("rsa/exponent-33-bits.pem", 1<<32+1),
		encoded("rsa/exponent-100-bits.pem", []byte{2, 13, 0x0f, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13}),
		encoded("rsa/exponent-0.pem", []byte{2, 1, 0}),
		encoded("rsa/exponent-negative.pem", []byte{2, 1, 0xff}),
		encoded("rsa/exponent-and-more.pem", []byte{2, 3, 1, 0, 1}, []byte{2, 1, 1}),
		modulus("rsa/even.pem", func(m *maker) *big.Int { n := m.modulus(2048); return n.SetBit(n, 0, 0) }),
		modulus("rsa/factor-3.pem", func(m *maker) *big.Int { return multiple(m, 3) }),
		modulus("rsa/factor-4999.pem", func(m *maker) *big.Int { return multiple(m, 4999) }),
		modulus("rsa/factor-65537.pem", func(m *maker) *big.Int { return multiple(m, 65537) }),
		modulus("rsa/prime.pem", func(m *maker) *big.Int { return m.prime(2048) }),
		modulus("rsa/square.pem", func(m *maker) *big.Int { p := m.prime(1025); return p.Mul(p, p) }),
		modulus("rsa/fifth-power.pem", func(m *maker) *big.Int { return new(big.Int).Exp(m.prime(412), big.NewInt(5), nil) }),
		modulus("rsa/neighbouring-primes.pem", func(m *maker) *big.Int { return neighbours(m, 2) }),
		modulus("rsa/primes-500-bits-apart.pem", func(m *maker) *big.Int { return neighbours(m, 500) }),
		modulus("rsa/roca.pem", roca),
		{"rsa/prime-shared-with-root.pem", func(m *maker) Files {
			key := pkitest.HandmadeRSA(m, 2048, 65537)
			root := m.newRoot(pkitest.Key(key))
			n := new(big.Int).Mul(key.Primes[0], m.prime(1025))
			signing := pkitest.RSAWith(key, 11, 5, pkitest.SHA256)
			return below(root, block("CERTIFICATE", pkitest.Forge(m, m.issue(root).Certificate, signing, pkitest.SetKey(m, &rsa.PublicKey{N: n, E: 65537}))))
		}},
		{"rsa/negative-modulus.pem", func(m *maker) Files {
			return m.forged(func(f *pkitest.Forgery) {
				algorithm := pkitest.TLV(0x30, m.der(pkitest.OID(1, 2, 840, 113549, 1, 1, 1)), []byte{5, 0})
				key := pkitest.TLV(0x30, m.der(new(big.Int).Neg(m.modulus(2048))), []byte{2, 3, 1, 0, 1})
				f.Key = asn1.RawValue{FullBytes: pkitest.TLV(0x30, algorithm, pkitest.TLV(3, []byte{0}, key))}
			})
		}},
		{"rsa/without-null.pem", func(m *maker) Files {
			return m.forged(func(f *pkitest.Forgery) { relabel(m, f, &m.rsa(2048).PublicKey, 1) })
		}},
	}
}

func (m *maker) prime(bits int) *big.Int {
	p, err := rand.Prime(rand.Reader, bits)
	if err != nil {
		m.Fatal(err)
	}
	return p
}

// modulus is a number of so many bits with no small factor, and no prime.
// Nobody knows its factors, which are not needed here.
func (m *maker) modulus(bits int) *big.Int {
	for {
		n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), uint(bits-1)))
		if err != nil {
			m.Fatal(err)
		}
		n.SetBit(n.SetBit(n, bits-1, 1), 0, 1)
		if rough(n) && (bits > 8192 || !n.ProbablyPrime(0)) {
			return n
		}
	}
}

// rough reports whether no number below 140,000 divides n.
func rough(n *big.Int) bool {
	rest := new(big.Int)
	for p := int64(3); p < 140_000; p += 2 {
		if rest.Mod(n, big.NewInt(p)).Sign() == 0 {
			return false
		}
	}
	return true
}

func multiple(m *maker, of int64) *big.Int {
	n := m.modulus(2045)
	for n.BitLen() < 2048 {
		n = new(big.Int).Mul(m.modulus(2050-new(big.Int).SetInt64(of).BitLen()), big.NewInt(of))
	}
	return n
}

// neighbours are two primes whose difference has so many bits.
func neighbours(m *maker, apart int) *big.Int {
	p := m.prime(1025)
	q := new(big.Int).Add(p, new(big.Int).Lsh(big.NewInt(1), uint(apart)))
	for !q.ProbablyPrime(20) {
		q.Add(q, big.NewInt(2))
	}
	return q.Mul(q, p)
}

// roca is a modulus as the broken generator made them: each prime is k·M +
// 65537^a mod M, M being the product of the first 126 primes.
func roca(m *maker) *big.Int {
	product, count := big.NewInt(1), 0
	for p := int64(2); count < 126; p++ {
		if big.NewInt(p).ProbablyPrime(1) {
			product.Mul(product, big.NewInt(p))
			count++
		}
	}
	prime := func() *big.Int {
		for {
			a, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 60))
			if err != nil {
				m.Fatal(err)
			}
			k := m.modulus(1025 - product.BitLen())
			p := new(big.Int).Add(k.Mul(k, product), new(big.Int).Exp(big.NewInt(65537), a, product))
			if p.ProbablyPrime(20) {
				return p
			}
		}
	}
	for {
		if n := new(big.Int).Mul(prime(), prime()); n.BitLen() >= 2048 {
			return n
		}
	}
}

package corpus

import (
	"crypto"
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

// ecdsaOver signs with ECDSA over any hash.
func ecdsaOver(c pkitest.Cert, id asn1.ObjectIdentifier, hash crypto.Hash) pkitest.Signing {
	return pkitest.ECDSAWith(c.Key.(*ecdsa.PrivateKey), id, func(tbs []byte) []byte { return digest(hash, tbs) })
}

// rsaOver signs with PKCS #1 v1.5 over any hash.
func rsaOver(key *rsa.PrivateKey, id asn1.ObjectIdentifier, hash crypto.Hash) pkitest.Signing {
	algorithm := pkix.AlgorithmIdentifier{Algorithm: id, Parameters: asn1.NullRawValue}
	return pkitest.NewSigning(algorithm, func(tbs []byte) ([]byte, error) {
		return rsa.SignPKCS1v15(nil, key, hash, digest(hash, tbs))
	})
}

// pssOver signs with PSS and a salt of any length.
func pssOver(m *maker, key *rsa.PrivateKey, hash crypto.Hash, salt int) pkitest.Signing {
	return pssSaying(m, key, hash, salt, hash, salt)
}

// pssSaying signs with PSS over another hash, or with another salt, than it says.
func pssSaying(m *maker, key *rsa.PrivateKey, said crypto.Hash, saidSalt int, hash crypto.Hash, salt int) pkitest.Signing {
	id := map[crypto.Hash]asn1.ObjectIdentifier{
		crypto.SHA1:   pkitest.OID(1, 3, 14, 3, 2, 26),
		crypto.SHA256: pkitest.OID(2, 16, 840, 1, 101, 3, 4, 2, 1), crypto.SHA384: pkitest.OID(2, 16, 840, 1, 101, 3, 4, 2, 2),
	}[said]
	over := pkix.AlgorithmIdentifier{Algorithm: id, Parameters: asn1.NullRawValue}
	parameters := m.der(struct {
		Hash pkix.AlgorithmIdentifier `asn1:"explicit,tag:0"`
		MGF  pkix.AlgorithmIdentifier `asn1:"explicit,tag:1"`
		Salt int                      `asn1:"explicit,tag:2"`
	}{over, pkix.AlgorithmIdentifier{Algorithm: pkitest.OID(1, 2, 840, 113549, 1, 1, 8), Parameters: asn1.RawValue{FullBytes: m.der(over)}}, saidSalt})
	algorithm := pkix.AlgorithmIdentifier{Algorithm: pkitest.OID(1, 2, 840, 113549, 1, 1, 10), Parameters: asn1.RawValue{FullBytes: parameters}}
	return pkitest.NewSigning(algorithm, func(tbs []byte) ([]byte, error) {
		return rsa.SignPSS(rand.Reader, key, hash, digest(hash, tbs), &rsa.PSSOptions{SaltLength: salt})
	})
}

func digest(hash crypto.Hash, data []byte) []byte {
	h := hash.New()
	h.Write(data)
	return h.Sum(nil)
}

// signatures are what the root may have signed the issuer with.
func signatures() []recipe {
	byEC := func(name string, hash crypto.Hash, id ...int) recipe {
		return recipe{name, func(m *maker) Files {
			return m.of(block("CERTIFICATE", pkitest.Forge(m, m.prod.Certificate, ecdsaOver(m.root, id, hash), nil)))
		}}
	}
	byRSA := func(name string, with func(m *maker, key *rsa.PrivateKey) pkitest.Signing) recipe {
		return recipe{name, func(m *maker) Files {
			root := m.newRoot(pkitest.Key(m.rsa(2048)))
			return below(root, block("CERTIFICATE", pkitest.Forge(m, m.issue(root).Certificate, with(m, m.rsa(2048)), nil)))
		}}
	}
	pkcs1 := func(name string, hash crypto.Hash, id ...int) recipe {
		return byRSA(name, func(_ *maker, key *rsa.PrivateKey) pkitest.Signing { return rsaOver(key, id, hash) })
	}
	pss := func(name string, hash crypto.Hash, salt int) recipe {
		return byRSA(name, func(m *maker, key *rsa.PrivateKey) pkitest.Signing { return pssOver(m, key, hash, salt) })
	}
	tampered := func(name string, change func(der []byte) []byte) recipe {
		return recipe{name, func(m *maker) Files { return m.of(block("CERTIFICATE", change(slices.Clone(m.prod.Certificate.Raw)))) }}
	}
	return []recipe{
		byEC("signature/ecdsa-sha1.pem", crypto.SHA1, 1, 2, 840, 10045, 4, 1),
		byEC("signature/ecdsa-sha224.pem", crypto.SHA224, 1, 2, 840, 10045, 4, 3, 1),
		byEC("signature/ecdsa-sha384.pem", crypto.SHA384, 1, 2, 840, 10045, 4, 3, 3),
		byEC("signature/ecdsa-sha512.pem", crypto.SHA512, 1, 2, 840, 10045, 4, 3, 4),
		byEC("signature/ecdsa-sha3-256.pem", crypto.SHA3_256, 2, 16, 840, 1, 101, 3, 4, 3, 10),
		byEC("signature/unheard-of.pem", crypto.SHA256, 1, 2, 3, 4),
		pkcs1("signature/rsa-md5.pem", crypto.MD5, 1, 2, 840, 113549, 1, 1, 4),
		pkcs1("signature/rsa-sha1.pem", crypto.SHA1, 1, 2, 840, 113549, 1, 1, 5),
		pkcs1("signature/rsa-sha1-oiw.pem", crypto.SHA1, 1, 3, 14, 3, 2, 29),
		pkcs1("signature/rsa-sha224.pem", crypto.SHA224, 1, 2, 840, 113549, 1, 1, 14),
		pkcs1("signature/rsa-sha256.pem", crypto.SHA256, 1, 2, 840, 113549, 1, 1, 11),
		pkcs1("signature/rsa-sha384.pem", crypto.SHA384, 1, 2, 840, 113549, 1, 1, 12),
		pkcs1("signature/rsa-sha512.pem", crypto.SHA512, 1, 2, 840, 113549, 1, 1, 13),
		pkcs1("signature/rsa-sha512-256.pem", crypto.SHA512_256, 1, 2, 840, 113549, 1, 1, 16),
		pkcs1("signature/rsa-sha3-256.pem", crypto.SHA3_256, 2, 16, 840, 1, 101, 3, 4, 3, 14),
		pss("signature/pss-sha256.pem", crypto.SHA256, 32),
		pss("signature/pss-sha384.pem", crypto.SHA384, 48),
		pss("signature/pss-sha256-salt-20.pem", crypto.SHA256, 20),
		pss("signature/pss-sha256-salt-222.pem", crypto.SHA256, 222),
		pss("signature/pss-sha1.pem", crypto.SHA1, 20),
		byRSA("signature/pss-salt-longer-than-said.pem", func(m *maker, key *rsa.PrivateKey) pkitest.Signing {
			return pssSaying(m, key, crypto.SHA256, 32, crypto.SHA256, 64)
		}),
		byRSA("signature/pss-sha1-as-sha256.pem", func(m *maker, key *rsa.PrivateKey) pkitest.Signing {
			return pssSaying(m, key, crypto.SHA256, 32, crypto.SHA1, 20)
		}),
		{"signature/by-p521.pem", func(m *maker) Files { return m.under(pkitest.Key(pkitest.ECKey(m, elliptic.P521()))) }},
		{"signature/by-ed25519.pem", func(m *maker) Files { return m.under(pkitest.Key(pkitest.EdKey(m))) }},
		tampered("signature/last-bit-changed.pem", func(der []byte) []byte { der[len(der)-1] ^= 1; return der }),
		tampered("signature/name-changed.pem", func(der []byte) []byte {
			at := slices.Index(der, 'p')
			for string(der[at:at+4]) != "prod" {
				at++
			}
			der[at] = 'q'
			return der
		}),
		{"signature/empty.pem", func(m *maker) Files {
			nothing := pkitest.NewSigning(pkix.AlgorithmIdentifier{Algorithm: pkitest.OID(1, 2, 840, 10045, 4, 3, 2)}, func([]byte) ([]byte, error) { return nil, nil })
			return m.of(block("CERTIFICATE", pkitest.Forge(m, m.prod.Certificate, nothing, nil)))
		}},
		{"signature/zeros.pem", func(m *maker) Files {
			zeros := pkitest.NewSigning(pkix.AlgorithmIdentifier{Algorithm: pkitest.OID(1, 2, 840, 10045, 4, 3, 2)}, func([]byte) ([]byte, error) {
				return []byte{0x30, 6, 2, 1, 0, 2, 1, 0}, nil
			})
			return m.of(block("CERTIFICATE", pkitest.Forge(m, m.prod.Certificate, zeros, nil)))
		}},
		{"signature/root-by-sha1.pem", func(m *maker) Files {
			signing := ecdsaOver(m.root, pkitest.OID(1, 2, 840, 10045, 4, 1), crypto.SHA1)
			return Files{Candidate: m.prod.PEM(), Root: block("CERTIFICATE", pkitest.Forge(m, m.root.Certificate, signing, nil))}
		}},
	}
}

// serials are serial numbers.
func serials() []recipe {
	with := func(name string, n *big.Int) recipe {
		return recipe{name, func(m *maker) Files { return m.forged(pkitest.SetSerial(n)) }}
	}
	one := big.NewInt(1)
	return []recipe{
		with("serial/0.pem", new(big.Int)),
		with("serial/1.pem", one),
		with("serial/negative.pem", big.NewInt(-5)),
		with("serial/20-octets.pem", new(big.Int).Sub(new(big.Int).Lsh(one, 159), one)),
		with("serial/20-octets-and-a-zero.pem", new(big.Int).Lsh(one, 159)),
		with("serial/30-octets.pem", new(big.Int).Lsh(one, 230)),
	}
}

// selfSigned are certificates that verify under their own key, in all the
// disguises there are.
func selfSigned() []recipe {
	bent := func(name string, options ...pkitest.Option) recipe {
		return recipe{name, func(m *maker) Files { return m.issuer(append([]pkitest.Option{pkitest.SelfSigned()}, options...)...) }}
	}
	forged := func(name string, key func(m *maker) (any, pkitest.Signing), changes ...func(*pkitest.Forgery)) recipe {
		return recipe{name, func(m *maker) Files {
			pub, signing := key(m)
			return m.of(block("CERTIFICATE", pkitest.Forge(m, m.prod.Certificate, signing, func(f *pkitest.Forgery) {
				pkitest.SetKey(m, pub)(f)
				for _, change := range changes {
					change(f)
				}
			})))
		}}
	}
	ec := func(curve elliptic.Curve, hash crypto.Hash, id ...int) func(m *maker) (any, pkitest.Signing) {
		return func(m *maker) (any, pkitest.Signing) {
			key := pkitest.ECKey(m, curve)
			return &key.PublicKey, ecdsaOver(pkitest.Cert{Key: key}, id, hash)
		}
	}
	byRSA := func(bits int, hash crypto.Hash, id ...int) func(m *maker) (any, pkitest.Signing) {
		return func(m *maker) (any, pkitest.Signing) { return &m.rsa(bits).PublicKey, rsaOver(m.rsa(bits), id, hash) }
	}
	pss := func(hash crypto.Hash, salt int) func(m *maker) (any, pkitest.Signing) {
		return func(m *maker) (any, pkitest.Signing) {
			return &m.rsa(2048).PublicKey, pssOver(m, m.rsa(2048), hash, salt)
		}
	}
	sha256 := []int{1, 2, 840, 10045, 4, 3, 2}
	return []recipe{
		{"self-signed/another-root.pem", func(m *maker) Files { return m.of(m.newRoot(pkitest.Name("another root")).PEM()) }},
		{"self-signed/root-itself.pem", func(m *maker) Files { return m.of(m.root.PEM()) }},
		{"self-signed/root-renewed.pem", func(m *maker) Files { return m.of(m.newRoot(pkitest.Key(m.root.Key)).PEM()) }},
		{"self-signed/root-of-the-same-name.pem", func(m *maker) Files { return m.of(m.newRoot().PEM()) }},
		{"self-signed/root-key-as-issuer.pem", func(m *maker) Files { return m.issuer(pkitest.Key(m.root.Key)) }},
		bent("self-signed/names-the-root.pem"),
		bent("self-signed/named-like-the-root.pem", pkitest.With(func(c *x509.Certificate) {
			c.Subject = pkix.Name{CommonName: "example root 1", Organization: []string{"Example Corp"}}
		})),
		bent("self-signed/key-identifiers-differ.pem", pkitest.With(func(c *x509.Certificate) {
			c.SubjectKeyId, c.AuthorityKeyId = []byte{1, 2, 3}, []byte{4, 5, 6}
		})),
		bent("self-signed/workload.pem", pkitest.NotCA(), pkitest.Usage(x509.KeyUsageDigitalSignature)),
		{"self-signed/expired.pem", func(m *maker) Files {
			return m.issuer(pkitest.SelfSigned(), pkitest.Dates(m.now.AddDate(-2, 0, 0), m.now.AddDate(-1, 0, 0)))
		}},
		{"self-signed/p521.pem", func(m *maker) Files {
			return m.issuer(pkitest.SelfSigned(), pkitest.Key(pkitest.ECKey(m, elliptic.P521())))
		}},
		forged("self-signed/p384-sha256.pem", ec(elliptic.P384(), crypto.SHA256, sha256...)),
		forged("self-signed/sha1.pem", ec(elliptic.P256(), crypto.SHA1, 1, 2, 840, 10045, 4, 1)),
		forged("self-signed/sha224.pem", ec(elliptic.P256(), crypto.SHA224, 1, 2, 840, 10045, 4, 3, 1)),
		forged("self-signed/sha3.pem", ec(elliptic.P256(), crypto.SHA3_384, 2, 16, 840, 1, 101, 3, 4, 3, 11)),
		forged("self-signed/rsa-md5.pem", byRSA(2048, crypto.MD5, 1, 2, 840, 113549, 1, 1, 4)),
		forged("self-signed/rsa-sha224.pem", byRSA(2048, crypto.SHA224, 1, 2, 840, 113549, 1, 1, 14)),
		forged("self-signed/rsa-sha512-256.pem", byRSA(2048, crypto.SHA512_256, 1, 2, 840, 113549, 1, 1, 16)),
		forged("self-signed/rsa-sha3.pem", byRSA(2048, crypto.SHA3_256, 2, 16, 840, 1, 101, 3, 4, 3, 14)),
		forged("self-signed/rsa-sha256.pem", byRSA(2048, crypto.SHA256, 1, 2, 840, 113549, 1, 1, 11)),
		forged("self-signed/rsa-1024.pem", byRSA(1024, crypto.SHA256, 1, 2, 840, 113549, 1, 1, 11)),
		forged("self-signed/rsa-512.pem", func(m *maker) (any, pkitest.Signing) {
			return &m.rsa(512).PublicKey, pkitest.RSAWith(m.rsa(512), 11, crypto.SHA256, pkitest.SHA256)
		}),
		forged("self-signed/rsa-exponent-3.pem", func(m *maker) (any, pkitest.Signing) {
			key := pkitest.HandmadeRSA(m, 2048, 3)
			return &key.PublicKey, rsaOver(key, pkitest.OID(1, 2, 840, 113549, 1, 1, 11), crypto.SHA256)
		}),
		forged("self-signed/pss.pem", pss(crypto.SHA256, 32)),
		forged("self-signed/pss-salt-20.pem", pss(crypto.SHA256, 20)),
		forged("self-signed/pss-salt-0.pem", pss(crypto.SHA384, 0)),
		forged("self-signed/pss-key-for-pss-alone.pem", pss(crypto.SHA256, 20), func(f *pkitest.Forgery) {
			pub, err := x509.ParsePKIXPublicKey(f.Key.FullBytes)
			if err != nil {
				return // then the certificate is not what the manifest says
			}
			f.Key = asn1.RawValue{FullBytes: pssOnly(x509.MarshalPKCS1PublicKey(pub.(*rsa.PublicKey)))}
		}),
		forged("self-signed/serial-0.pem", ec(elliptic.P256(), crypto.SHA256, sha256...), pkitest.SetSerial(new(big.Int))),
		forged("self-signed/version-1.pem", ec(elliptic.P256(), crypto.SHA256, sha256...), func(f *pkitest.Forgery) { f.Version, f.Extensions = 0, nil }),
		{"self-signed/ed25519.pem", func(m *maker) Files { return m.of(m.newRoot(pkitest.Key(pkitest.EdKey(m))).PEM()) }},
	}
}

// pssOnly is the SubjectPublicKeyInfo of an RSA key for RSASSA-PSS alone.
func pssOnly(key []byte) []byte {
	algorithm := pkitest.TLV(0x30, []byte{6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10})
	return pkitest.TLV(0x30, algorithm, pkitest.TLV(3, []byte{0}, key))
}

package corpus

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"testing"
	"time"

	"golang.org/x/crypto/x509roots/fallback/bundle"

	"anchorctl/internal/pki/pkitest"
)

// maker is what cases are made from: an estate that is valid now.
type maker struct {
	testing.TB

	now    time.Time
	root   pkitest.Cert
	prod   pkitest.Cert // the issuer that everything else is a bent copy of
	dev    pkitest.Cert
	pool   map[int]*rsa.PrivateKey
	public []*x509.Certificate
}

func newMaker(t testing.TB, now time.Time) *maker {
	m := &maker{TB: t, now: now.UTC().Truncate(time.Second), pool: map[int]*rsa.PrivateKey{}}
	m.root = m.newRoot()
	m.prod = m.issue(m.root)
	m.dev = m.issue(m.root, pkitest.Name("dev issuer 1"))
	for r := range bundle.Roots() {
		m.public = append(m.public, pkitest.Parsed(t, r.Certificate))
	}
	return m
}

// today moves what pkitest makes to the maker's own time.
func (m *maker) today() pkitest.Option {
	shift := m.now.Sub(pkitest.Now())
	return pkitest.With(func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = c.NotBefore.Add(shift), c.NotAfter.Add(shift)
	})
}

func (m *maker) newRoot(options ...pkitest.Option) pkitest.Cert {
	return pkitest.Root(m, append([]pkitest.Option{m.today()}, options...)...)
}

// issue makes an issuer of prod below a parent.
func (m *maker) issue(parent pkitest.Cert, options ...pkitest.Option) pkitest.Cert {
	return parent.Issuer(m, "prod", append([]pkitest.Option{m.today()}, options...)...)
}

// rsa is an RSA key of so many bits, always the same.
func (m *maker) rsa(bits int) *rsa.PrivateKey {
	if m.pool[bits] == nil {
		m.pool[bits] = pkitest.RSAKey(m, bits)
	}
	return m.pool[bits]
}

// byRoot signs as the root does.
func (m *maker) byRoot() pkitest.Signing { return ecdsaSHA256(m.root) }

func ecdsaSHA256(c pkitest.Cert) pkitest.Signing {
	return pkitest.ECDSAWith(c.Key.(*ecdsa.PrivateKey), pkitest.OID(1, 2, 840, 10045, 4, 3, 2), pkitest.SHA256)
}

// of are the files of a candidate below the root.
func (m *maker) of(candidate []byte) Files { return Files{Candidate: candidate, Root: m.root.PEM()} }

// issuer is a bent issuer below the root.
func (m *maker) issuer(options ...pkitest.Option) Files {
	return m.of(m.issue(m.root, options...).PEM())
}

// forged is the issuer, changed and signed by the root again.
func (m *maker) forged(change func(*pkitest.Forgery)) Files {
	return m.of(block("CERTIFICATE", pkitest.Forge(m, m.prod.Certificate, m.byRoot(), change)))
}

// rebuilt is the issuer with other raw fields, signed by the root again. The
// fields are version, serial number, algorithm, issuer, validity, subject, key
// and extensions.
func (m *maker) rebuilt(change func(fields [][]byte) [][]byte) Files {
	return m.of(block("CERTIFICATE", pkitest.Rebuild(m, m.prod.Certificate, m.byRoot(), change)))
}

// below are the files of a candidate with its own hierarchy; the chain is
// given only if there is any.
func below(root pkitest.Cert, candidate []byte, chain ...pkitest.Cert) Files {
	f := Files{Candidate: candidate, Root: root.PEM()}
	for _, c := range chain {
		f.Chain = append(f.Chain, c.PEM()...)
	}
	return f
}

// under is an issuer below a bent root.
func (m *maker) under(options ...pkitest.Option) Files {
	root := m.newRoot(options...)
	return below(root, m.issue(root).PEM())
}

// throughMiddle is an issuer below a bent intermediate, which is given.
func (m *maker) throughMiddle(options ...pkitest.Option) Files {
	root := m.newRoot(pkitest.PathLen(-1))
	middle := m.issue(root, append([]pkitest.Option{pkitest.Name("middle"), pkitest.PathLen(1)}, options...)...)
	return below(root, m.issue(middle).PEM(), middle)
}

func block(label string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der})
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// der encodes a value; those here always can be.
func (m *maker) der(value any) []byte {
	raw, err := asn1.Marshal(value)
	if err != nil {
		m.Fatal(err)
	}
	return raw
}

// extension is one extension, encoded.
func (m *maker) extension(id asn1.ObjectIdentifier, critical bool, value []byte) []byte {
	return m.der(pkix.Extension{Id: id, Critical: critical, Value: value})
}

// withExtension changes the raw extension of id-ce with this arc, or adds one.
func (m *maker) withExtension(arc int, raw []byte) Files {
	return m.rebuilt(func(fields [][]byte) [][]byte {
		id := m.der(pkitest.OID(2, 5, 29, arc))
		var kept [][]byte
		for _, e := range pkitest.Parts(m, pkitest.Parts(m, fields[7])[0]) {
			if !bytes.Contains(e, id) {
				kept = append(kept, e)
			}
		}
		fields[7] = pkitest.TLV(0xa3, pkitest.TLV(0x30, append(kept, raw)...))
		return fields
	})
}

// withValue is the same for an extension that is well-formed around its value.
func (m *maker) withValue(arc int, critical bool, value []byte) Files {
	return m.withExtension(arc, m.extension(pkitest.OID(2, 5, 29, arc), critical, value))
}

func pkcs8(m *maker, key any) []byte {
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		m.Fatal(err)
	}
	return raw
}

// decode is the DER of a PEM block.
func decode(m *maker, text []byte) []byte {
	b, _ := pem.Decode(text)
	if b != nil {
		return b.Bytes
	}
	m.Fatal("this is no PEM")
	return nil
}

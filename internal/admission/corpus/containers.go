package corpus

import (
	"bytes"
	"compress/gzip"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"strings"

	"anchorctl/internal/pki/pkitest"
)

// file is a recipe whose candidate alone matters: text and DER of the issuer go
// in, the file comes out.
func file(name string, make func(m *maker, text, der []byte) []byte) recipe {
	return recipe{name, func(m *maker) Files { return m.of(make(m, m.prod.PEM(), m.prod.Certificate.Raw)) }}
}

// containers are the ways to put one certificate, or something else, into a
// file.
func containers() []recipe {
	return append(append(plainFiles(), severalThings()...), append(privateKeys(), append(damagedPEM(), otherFiles()...)...)...)
}

func plainFiles() []recipe {
	columns := func(n int) func(*maker, []byte, []byte) []byte {
		return func(_ *maker, _, der []byte) []byte {
			return wrapped("CERTIFICATE", base64.StdEncoding.EncodeToString(der), n)
		}
	}
	return []recipe{
		file("container/pem.pem", func(_ *maker, text, _ []byte) []byte { return text }),
		file("container/der.cer", func(_ *maker, _, der []byte) []byte { return der }),
		file("container/crlf.pem", func(_ *maker, text, _ []byte) []byte { return bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n")) }),
		file("container/no-final-newline.pem", func(_ *maker, text, _ []byte) []byte { return bytes.TrimSpace(text) }),
		file("container/blank-lines-around.pem", func(_ *maker, text, _ []byte) []byte { return join([]byte("\n\n"), text, []byte("\n \n")) }),
		file("container/one-line.pem", columns(1<<20)),
		file("container/76-columns.pem", columns(76)),
		file("container/spaces-at-line-ends.pem", func(_ *maker, text, _ []byte) []byte {
			return bytes.ReplaceAll(text, []byte("\n"), []byte("  \n"))
		}),
		file("container/cr-only.pem", func(_ *maker, text, _ []byte) []byte { return bytes.ReplaceAll(text, []byte("\n"), []byte("\r")) }),
		file("container/bom-utf8.pem", func(_ *maker, text, _ []byte) []byte { return join([]byte("\xef\xbb\xbf"), text) }),
		file("container/bom-utf16le.pem", func(_ *maker, text, _ []byte) []byte { return join([]byte{0xff, 0xfe}, utf16(text, false)) }),
		file("container/bom-utf16be.pem", func(_ *maker, text, _ []byte) []byte { return join([]byte{0xfe, 0xff}, utf16(text, true)) }),
		file("container/utf16-without-bom.pem", func(_ *maker, text, _ []byte) []byte { return utf16(text, false) }),
		file("container/bom-before-der.cer", func(_ *maker, _, der []byte) []byte { return join([]byte("\xef\xbb\xbf"), der) }),
	}
}

func severalThings() []recipe {
	after := func(what string) func(*maker, []byte, []byte) []byte {
		return func(_ *maker, text, _ []byte) []byte { return join(text, []byte(what)) }
	}
	before := func(what string) func(*maker, []byte, []byte) []byte {
		return func(_ *maker, text, _ []byte) []byte { return join([]byte(what), text) }
	}
	return []recipe{
		file("several/two.pem", func(m *maker, text, _ []byte) []byte { return join(text, m.dev.PEM()) }),
		file("several/same-twice.pem", func(_ *maker, text, _ []byte) []byte { return join(text, text) }),
		file("several/issuer-and-root.pem", func(m *maker, text, _ []byte) []byte { return join(text, m.root.PEM()) }),
		file("several/root-and-issuer.pem", func(m *maker, text, _ []byte) []byte { return join(m.root.PEM(), text) }),
		file("several/two-without-newline-between.pem", func(_ *maker, text, _ []byte) []byte { return join(bytes.TrimSpace(text), text) }),
		file("several/two.cer", func(m *maker, _, der []byte) []byte { return join(der, m.root.Certificate.Raw) }),
		file("several/pem-then-der.bin", func(_ *maker, text, der []byte) []byte { return join(text, der) }),
		file("several/der-then-pem.bin", func(_ *maker, text, der []byte) []byte { return join(der, text) }),
		file("several/two-in-one-block.pem", func(m *maker, _, der []byte) []byte {
			return block("CERTIFICATE", join(der, m.root.Certificate.Raw))
		}),
		file("several/and-a-request.pem", func(m *maker, text, _ []byte) []byte { return join(text, block("CERTIFICATE REQUEST", request(m))) }),
		file("several/and-a-crl.pem", func(m *maker, text, _ []byte) []byte { return join(text, block("X509 CRL", revocations(m))) }),
		file("several/and-parameters.pem", after("-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n")),
		file("several/and-a-public-key.pem", func(m *maker, text, _ []byte) []byte { return join(text, block("PUBLIC KEY", spki(m))) }),
		file("trailing/der-zero.cer", func(_ *maker, _, der []byte) []byte { return join(der, []byte{0}) }),
		file("trailing/der-newline.cer", func(_ *maker, _, der []byte) []byte { return join(der, []byte("\n")) }),
		file("trailing/der-text.cer", func(_ *maker, _, der []byte) []byte { return join(der, []byte("hello")) }),
		file("trailing/der-null.cer", func(_ *maker, _, der []byte) []byte { return join(der, []byte{5, 0}) }),
		file("trailing/der-in-pem.pem", func(_ *maker, _, der []byte) []byte { return block("CERTIFICATE", join(der, []byte{0})) }),
		file("trailing/text.pem", after("and more\n")),
		file("trailing/one-letter.pem", after("x")),
		file("trailing/nul.pem", after("\x00\x00")),
		file("trailing/form-feed.pem", after("\x0c")),
		file("trailing/ctrl-z.pem", after("\x1a")),
		file("trailing/no-break-space.pem", after("\u00a0")),
		file("leading/nul.pem", before("\x00")),
		file("leading/zero-width-space.pem", before("\u200b")),
		file("leading/text.pem", before("Certificate:\n    Data:\n        Version: 3 (0x2)\n")),
		file("leading/comment.pem", before("# the issuer of prod\n")),
		file("leading/bag-attributes.pem", before("Bag Attributes\n    localKeyID: 01\nsubject=CN = x\n")),
		file("leading/der-newline.cer", func(_ *maker, _, der []byte) []byte { return join([]byte("\n"), der) }),
		file("leading/der-nul.cer", func(_ *maker, _, der []byte) []byte { return join([]byte{0}, der) }),
		file("leading/der-in-pem.pem", func(_ *maker, _, der []byte) []byte { return block("CERTIFICATE", join([]byte{5, 0}, der)) }),
	}
}

func privateKeys() []recipe {
	after := func(label string) func(*maker, []byte, []byte) []byte {
		return func(_ *maker, text, _ []byte) []byte {
			return join(text, block(label, []byte("not a key, but called one")))
		}
	}
	var list []recipe
	for file, label := range map[string]string{
		"pkcs8": "PRIVATE KEY", "ec": "EC PRIVATE KEY", "rsa": "RSA PRIVATE KEY", "dsa": "DSA PRIVATE KEY",
		"encrypted": "ENCRYPTED PRIVATE KEY", "openssh": "OPENSSH PRIVATE KEY", "any": "ANY PRIVATE KEY", "pgp": "PGP PRIVATE KEY BLOCK",
	} {
		list = append(list, recipe{"key/" + file + "-after.pem", func(m *maker) Files { return m.of(after(label)(m, m.prod.PEM(), nil)) }})
	}
	sec1 := func(m *maker) []byte {
		raw, err := x509.MarshalECPrivateKey(m.prod.Key.(*ecdsa.PrivateKey))
		if err != nil {
			m.Fatal(err)
		}
		return raw
	}
	return append(list,
		file("key/before.pem", func(m *maker, text, _ []byte) []byte { return join(block("PRIVATE KEY", pkcs8(m, m.prod.Key)), text) }),
		file("key/alone.pem", func(m *maker, _, _ []byte) []byte { return block("PRIVATE KEY", pkcs8(m, m.prod.Key)) }),
		file("key/alone.key", func(m *maker, _, _ []byte) []byte { return pkcs8(m, m.prod.Key) }),
		file("key/sec1-alone.key", func(m *maker, _, _ []byte) []byte { return sec1(m) }),
		file("key/pkcs1-alone.key", func(m *maker, _, _ []byte) []byte { return x509.MarshalPKCS1PrivateKey(m.rsa(2048)) }),
		file("key/after.cer", func(m *maker, _, der []byte) []byte { return join(der, pkcs8(m, m.prod.Key)) }),
		file("key/in-the-same-block.pem", func(m *maker, _, der []byte) []byte { return block("CERTIFICATE", join(der, sec1(m))) }),
		file("key/in-lines-of-a-certificate.pem", func(m *maker, _, _ []byte) []byte { return block("CERTIFICATE", pkcs8(m, m.prod.Key)) }),
		file("key/bare-base64.txt", func(m *maker, _, _ []byte) []byte {
			return []byte(base64.StdEncoding.EncodeToString(pkcs8(m, m.prod.Key)))
		}),
		file("key/bare-base64-after.pem", func(m *maker, text, _ []byte) []byte {
			return join(text, []byte(base64.StdEncoding.EncodeToString(pkcs8(m, m.prod.Key))))
		}),
		file("key/cut-off-after.pem", func(_ *maker, text, _ []byte) []byte { return join(text, []byte("-----BEGIN PRIVATE KEY-----\nMIGH")) }),
		file("key/putty.ppk", func(*maker, []byte, []byte) []byte {
			return []byte("PuTTY-User-Key-File-3: ecdsa-sha2-nistp256\nEncryption: none\n")
		}),
		file("key/vault.json", func(m *maker, text, _ []byte) []byte {
			answer, err := json.Marshal(map[string]string{"certificate": string(text), "private_key": string(block("PRIVATE KEY", pkcs8(m, m.prod.Key)))})
			if err != nil {
				m.Fatal(err)
			}
			return answer
		}),
		recipe{"key/in-an-extension.pem", func(m *maker) Files {
			return m.forged(pkitest.AddExtension(pkitest.OID(1, 3, 6, 1, 4, 1, 55555, 1), false, pkcs8(m, m.prod.Key)))
		}},
		file("key/store.p12", func(*maker, []byte, []byte) []byte {
			return pkitest.TLV(0x30, []byte{2, 1, 3}, pkitest.TLV(0x30, []byte{6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1}))
		}),
		file("key/store.jks", func(*maker, []byte, []byte) []byte { return []byte{0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2, 0, 0, 0, 1} }),
		file("key/store.jceks", func(*maker, []byte, []byte) []byte { return []byte{0xce, 0xce, 0xce, 0xce, 0, 0, 0, 2} }),
	)
}

func damagedPEM() []recipe {
	replace := func(old, with string) func(*maker, []byte, []byte) []byte {
		return func(_ *maker, text, _ []byte) []byte { return bytes.ReplaceAll(text, []byte(old), []byte(with)) }
	}
	body := func(change func(string) string) func(*maker, []byte, []byte) []byte {
		return func(_ *maker, _, der []byte) []byte {
			return wrapped("CERTIFICATE", change(base64.StdEncoding.EncodeToString(der)), 64)
		}
	}
	padded := func(m *maker) string { // base64 of a certificate that needs padding
		for {
			if text := base64.StdEncoding.EncodeToString(m.issue(m.root).Certificate.Raw); strings.HasSuffix(text, "=") {
				return text
			}
		}
	}
	return []recipe{
		file("pem/trusted-label.pem", replace("CERTIFICATE", "TRUSTED CERTIFICATE")),
		file("pem/x509-label.pem", replace("CERTIFICATE", "X509 CERTIFICATE")),
		file("pem/lower-case-label.pem", replace("CERTIFICATE", "certificate")),
		file("pem/no-label.pem", replace(" CERTIFICATE", "")),
		file("pem/four-dashes.pem", replace("-----", "----")),
		file("pem/typographic-dashes.pem", replace("-----", "\u2014\u2014")),
		file("pem/labels-differ.pem", replace("-----END CERTIFICATE", "-----END PKCS7")),
		file("pem/without-end.pem", func(_ *maker, text, _ []byte) []byte { return text[:bytes.Index(text, []byte("-----END"))] }),
		file("pem/without-begin.pem", func(_ *maker, text, _ []byte) []byte { return text[28:] }),
		file("pem/end-before-begin.pem", func(_ *maker, text, _ []byte) []byte { return join([]byte("-----END CERTIFICATE-----\n"), text) }),
		file("pem/header-proc-type.pem", replace("BEGIN CERTIFICATE-----\n", "BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\n\n")),
		file("pem/header-comment.pem", replace("BEGIN CERTIFICATE-----\n", "BEGIN CERTIFICATE-----\nComment: prod\n\n")),
		file("pem/indented.pem", replace("\n", "\n    ")),
		file("pem/quoted.pem", replace("\n", "\n> ")),
		file("pem/escaped-line-ends.pem", replace("\n", `\n`)),
		file("pem/cut.pem", func(_ *maker, text, _ []byte) []byte { return text[:len(text)/2] }),
		file("pem/a-line-missing.pem", func(_ *maker, text, _ []byte) []byte {
			lines := strings.SplitAfter(string(text), "\n")
			return []byte(strings.Join(append(lines[:3:3], lines[4:]...), ""))
		}),
		file("pem/nul-in-base64.pem", body(func(s string) string { return s[:100] + "\x00" + s[100:] })),
		file("pem/letter-in-base64.pem", body(func(s string) string { return s[:100] + "ä" + s[100:] })),
		file("pem/base64url.pem", func(m *maker, _, _ []byte) []byte {
			for {
				der := m.issue(m.root).Certificate.Raw
				if text := base64.URLEncoding.EncodeToString(der); strings.ContainsAny(text, "-_") {
					return wrapped("CERTIFICATE", text, 64)
				}
			}
		}),
		file("pem/padding-missing.pem", func(m *maker, _, _ []byte) []byte {
			return wrapped("CERTIFICATE", strings.TrimRight(padded(m), "="), 64)
		}),
		file("pem/padding-too-long.pem", body(func(s string) string { return strings.TrimRight(s, "=") + "====" })),
		file("pem/padding-bits-set.pem", func(m *maker, _, _ []byte) []byte {
			text := padded(m)
			last := strings.IndexByte(text, '=') - 1
			const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
			return wrapped("CERTIFICATE", text[:last]+string(alphabet[strings.IndexByte(alphabet, text[last])+1])+text[last+1:], 64)
		}),
		file("pem/nested.pem", func(_ *maker, text, _ []byte) []byte { return block("CERTIFICATE", text) }),
		file("pem/base64-of-base64.pem", func(_ *maker, _, der []byte) []byte {
			return block("CERTIFICATE", []byte(base64.StdEncoding.EncodeToString(der)))
		}),
		file("pem/empty-block.pem", func(*maker, []byte, []byte) []byte {
			return []byte("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n")
		}),
		file("pem/bare-base64.txt", func(_ *maker, _, der []byte) []byte { return []byte(base64.StdEncoding.EncodeToString(der)) }),
		file("pem/bare-base64-lines.txt", func(_ *maker, text, _ []byte) []byte {
			return text[28:bytes.Index(text, []byte("-----END"))]
		}),
		file("pem/bare-base64url.txt", func(_ *maker, _, der []byte) []byte { return []byte(base64.RawURLEncoding.EncodeToString(der)) }),
		file("pem/hexadecimal.txt", func(m *maker, _, der []byte) []byte { return []byte(new(big.Int).SetBytes(der).Text(16)) }),
	}
}

func otherFiles() []recipe {
	const huge = 20 << 20
	says := func(what string) func(*maker, []byte, []byte) []byte {
		return func(*maker, []byte, []byte) []byte { return []byte(what) }
	}
	return []recipe{
		file("other/empty.pem", says("")),
		file("other/white-space.pem", says(" \r\n\t")),
		file("other/text.txt", says("hello")),
		file("other/zeros.bin", says(strings.Repeat("\x00", 500))),
		file("other/page.html", says("<!DOCTYPE html><title>Sign in</title>")),
		file("other/cut.cer", func(_ *maker, _, der []byte) []byte { return der[:len(der)-1] }),
		file("other/compressed.gz", func(m *maker, text, _ []byte) []byte {
			var out bytes.Buffer
			w := gzip.NewWriter(&out)
			if _, err := w.Write(text); err != nil {
				m.Fatal(err)
			}
			if err := w.Close(); err != nil {
				m.Fatal(err)
			}
			return out.Bytes()
		}),
		file("other/20-mb-of-letters.pem", func(*maker, []byte, []byte) []byte {
			return join([]byte("-----BEGIN CERTIFICATE-----\n"), bytes.Repeat([]byte("A"), huge))
		}),
		file("other/20-mb-of-line-ends.pem", func(_ *maker, text, _ []byte) []byte { return join(text, bytes.Repeat([]byte("\n"), huge)) }),
		file("other/20-mb-of-bundle.p7b", func(m *maker, _, der []byte) []byte {
			return pkitest.Bundle{Certificates: bytes.Repeat(der, huge/len(der))}.Bytes()
		}),
		file("other/100-kb-of-blank-lines.pem", func(_ *maker, text, _ []byte) []byte { return join(bytes.Repeat([]byte("\n"), 100<<10), text) }),
		file("other/request.pem", func(m *maker, _, _ []byte) []byte { return block("CERTIFICATE REQUEST", request(m)) }),
		file("other/new-request.pem", func(m *maker, _, _ []byte) []byte { return block("NEW CERTIFICATE REQUEST", request(m)) }),
		file("other/request.csr", func(m *maker, _, _ []byte) []byte { return request(m) }),
		file("other/request-as-certificate.pem", func(m *maker, _, _ []byte) []byte { return block("CERTIFICATE", request(m)) }),
		file("other/crl.pem", func(m *maker, _, _ []byte) []byte { return block("X509 CRL", revocations(m)) }),
		file("other/crl.crl", func(m *maker, _, _ []byte) []byte { return revocations(m) }),
		file("other/crl-as-certificate.pem", func(m *maker, _, _ []byte) []byte { return block("CERTIFICATE", revocations(m)) }),
		file("other/public-key.pem", func(m *maker, _, _ []byte) []byte { return block("PUBLIC KEY", spki(m)) }),
		file("other/public-key.der", func(m *maker, _, _ []byte) []byte { return spki(m) }),
		file("other/ocsp-response.der", func(*maker, []byte, []byte) []byte {
			return pkitest.TLV(0x30, []byte{0x0a, 1, 0}, pkitest.TLV(0xa0, pkitest.TLV(0x30)))
		}),
		file("other/attribute-certificate.pem", func(*maker, []byte, []byte) []byte {
			return block("ATTRIBUTE CERTIFICATE", pkitest.TLV(0x30, pkitest.TLV(0x30, []byte{2, 1, 1})))
		}),
		file("other/attribute-certificate.der", func(*maker, []byte, []byte) []byte {
			return pkitest.TLV(0x30, pkitest.TLV(0x30, []byte{2, 1, 1}), pkitest.TLV(0x30, []byte{6, 1, 42}), []byte{3, 2, 0, 1})
		}),
		file("other/ssh-certificate.pub", says("ecdsa-sha2-nistp256-cert-v01@openssh.com AAAAKGVjZHNhLXNoYTItbmlzdHAyNTYtY2VydC12MDFAb3BlbnNzaC5jb20= ca\n")),
		file("other/pgp.asc", says("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDME\n-----END PGP PUBLIC KEY BLOCK-----\n")),
		file("other/answer.json", func(m *maker, text, _ []byte) []byte {
			answer, err := json.Marshal(map[string]any{"data": map[string]string{"certificate": string(text)}})
			if err != nil {
				m.Fatal(err)
			}
			return answer
		}),
		file("other/indented.yaml", func(_ *maker, text, _ []byte) []byte {
			return []byte("certificate: |\n  " + strings.ReplaceAll(string(text), "\n", "\n  "))
		}),
	}
}

func wrapped(label, text string, columns int) []byte {
	var b strings.Builder
	b.WriteString("-----BEGIN " + label + "-----\n")
	for len(text) > columns {
		b.WriteString(text[:columns] + "\n")
		text = text[columns:]
	}
	b.WriteString(text + "\n-----END " + label + "-----\n")
	return []byte(b.String())
}

func utf16(text []byte, bigEndian bool) []byte {
	var out []byte
	for _, b := range text {
		if bigEndian {
			out = append(out, 0, b)
		} else {
			out = append(out, b, 0)
		}
	}
	return out
}

func request(m *maker) []byte {
	raw, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: m.prod.Certificate.Subject}, m.prod.Key)
	if err != nil {
		m.Fatal(err)
	}
	return raw
}

func revocations(m *maker) []byte {
	raw, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		Number: big.NewInt(1), ThisUpdate: m.now, NextUpdate: m.now.AddDate(0, 0, 7),
	}, m.prod.Certificate, m.prod.Key)
	if err != nil {
		m.Fatal(err)
	}
	return raw
}

func spki(m *maker) []byte {
	raw, err := x509.MarshalPKIXPublicKey(m.prod.Key.Public())
	if err != nil {
		m.Fatal(err)
	}
	return raw
}

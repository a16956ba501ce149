package corpus

import (
	"bytes"

	"anchorctl/internal/pki/pkitest"
)

// encodings are certificates that the root has signed and that are not quite
// DER, or not quite certificates. Programs disagree about each of them.
func encodings() []recipe {
	return append(outerForms(), append(innerForms(), extensionForms()...)...)
}

func outerForms() []recipe {
	// outer changes content, algorithm and signature, which stay valid.
	outer := func(name string, change func(parts [][]byte) []byte) recipe {
		return recipe{name, func(m *maker) Files {
			return m.of(block("CERTIFICATE", change(pkitest.Parts(m, m.prod.Certificate.Raw))))
		}}
	}
	return []recipe{
		outer("encoding/long-length-outside.pem", func(p [][]byte) []byte { return longLength(pkitest.TLV(0x30, p...)) }),
		outer("encoding/indefinite-outside.pem", func(p [][]byte) []byte { return pkitest.OpenEnded(0x30, p...) }),
		outer("encoding/fourth-element.pem", func(p [][]byte) []byte { return pkitest.TLV(0x30, append(p, []byte{5, 0})...) }),
		outer("encoding/set-outside.pem", func(p [][]byte) []byte { return pkitest.TLV(0x31, p...) }),
		outer("encoding/algorithms-differ.pem", func(p [][]byte) []byte {
			p[1] = bytes.Replace(p[1], []byte{4, 3, 2}, []byte{4, 3, 3}, 1)
			return pkitest.TLV(0x30, p...)
		}),
		outer("encoding/algorithm-parameters-differ.pem", func(p [][]byte) []byte {
			p[1] = pkitest.TLV(0x30, p[1][2:], []byte{5, 0})
			return pkitest.TLV(0x30, p...)
		}),
		outer("encoding/signature-bits-unused.pem", func(p [][]byte) []byte {
			p[2] = shifted(p[2])
			return pkitest.TLV(0x30, p...)
		}),
		outer("encoding/signature-missing.pem", func(p [][]byte) []byte { return pkitest.TLV(0x30, p[:2]...) }),
		outer("encoding/signature-in-pieces.pem", func(p [][]byte) []byte {
			p[2] = pkitest.TLV(0x23, p[2])
			return pkitest.TLV(0x30, p...)
		}),
	}
}

// longLength spells the length of an element with one octet too many.
func longLength(element []byte) []byte {
	header := 2 + int(element[1]&0x7f)
	return join([]byte{element[0], element[1] + 1, 0}, element[2:header], element[header:])
}

// shifted is a bit string that says the same with one bit unused.
func shifted(bits []byte) []byte {
	content := bits[len(bits)-int(bits[1]):] // short lengths only
	out := []byte{1}
	for i := 1; i < len(content); i++ {
		next := byte(0)
		if i+1 < len(content) {
			next = content[i+1] >> 7
		}
		out = append(out, content[i]<<1|next)
	}
	return pkitest.TLV(0x03, out)
}

func innerForms() []recipe {
	fields := func(name string, change func(m *maker, f [][]byte) [][]byte) recipe {
		return recipe{name, func(m *maker) Files {
			return m.rebuilt(func(f [][]byte) [][]byte { return change(m, f) })
		}}
	}
	return []recipe{
		fields("encoding/version-4.pem", func(_ *maker, f [][]byte) [][]byte { f[0] = []byte{0xa0, 3, 2, 1, 3}; return f }),
		fields("encoding/version-negative.pem", func(_ *maker, f [][]byte) [][]byte { f[0] = []byte{0xa0, 3, 2, 1, 0xff}; return f }),
		fields("encoding/version-1.pem", func(_ *maker, f [][]byte) [][]byte { return f[1:7] }),
		fields("encoding/version-1-explicit.pem", func(_ *maker, f [][]byte) [][]byte { f[0] = []byte{0xa0, 3, 2, 1, 0}; return f[:7] }),
		fields("encoding/version-1-with-extensions.pem", func(_ *maker, f [][]byte) [][]byte { return f[1:] }),
		fields("encoding/version-2.pem", func(_ *maker, f [][]byte) [][]byte { f[0] = []byte{0xa0, 3, 2, 1, 1}; return f[:7] }),
		fields("encoding/version-2-with-extensions.pem", func(_ *maker, f [][]byte) [][]byte { f[0] = []byte{0xa0, 3, 2, 1, 1}; return f }),
		fields("encoding/field-after-extensions.pem", func(_ *maker, f [][]byte) [][]byte { return append(f, []byte{2, 1, 1}) }),
		fields("encoding/extensions-twice.pem", func(_ *maker, f [][]byte) [][]byte { return append(f, f[7]) }),
		fields("encoding/length-inside.pem", func(_ *maker, f [][]byte) [][]byte { f[6] = longer(f[6]); return f }),
		fields("encoding/three-dates.pem", func(m *maker, f [][]byte) [][]byte {
			f[4] = pkitest.TLV(0x30, append(pkitest.Parts(m, f[4]), pkitest.Parts(m, f[4])[1])...)
			return f
		}),
		fields("encoding/algorithm-of-three.pem", func(m *maker, f [][]byte) [][]byte {
			f[6] = pkitest.TLV(0x30, pkitest.TLV(0x30, append(pkitest.Parts(m, pkitest.Parts(m, f[6])[0]), []byte{5, 0})...), pkitest.Parts(m, f[6])[1])
			return f
		}),
		fields("encoding/key-and-more.pem", func(m *maker, f [][]byte) [][]byte {
			f[6] = pkitest.TLV(0x30, append(pkitest.Parts(m, f[6]), []byte{5, 0})...)
			return f
		}),
		fields("encoding/key-bits-unused.pem", func(m *maker, f [][]byte) [][]byte {
			parts := pkitest.Parts(m, f[6])
			f[6] = pkitest.TLV(0x30, parts[0], shifted(parts[1]))
			return f
		}),
		fields("encoding/attribute-of-three.pem", func(m *maker, f [][]byte) [][]byte {
			attribute := pkitest.TLV(0x30, m.der(pkitest.OID(2, 5, 4, 3)), pkitest.TLV(0x0c, []byte("prod")), []byte{5, 0})
			f[5] = pkitest.TLV(0x30, pkitest.TLV(0x31, attribute))
			return f
		}),
		fields("encoding/empty-rdn.pem", func(m *maker, f [][]byte) [][]byte {
			f[5] = pkitest.TLV(0x30, append(pkitest.Parts(m, f[5]), pkitest.TLV(0x31))...)
			return f
		}),
		fields("encoding/serial-with-leading-zeros.pem", func(_ *maker, f [][]byte) [][]byte { f[1] = []byte{2, 3, 0, 0, 1}; return f }),
		fields("encoding/serial-empty.pem", func(_ *maker, f [][]byte) [][]byte { f[1] = []byte{2, 0}; return f }),
		fields("encoding/unique-identifiers.pem", func(_ *maker, f [][]byte) [][]byte {
			return append(f[:7:7], []byte{0x81, 2, 0, 1}, []byte{0x82, 2, 0, 1}, f[7])
		}),
		fields("encoding/no-key.pem", func(_ *maker, f [][]byte) [][]byte { return append(f[:6:6], f[7]) }),
	}
}

// longer spells a short length with one octet too many.
func longer(element []byte) []byte {
	return join([]byte{element[0], 0x81, element[1]}, element[2:])
}

func extensionForms() []recipe {
	value := func(name string, arc int, critical bool, value ...byte) recipe {
		return recipe{name, func(m *maker) Files { return m.withValue(arc, critical, value) }}
	}
	raw := func(name string, arc int, make func(m *maker, id []byte) []byte) recipe {
		return recipe{name, func(m *maker) Files {
			return m.withExtension(arc, make(m, m.der(pkitest.OID(2, 5, 29, arc))))
		}}
	}
	const ku, bc, eku, ski, aki, san, nc = 15, 19, 37, 14, 35, 17, 30
	return []recipe{
		{"extension/twice.pem", func(m *maker) Files {
			return m.forged(func(f *pkitest.Forgery) { f.Extensions = append(f.Extensions, f.Extensions[0]) })
		}},
		{"extension/basic-constraints-twice.pem", func(m *maker) Files {
			return m.forged(pkitest.AddExtension(pkitest.OID(2, 5, 29, bc), true, []byte{0x30, 0}))
		}},
		value("extension/usage-trailing.pem", ku, true, 3, 2, 1, 6, 0),
		value("extension/usage-zeros-at-end.pem", ku, true, 3, 2, 0, 6),
		value("extension/usage-unused-bits-set.pem", ku, true, 3, 2, 3, 7),
		value("extension/usage-octets.pem", ku, true, 4, 1, 6),
		value("extension/usage-no-bits.pem", ku, true, 3, 1, 0),
		value("extension/constraints-trailing.pem", bc, true, 0x30, 6, 1, 1, 0xff, 2, 1, 0, 5, 0),
		value("extension/constraints-trailing-inside.pem", bc, true, 0x30, 8, 1, 1, 0xff, 2, 1, 0, 5, 0),
		value("extension/constraints-true-as-1.pem", bc, true, 0x30, 6, 1, 1, 1, 2, 1, 0),
		value("extension/constraints-negative-length.pem", bc, true, 0x30, 6, 1, 1, 0xff, 2, 1, 0xff),
		value("extension/constraints-length-first.pem", bc, true, 0x30, 6, 2, 1, 0, 1, 1, 0xff),
		value("extension/constraints-indefinite.pem", bc, true, 0x30, 0x80, 1, 1, 0xff, 0, 0),
		value("extension/constraints-false-spelt.pem", bc, true, 0x30, 3, 1, 1, 0),
		value("extension/constraints-empty.pem", bc, true, 0x30, 0),
		value("extension/constraints-no-value.pem", bc, true),
		value("extension/eku-trailing.pem", eku, false, 0x30, 10, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 2, 5, 0),
		value("extension/eku-empty.pem", eku, false, 0x30, 0),
		value("extension/key-identifier-trailing.pem", ski, false, 4, 2, 1, 2, 0),
		value("extension/authority-trailing.pem", aki, false, 0x30, 0, 0),
		value("extension/names-empty.pem", san, false, 0x30, 0),
		value("extension/names-trailing.pem", san, false, 0x30, 3, 0x82, 1, 'a', 0),
		value("extension/name-constraints-empty.pem", nc, true, 0x30, 0),
		value("extension/name-constraints-trailing.pem", nc, true, 0x30, 7, 0xa0, 5, 0x30, 3, 0x82, 1, 'a', 0),
		raw("extension/critical-as-1.pem", ku, func(_ *maker, id []byte) []byte {
			return pkitest.TLV(0x30, id, []byte{1, 1, 1}, pkitest.TLV(4, []byte{3, 2, 1, 6}))
		}),
		raw("extension/critical-false-spelt.pem", ski, func(_ *maker, id []byte) []byte {
			return pkitest.TLV(0x30, id, []byte{1, 1, 0}, pkitest.TLV(4, []byte{4, 2, 1, 2}))
		}),
		raw("extension/of-four.pem", ku, func(_ *maker, id []byte) []byte {
			return pkitest.TLV(0x30, id, []byte{1, 1, 0xff}, pkitest.TLV(4, []byte{3, 2, 1, 6}), []byte{5, 0})
		}),
		raw("extension/value-in-pieces.pem", ku, func(_ *maker, id []byte) []byte {
			return pkitest.TLV(0x30, id, []byte{1, 1, 0xff}, pkitest.TLV(0x24, pkitest.TLV(4, []byte{3, 2, 1, 6})))
		}),
		raw("extension/host-with-nul.pem", san, func(m *maker, _ []byte) []byte {
			return m.extension(pkitest.OID(2, 5, 29, san), false, pkitest.TLV(0x30, pkitest.TLV(0x82, []byte("example.org\x00.example.com"))))
		}),
		raw("extension/uri-with-colons.pem", san, func(m *maker, _ []byte) []byte {
			return m.extension(pkitest.OID(2, 5, 29, san), false, pkitest.TLV(0x30, pkitest.TLV(0x86, []byte("http://a:b:80/"))))
		}),
	}
}

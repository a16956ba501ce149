package pki

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"strings"
)

// foreign recognises what is certainly not one certificate. A private key
// anywhere comes first: whoever put one there must hear of it.
func foreign(data, text []byte) Found {
	label, announced := label(text)
	switch {
	case len(text) == 0:
		return FoundNothing
	case hasMark(data):
		return FoundByteOrder
	case holdsPrivateKey(data):
		return FoundPrivateKey
	case bytes.Count(text, []byte(beginCertificate)) > 1:
		return FoundSeveral
	case announced && (label == pemCertificate || bundleLabel(label)):
		if bytes.Count(text, []byte(beginAny)) > 1 {
			return FoundTrailing
		}
		return ""
	case bytes.HasPrefix(data, []byte{0x30}):
		return otherDER(data)
	case bytes.Contains(text, []byte(beginCertificate)):
		return FoundTrailing
	case announced:
		return otherBlock(label)
	case bytes.Contains(text, []byte(beginAny)):
		return FoundTrailing
	default:
		return otherText(data, text)
	}
}

// label is that of the PEM block which text begins with.
func label(text []byte) (string, bool) {
	after, ok := strings.CutPrefix(string(text), beginAny)
	if !ok {
		return "", false
	}
	line, _, _ := strings.Cut(after, "\n")
	label, _, ended := strings.Cut(line, "-----")
	return label, ended
}

func hasMark(data []byte) bool {
	for _, mark := range []string{"\xef\xbb\xbf", "\xff\xfe", "\xfe\xff", "-\x00-\x00-\x00", "\x00-\x00-\x00-"} {
		if bytes.HasPrefix(data, []byte(mark)) {
			return true
		}
	}
	return false
}

// holdsPrivateKey reports whether a private key is announced anywhere, be it
// PEM, OpenSSH, PGP or SSH2, or a line of PuTTY's.
func holdsPrivateKey(data []byte) bool {
	for _, mark := range []string{"PRIVATE KEY-----", "PRIVATE KEY BLOCK-----", "PRIVATE KEY ----", "PuTTY-User-Key-File"} {
		if bytes.Contains(data, []byte(mark)) {
			return true
		}
	}
	return false
}

func otherBlock(label string) Found {
	switch {
	case strings.HasSuffix(label, "CERTIFICATE REQUEST"):
		return FoundRequest
	case label == "X509 CRL":
		return FoundCRL
	case strings.HasSuffix(label, "PUBLIC KEY"):
		return FoundPublicKey
	default:
		return FoundOtherBlock
	}
}

// otherDER names binary files that people take for certificates.
func otherDER(data []byte) Found {
	if _, err := x509.ParsePKCS8PrivateKey(data); err == nil {
		return FoundPrivateKey
	}
	if _, err := x509.ParseECPrivateKey(data); err == nil {
		return FoundPrivateKey
	}
	if _, err := x509.ParsePKCS1PrivateKey(data); err == nil {
		return FoundPrivateKey
	}
	if _, err := x509.ParsePKIXPublicKey(data); err == nil {
		return FoundPublicKey
	}
	if _, err := x509.ParseCertificateRequest(data); err == nil {
		return FoundRequest
	}
	if _, err := x509.ParseRevocationList(data); err == nil {
		return FoundCRL
	}
	inner, ok := sequence(data)
	switch {
	case ok && bytes.HasPrefix(inner, []byte{0x02, 0x01, 0x03, 0x30}):
		return FoundPKCS12
	case ok && encryptedKey(inner):
		return FoundPrivateKey
	default:
		return ""
	}
}

// encryptedKey recognises the content of EncryptedPrivateKeyInfo (RFC 5958
// section 3): an algorithm of PKCS#5 or PKCS#12, and an octet string.
func encryptedKey(inner []byte) bool {
	parts, err := elements(inner)
	if err != nil || len(parts) != 2 || parts[0].Tag != asn1.TagSequence || parts[1].Tag != asn1.TagOctetString {
		return false
	}
	pkcs := []byte{0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05}
	pkcs12 := []byte{0x06, 0x0a, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c}
	return bytes.HasPrefix(parts[0].Bytes, pkcs) || bytes.HasPrefix(parts[0].Bytes, pkcs12)
}

// otherText names what is neither PEM nor DER: key stores, and base64 that
// somebody took out of its lines.
func otherText(data, text []byte) Found {
	if bytes.HasPrefix(data, []byte{0xfe, 0xed, 0xfe, 0xed}) || bytes.HasPrefix(data, []byte{0xce, 0xce, 0xce, 0xce}) {
		return FoundPKCS12
	}
	bare := strings.TrimRight(squeeze(text), "=")
	for _, alphabet := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		inner, err := alphabet.DecodeString(bare)
		if err != nil || len(inner) == 0 {
			continue
		}
		if holdsPrivateKey(inner) || otherDER(inner) == FoundPrivateKey {
			return FoundPrivateKey
		}
		if certificateLike(inner) {
			return FoundBareBase64
		}
	}
	return ""
}

// certificateLike reports whether data is one SEQUENCE of three that begins
// as a certificate does.
func certificateLike(data []byte) bool {
	inner, ok := sequence(data)
	if !ok {
		return false
	}
	parts, err := elements(inner)
	return err == nil && len(parts) == 3 && parts[0].Tag == asn1.TagSequence &&
		parts[1].Tag == asn1.TagSequence && parts[2].Tag == asn1.TagBitString
}

// isPKCS7 reports whether data begins as signed data of PKCS#7 does, in DER or
// BER.
func isPKCS7(data []byte) bool {
	info, _, err := readBER(data, 0)
	if err != nil || info.tag != berSequence {
		return false
	}
	kind, _, err := readBER(info.content, 1)
	return err == nil && bytes.Equal(kind.whole, oidSignedData())
}

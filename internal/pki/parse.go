package pki

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"strings"
)

// MaxFile is the most a certificate file may hold, in bytes.
const MaxFile = 64 << 10

// maxBundle is the longest certificate data of a trust anchor, in bytes
// (https://docs.aws.amazon.com/rolesanywhere/latest/APIReference/API_SourceData.html).
const maxBundle = 204800

// Found says what stood where one certificate was wanted.
type Found string

// What may stand there instead.
const (
	FoundNothing     Found = "nothing"
	FoundTooMuch     Found = "too much"
	FoundPrivateKey  Found = "a private key"
	FoundPublicKey   Found = "a public key"
	FoundSeveral     Found = "more than one certificate"
	FoundTrailing    Found = "something before or after the certificate"
	FoundPKCS7       Found = "a PKCS#7 bundle"
	FoundPKCS12      Found = "a PKCS#12 or Java key store"
	FoundRequest     Found = "a certificate request"
	FoundCRL         Found = "a revocation list"
	FoundByteOrder   Found = "a byte order mark or UTF-16 text"
	FoundOtherBlock  Found = "another kind of PEM block"
	FoundBareBase64  Found = "base64 text without PEM lines"
	FoundDamagedPEM  Found = "a damaged PEM block"
	FoundMalformed   Found = "a malformed certificate"
	FoundUnknownData Found = "something that is no certificate"
)

// ParseError says why data is not one certificate.
type ParseError struct {
	Found Found
	Err   error // what the parser said, when it got that far
}

func (e *ParseError) Error() string {
	text := fmt.Sprintf("reading certificate: want exactly one certificate, found %s", e.Found)
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

func (e *ParseError) Unwrap() error { return e.Err }

// ReadBounded reads all of r, which may hold at most limit bytes.
func ReadBounded(r io.Reader, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, &ParseError{Found: FoundTooMuch, Err: fmt.Errorf("more than %d bytes", limit)}
	}
	return data, nil
}

// ParseOne reads exactly one certificate, in PEM or DER, and nothing else: no
// text around it, no second block, no private key. A *ParseError says what was
// found instead.
func ParseOne(data []byte) (*x509.Certificate, error) {
	if len(data) > MaxFile {
		return nil, &ParseError{Found: FoundTooMuch, Err: fmt.Errorf("more than %d bytes", MaxFile)}
	}
	text := bytes.Trim(data, " \t\r\n")
	if found := foreign(data, text); found != "" {
		return nil, &ParseError{Found: found}
	}
	if !bytes.HasPrefix(text, []byte(beginCertificate)) {
		return parseDER(data)
	}
	block, rest := pem.Decode(text)
	if block == nil || len(block.Headers) > 0 || !samePEM(block, text[:len(text)-len(rest)]) {
		return nil, &ParseError{Found: FoundDamagedPEM}
	}
	if len(bytes.TrimSpace(rest)) > 0 {
		return nil, &ParseError{Found: FoundTrailing}
	}
	return parseDER(block.Bytes)
}

const (
	beginCertificate = "-----BEGIN CERTIFICATE-----"
	beginAny         = "-----BEGIN "
)

// foreign recognises what is certainly not one certificate. A private key
// anywhere comes first: whoever put one there must hear of it.
func foreign(data, text []byte) Found {
	switch {
	case len(text) == 0:
		return FoundNothing
	case hasMark(data):
		return FoundByteOrder
	case bytes.Contains(text, []byte("PRIVATE KEY-----")):
		return FoundPrivateKey
	case bytes.Count(text, []byte(beginCertificate)) > 1:
		return FoundSeveral
	case bytes.HasPrefix(text, []byte(beginCertificate)):
		if bytes.Count(text, []byte(beginAny)) > 1 {
			return FoundTrailing
		}
		return ""
	case bytes.Contains(text, []byte(beginCertificate)):
		return FoundTrailing
	case bytes.Contains(text, []byte(beginAny)):
		return otherBlock(text)
	case bytes.HasPrefix(data, []byte("MII")):
		return FoundBareBase64
	default:
		return otherDER(data)
	}
}

func hasMark(data []byte) bool {
	for _, mark := range []string{"\xef\xbb\xbf", "\xff\xfe", "\xfe\xff", "-\x00-\x00-\x00", "\x00-\x00-\x00-"} {
		if bytes.HasPrefix(data, []byte(mark)) {
			return true
		}
	}
	return false
}

func otherBlock(text []byte) Found {
	_, label, _ := strings.Cut(string(text), beginAny)
	label, _, _ = strings.Cut(label, "-----")
	switch {
	case strings.HasSuffix(label, "CERTIFICATE REQUEST"):
		return FoundRequest
	case label == "PKCS7" || label == "CMS":
		return FoundPKCS7
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
	if bytes.HasPrefix(data, []byte{0xfe, 0xed, 0xfe, 0xed}) || bytes.HasPrefix(data, []byte{0xce, 0xce, 0xce, 0xce}) {
		return FoundPKCS12
	}
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
	case !ok:
		return ""
	case bytes.HasPrefix(inner, []byte{0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02}):
		return FoundPKCS7
	case bytes.HasPrefix(inner, []byte{0x02, 0x01, 0x03, 0x30}):
		return FoundPKCS12
	default:
		return ""
	}
}

// parseDER is x509.ParseCertificate, which refuses trailing bytes, and what it
// lets pass or leaves to GODEBUG.
func parseDER(der []byte) (*x509.Certificate, error) {
	first, ok := elementLength(der)
	if !ok {
		return nil, &ParseError{Found: FoundUnknownData}
	}
	if first < len(der) {
		if _, err := x509.ParseCertificate(der[:first]); err != nil {
			return nil, &ParseError{Found: FoundUnknownData}
		}
		if _, err := x509.ParseCertificate(der[first:]); err == nil {
			return nil, &ParseError{Found: FoundSeveral}
		}
		return nil, &ParseError{Found: FoundTrailing}
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, &ParseError{Found: FoundMalformed, Err: err}
	}
	if err := strict(c); err != nil {
		return nil, &ParseError{Found: FoundMalformed, Err: err}
	}
	return c, nil
}

// samePEM holds that the text is what the block encodes to, white space aside:
// pem.Decode overlooks more than that.
func samePEM(block *pem.Block, text []byte) bool {
	return squeeze(pem.EncodeToMemory(block)) == squeeze(text)
}

func squeeze(text []byte) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t\r\n", r) {
			return -1
		}
		return r
	}, string(text))
}

// ParseBundle reads the certificates of a trust anchor's bundle: PEM
// certificates, at least one, and no other kind of block.
func ParseBundle(text string) ([]*x509.Certificate, error) {
	if len(text) > maxBundle {
		return nil, fmt.Errorf("reading certificate bundle: more than %d characters", maxBundle)
	}
	var certs []*x509.Certificate
	rest := []byte(text)
	for {
		block, after := pem.Decode(rest)
		if block == nil {
			break
		}
		rest = after
		if block.Type != pemCertificate {
			return nil, fmt.Errorf("reading certificate bundle: holds a PEM block %q", block.Type)
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("reading certificate bundle: certificate %d: %w", len(certs)+1, err)
		}
		certs = append(certs, c)
	}
	if bytes.Contains(rest, []byte(beginAny)) || strings.Count(text, beginAny) != len(certs) {
		return nil, errors.New("reading certificate bundle: holds a damaged PEM block")
	}
	if len(certs) == 0 {
		return nil, errors.New("reading certificate bundle: holds no certificate")
	}
	return certs, nil
}

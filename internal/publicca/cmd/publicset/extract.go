package main

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"regexp"
	"strings"
)

// finds are the certificates and published private keys of one file.
type finds struct {
	name         string
	certificates []*x509.Certificate
	keys         []crypto.PublicKey // public halves of private keys
	public       []crypto.PublicKey // public keys alone
}

// extract finds certificates and keys wherever they stand: in PEM, in the
// source text of a program (in quotes, with escaped line ends), or as DER in
// the middle of a binary file.
func extract(name string, content []byte) finds {
	f := finds{name: name}
	for _, block := range blocks(content) {
		f.add(block)
	}
	for rest := content; ; {
		i := bytes.IndexByte(rest, 0x30)
		if i < 0 {
			return f
		}
		rest = rest[i:]
		c, size := certificateAt(rest)
		if c != nil {
			f.certificates = append(f.certificates, c)
		}
		rest = rest[max(1, size):]
	}
}

var (
	begin = regexp.MustCompile(`-----BEGIN ([A-Z0-9 ]{3,40})-----`)
	line  = regexp.MustCompile(`[A-Za-z0-9+/]{4,}=*|[A-Za-z0-9+/]{2,3}=+`)
)

// blocks are the PEM blocks of a text.
func blocks(content []byte) []*pem.Block {
	var all []*pem.Block
	for _, at := range begin.FindAllSubmatchIndex(content, -1) {
		kind := string(content[at[2]:at[3]])
		body, _, found := bytes.Cut(content[at[1]:], []byte("-----END "+kind+"-----"))
		if !found || len(body) > 1<<16 || bytes.Contains(body, []byte("ENCRYPTED")) {
			continue
		}
		der, err := base64.StdEncoding.DecodeString(joined(body))
		if err == nil {
			all = append(all, &pem.Block{Type: strings.Replace(kind, "TESTING KEY", "PRIVATE KEY", 1), Bytes: der})
		}
	}
	return all
}

// joined is the base64 of a block without what a program's source puts around
// each line of it.
func joined(body []byte) string {
	text := strings.NewReplacer(`\r`, "\n", `\n`, "\n").Replace(string(body))
	var b strings.Builder
	for l := range strings.SplitSeq(text, "\n") {
		longest := ""
		for _, run := range line.FindAllString(l, -1) {
			if len(run) > len(longest) {
				longest = run
			}
		}
		b.WriteString(longest)
	}
	return b.String()
}

func (f *finds) add(block *pem.Block) {
	switch {
	case strings.HasSuffix(block.Type, "CERTIFICATE"):
		if c, _ := certificateAt(block.Bytes); c != nil {
			f.certificates = append(f.certificates, c)
		}
	case block.Type == "PUBLIC KEY":
		if key, err := x509.ParsePKIXPublicKey(block.Bytes); err == nil {
			f.public = append(f.public, key)
		}
	case strings.HasSuffix(block.Type, "PRIVATE KEY"):
		if key := publicHalf(block.Bytes); key != nil {
			f.keys = append(f.keys, key)
		}
	}
}

// publicHalf is the public key of a private one in PKCS#1, PKCS#8 or SEC 1.
func publicHalf(der []byte) crypto.PublicKey {
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		key, err = x509.ParsePKCS1PrivateKey(der)
	}
	if err != nil {
		key, err = x509.ParseECPrivateKey(der)
	}
	if err != nil {
		return publicOfPKCS1(der)
	}
	if signer, ok := key.(crypto.Signer); ok {
		return signer.Public()
	}
	return nil
}

// publicOfPKCS1 reads modulus and exponent where Go refuses the rest: keys
// that are small, or whose numbers do not agree.
func publicOfPKCS1(der []byte) crypto.PublicKey {
	var sequence []asn1.RawValue
	if _, err := asn1.Unmarshal(der, &sequence); err != nil || len(sequence) < 9 {
		return nil
	}
	public, err := asn1.Marshal([]asn1.RawValue{sequence[1], sequence[2]})
	if err != nil {
		return nil
	}
	key, err := x509.ParsePKCS1PublicKey(public)
	if err != nil {
		return nil
	}
	return key
}

// certificateAt reads a certificate that begins here, and says how long it is.
func certificateAt(data []byte) (*x509.Certificate, int) {
	if len(data) < 16 || data[0] != 0x30 || data[1] != 0x82 || data[4] != 0x30 || data[5] != 0x82 && data[5] != 0x81 {
		return nil, 0
	}
	size := 4 + int(data[2])<<8 + int(data[3])
	if size > len(data) {
		return nil, 0
	}
	c, err := x509.ParseCertificate(data[:size])
	if err != nil {
		c = lenient(data[:size])
	}
	if c == nil {
		return nil, 0
	}
	return c, size
}

// lenient reads certificates that Go refuses: roots of long ago break rules
// that were not kept then.
func lenient(der []byte) *x509.Certificate {
	var outer struct {
		TBS       asn1.RawValue
		Algorithm asn1.RawValue
		Signature asn1.BitString
	}
	if rest, err := asn1.Unmarshal(der, &outer); err != nil || len(rest) > 0 {
		return nil
	}
	var tbs struct {
		Raw       asn1.RawContent
		Version   int `asn1:"optional,explicit,default:0,tag:0"`
		Serial    asn1.RawValue
		Algorithm asn1.RawValue
		Issuer    asn1.RawValue
		Validity  asn1.RawValue
		Subject   asn1.RawValue
		Key       asn1.RawValue
		Rest      asn1.RawValue `asn1:"optional"`
	}
	if _, err := asn1.Unmarshal(outer.TBS.FullBytes, &tbs); err != nil {
		return nil
	}
	key, err := x509.ParsePKIXPublicKey(tbs.Key.FullBytes)
	if err != nil {
		return nil
	}
	var subject pkix.RDNSequence
	if _, err := asn1.Unmarshal(tbs.Subject.FullBytes, &subject); err != nil {
		return nil
	}
	c := &x509.Certificate{
		Raw: der, RawSubject: tbs.Subject.FullBytes, RawIssuer: tbs.Issuer.FullBytes, PublicKey: key,
		RawSubjectPublicKeyInfo: tbs.Key.FullBytes, IsCA: bytes.Equal(tbs.Subject.FullBytes, tbs.Issuer.FullBytes),
	}
	c.Subject.FillFromRDNSequence(&subject)
	return c
}

// usable reports whether a key is of a kind that a candidate could carry.
func usable(key crypto.PublicKey) bool {
	switch key := key.(type) {
	case *rsa.PublicKey:
		return key.N.BitLen() >= 1024 && key.N.BitLen() <= 16384
	case *ecdsa.PublicKey:
		return true
	case ed25519.PublicKey:
		return true
	default:
		return false
	}
}

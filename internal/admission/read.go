package admission

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"

	"anchorctl/internal/pki"
)

// checkFile reads the candidate: exactly one certificate, nothing before or
// after it. Everything else is judged only when that has succeeded.
func checkFile(j *judgement) {
	data := j.Data
	if j.unread {
		return
	}
	if data == nil && j.Certificate != nil {
		// Only the DER counts: a parsed certificate can say anything.
		data = j.Certificate.Raw
	}
	j.candidate = j.read(candidate, data)
	if j.candidate != nil {
		j.assemble()
	}
}

// read finds the one certificate that a file is. What is found on the way is
// reported.
func (j *judgement) read(name string, data []byte) *x509.Certificate {
	der, err := pki.OpenOne(data)
	if err != nil {
		j.unreadable(name, err)
		return nil
	}
	return j.readDER(name, der)
}

// readDER parses one certificate. One whose encoding alone is at fault is
// reported and returned all the same, so that it is judged in every other
// respect as well.
func (j *judgement) readDER(name string, der []byte) *x509.Certificate {
	c, err := pki.ParseDER(der)
	if err == nil {
		j.opened[c] = true
		return c
	}
	facts, understood := peek(der)
	var parse *pki.ParseError
	c, parseErr := x509.ParseCertificate(der)
	readable := parseErr == nil && understood && errors.As(err, &parse) && !parse.Unsettled
	switch {
	case readable && badSerial(facts.serial) != "" && pki.Sound(der):
		// checkQuality says so
	case understood && facts.serial.Sign() < 0:
		j.find("ANC005", name, "%s", badSerial(facts.serial))
	case understood && facts.key != "":
		j.find("ANC005", name, "%s", facts.key)
	default:
		j.unreadable(name, err)
	}
	if !readable {
		return nil
	}
	j.opened[c] = true
	return c
}

func (j *judgement) unreadable(name string, err error) {
	f := j.find("ANC013", name, "%s", describe(err))
	var parse *pki.ParseError
	if errors.As(err, &parse) {
		if remedy := remedyFor(parse.Found); remedy != "" {
			f.Remedy = remedy
		}
	}
}

func describe(err error) string {
	var parse *pki.ParseError
	if !errors.As(err, &parse) {
		return err.Error()
	}
	text := "instead of exactly one certificate, this is " + string(parse.Found)
	if parse.Err != nil {
		text += ": " + parse.Err.Error()
	}
	return text
}

func remedyFor(found pki.Found) string {
	switch found {
	case pki.FoundPrivateKey:
		return "take the private key out of the file, and treat it as exposed if the file was shared"
	case pki.FoundSeveral:
		return "write each certificate into a file of its own; what stands between it and the root goes into --chain"
	case pki.FoundTrailing, pki.FoundDamagedPEM, pki.FoundByteOrder:
		return `write the certificate anew, without anything around it: run "openssl x509 -in FILE -out CLEAN.pem"`
	case pki.FoundPKCS7:
		return `take the one certificate out of the bundle: run "openssl pkcs7 -in FILE -print_certs" and keep its block; what stands between it and the root goes into --chain`
	case pki.FoundPKCS12:
		return "export the CA's certificate from the key store, without its key"
	case pki.FoundRequest:
		return "name the certificate that the CA returned for this request"
	case pki.FoundBareBase64:
		return "put the text between -----BEGIN CERTIFICATE----- and -----END CERTIFICATE----- lines"
	case pki.FoundNothing, pki.FoundTooMuch, pki.FoundPublicKey, pki.FoundCRL, pki.FoundOtherBlock,
		pki.FoundMalformed, pki.FoundUnknownData:
	}
	return ""
}

// facts are what can be said of a certificate that Go does not parse.
type facts struct {
	serial *big.Int
	key    string // what is wrong with the key, if that is it
}

// peek reads the first fields of a certificate, without judging any.
func peek(der []byte) (facts, bool) {
	var outer struct{ TBS asn1.RawValue }
	var tbs struct {
		Version                              int `asn1:"optional,explicit,default:0,tag:0"`
		Serial                               *big.Int
		Algorithm, Issuer, Validity, Subject asn1.RawValue
		Key                                  struct {
			Algorithm pkix.AlgorithmIdentifier
			Key       asn1.BitString
		}
	}
	if _, err := asn1.Unmarshal(der, &outer); err != nil {
		return facts{}, false
	}
	if _, err := asn1.Unmarshal(outer.TBS.FullBytes, &tbs); err != nil {
		return facts{}, false
	}
	f := facts{serial: tbs.Serial}
	switch id := tbs.Key.Algorithm.Algorithm; {
	case id.Equal(asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}):
		f.key = badCurve(tbs.Key.Algorithm.Parameters)
	case id.Equal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}):
		f.key = badNumbers(tbs.Key.Key.Bytes)
	}
	return f, true
}

// badNumbers says what is wrong with an RSA key that Go does not parse: its
// exponents have 63 bits at most.
func badNumbers(key []byte) string {
	var pair struct{ N, E *big.Int }
	if _, err := asn1.Unmarshal(key, &pair); err != nil {
		return ""
	}
	switch {
	case pair.N.Sign() <= 0:
		return "the RSA key has a modulus that is not positive"
	case pair.E.Sign() <= 0:
		return "the RSA key has an exponent that is not positive"
	case pair.E.BitLen() > 31:
		return fmt.Sprintf("the RSA key has an exponent of %d bits, which verifiers do not take", pair.E.BitLen())
	}
	return ""
}

// badCurve says what is wrong with the parameters of an elliptic curve key
// (RFC 5480 section 2.1.1): they must name a curve, and one that we know.
func badCurve(parameters asn1.RawValue) string {
	var curve asn1.ObjectIdentifier
	if _, err := asn1.Unmarshal(parameters.FullBytes, &curve); err != nil {
		return "the key is on a curve that is spelt out instead of named; P-256 or P-384 is needed"
	}
	known := asn1.ObjectIdentifier{1, 3, 132, 0}
	switch {
	case curve.Equal(asn1.ObjectIdentifier{1, 2, 840, 10045, 3, 1, 7}):
		return ""
	case len(curve) == 5 && curve[:4].Equal(known) && (curve[4] == 33 || curve[4] == 34 || curve[4] == 35):
		return "" // P-224, P-384 and P-521 are parsed, and judged as keys
	default:
		return "the key is on the curve " + curve.String() + "; P-256 or P-384 is needed"
	}
}

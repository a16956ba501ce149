package pki

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"

	"anchorctl/internal/signature"
)

// Request is a certificate request (PKCS#10, RFC 2986) whose signature shows
// that whoever made it holds the private key. Nothing that it asks for is
// heeded: it only brings a key.
type Request struct {
	Key   crypto.PublicKey
	Asked []Asked // the names, extensions and attributes in it
}

// RequestError says why data is not one certificate request that can be taken.
type RequestError struct {
	Found Found // "" when it is one, and Err says what is wrong with it
	Err   error
}

func (e *RequestError) Error() string {
	switch {
	case e.Found == "":
		return e.Err.Error()
	case e.Err != nil:
		return fmt.Sprintf("want exactly one certificate request (PKCS#10), found %s: %s", e.Found, e.Err)
	}
	return fmt.Sprintf("want exactly one certificate request (PKCS#10), found %s", e.Found)
}

func (e *RequestError) Unwrap() error { return e.Err }

// ParseRequest reads exactly one certificate request, in PEM or DER, and nothing
// else, and checks its signature with the key in it. A *RequestError says what
// is wrong.
func ParseRequest(data []byte) (Request, error) {
	der, err := openRequest(data)
	if err != nil {
		return Request{}, err
	}
	attributes, err := requestStructure(der)
	if err != nil {
		return Request{}, &RequestError{FoundBadRequest, err}
	}
	parsed, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return Request{}, &RequestError{FoundBadRequest, err}
	}
	how := signature.SchemeIn(der, parsed.SignatureAlgorithm)
	switch {
	case parsed.PublicKey == nil:
		return Request{}, &RequestError{Err: errors.New("the key of the request is of a kind that cannot be used; want ECDSA or RSA")}
	case Endless(parsed.PublicKey):
		return Request{}, &RequestError{Err: fmt.Errorf("the RSA key has more than %d bits", MaxRSA)}
	case !strongSignature(parsed.SignatureAlgorithm):
		return Request{}, &RequestError{Err: fmt.Errorf("the request is signed with %s; SHA-256 or stronger with RSA or ECDSA is needed", named(parsed, how))}
	case !how.Verifies(parsed.RawTBSCertificateRequest, parsed.Signature, parsed.PublicKey):
		return Request{}, &RequestError{Err: errors.New("the signature of the request does not verify with the key in it: nothing proves that whoever made it holds the private key")}
	}
	return Request{Key: parsed.PublicKey, Asked: askedIn(parsed, attributes)}, nil
}

// MaxRSA is the longest RSA key that anything is verified with, in bits: longer
// ones would only keep us busy.
const MaxRSA = 8192

// Endless reports whether working with a key would take for ever.
func Endless(pub crypto.PublicKey) bool {
	key, ok := pub.(*rsa.PublicKey)
	return ok && key.N.BitLen() > MaxRSA
}

func named(r *x509.CertificateRequest, how signature.Scheme) string {
	if r.SignatureAlgorithm != x509.UnknownSignatureAlgorithm {
		return r.SignatureAlgorithm.String()
	}
	return how.String()
}

// openRequest finds the DER of the one request that data is. Text around its one
// PEM block is explanatory (RFC 7468 section 2): GnuTLS writes some, and OpenSSL
// with -text.
func openRequest(data []byte) ([]byte, error) {
	if len(data) > MaxFile {
		return nil, &RequestError{FoundTooMuch, fmt.Errorf("more than %d bytes", MaxFile)}
	}
	begins := bytes.Index(data, []byte(beginAny))
	if begins < 0 {
		return data, notRequest(data)
	}
	text := data[begins:]
	block, rest := pem.Decode(text)
	switch {
	case holdsPrivateKey(data):
		return nil, &RequestError{Found: FoundPrivateKey}
	case bytes.Count(data, []byte(beginAny)) > 1:
		return nil, &RequestError{Found: FoundBlocks}
	case block == nil || len(block.Headers) > 0 || !samePEM(block, text[:len(text)-len(rest)]):
		return nil, &RequestError{Found: FoundDamagedPEM}
	case block.Type == pemCertificate:
		return nil, &RequestError{Found: FoundCertificate}
	case otherBlock(block.Type) != FoundRequest:
		return nil, &RequestError{otherBlock(block.Type), fmt.Errorf("%q", block.Type)}
	}
	return block.Bytes, notRequest(block.Bytes)
}

// notRequest names what is certainly no request in DER.
func notRequest(data []byte) error {
	found := foreign(data, trim(data))
	length, sequence := elementLength(data)
	switch {
	case found == FoundRequest:
		return nil
	case found != "":
		return &RequestError{Found: found}
	case !sequence:
		return &RequestError{Found: FoundNoRequest}
	case length < len(data):
		return &RequestError{Found: FoundAround}
	}
	if _, err := x509.ParseCertificate(data); err == nil {
		return &RequestError{Found: FoundCertificate}
	}
	return nil // what is wrong with it will be said
}

// attribute is one of a request's: what it is, and its values.
type attribute struct {
	id     asn1.ObjectIdentifier
	values []asn1.RawValue
}

// requestStructure holds a request to DER and to the fields of RFC 2986 section
// 4.2, and to nothing after any of them. It returns the attributes.
func requestStructure(der []byte) ([]attribute, error) {
	outer, err := whole(der)
	if err != nil {
		return nil, err
	}
	parts, err := children(outer, "the request")
	if err != nil {
		return nil, err
	}
	if !tagged(parts, asn1.TagSequence, asn1.TagSequence, asn1.TagBitString) {
		return nil, errors.New("the request does not consist of content, algorithm and signature alone")
	}
	if err := algorithm(parts[1]); err != nil {
		return nil, err
	}
	if _, err := octets(parts[2], "the signature"); err != nil {
		return nil, err
	}
	fields, err := children(parts[0], "the request")
	if err != nil {
		return nil, err
	}
	if len(fields) != 4 || !tagged(fields[:3], asn1.TagInteger, asn1.TagSequence, asn1.TagSequence) ||
		fields[3].Class != asn1.ClassContextSpecific || fields[3].Tag != 0 {
		return nil, errors.New("the request does not consist of version, subject, key and attributes alone")
	}
	if version := fields[0].Bytes; len(version) != 1 || version[0] != 0 {
		return nil, errors.New("the request is not of version 1")
	}
	if err := errors.Join(name(fields[1], "subject"), publicKey(fields[2])); err != nil {
		return nil, err
	}
	return attributesOf(fields[3])
}

func attributesOf(set asn1.RawValue) ([]attribute, error) {
	list, err := children(set, "the attributes")
	if err != nil {
		return nil, err
	}
	var all []attribute
	for _, one := range list {
		parts, err := children(one, "an attribute")
		if err != nil || !tagged(parts, asn1.TagOID, asn1.TagSet) {
			return nil, errors.New("an attribute does not consist of identifier and values alone")
		}
		var a attribute
		if _, err := asn1.Unmarshal(parts[0].FullBytes, &a.id); err != nil {
			return nil, errors.New("an attribute's identifier is malformed")
		}
		if a.values, err = children(parts[1], "an attribute"); err != nil || len(a.values) == 0 {
			return nil, errors.New("an attribute has no value")
		}
		all = append(all, a)
	}
	return all, nil
}

package sigx509

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// The algorithms, named after the kind of key. The digest is SHA-256 whatever
// the curve.
const (
	AlgorithmRSA   = "AWS4-X509-RSA-SHA256"
	AlgorithmECDSA = "AWS4-X509-ECDSA-SHA256"
)

// MaxChain is how many certificates the chain header may carry.
const MaxChain = 5

// Errors of Sign, for callers that say what to do about them.
var (
	// ErrKeyMismatch says that a private key is not that of the certificate.
	ErrKeyMismatch = errors.New("the private key does not belong to the certificate")
	// ErrKeyType says that the scheme, or this package, cannot use a key.
	ErrKeyType = errors.New("the key is neither RSA nor ECDSA")
)

// Signer signs requests as the holder of a certificate.
type Signer struct {
	Key         crypto.Signer
	Certificate *x509.Certificate
	Chain       []*x509.Certificate // between the certificate and the anchor, if any
}

// Check reports whether the signer can sign: the key is of a kind the scheme
// has and is that of the certificate, and the chain is not too long.
func (s Signer) Check() error {
	if s.Key == nil || s.Certificate == nil {
		return errors.New("signing needs a private key and a certificate")
	}
	if _, err := algorithmOf(s.Certificate.PublicKey); err != nil {
		return err
	}
	public, ok := s.Key.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok {
		return ErrKeyType
	}
	if !public.Equal(s.Certificate.PublicKey) {
		return ErrKeyMismatch
	}
	if len(s.Chain) > MaxChain {
		return fmt.Errorf("the chain has %d certificates, the service takes %d", len(s.Chain), MaxChain)
	}
	return nil
}

// Sign sets X-Amz-Date, X-Amz-X509, X-Amz-X509-Chain (when there is a chain)
// and Authorization. It signs what the official helper signs: content-type
// when it is set, host, x-amz-date, x-amz-x509 and x-amz-x509-chain. A request
// may be signed again with a new date.
func (s Signer) Sign(req *http.Request, body []byte, region string, at time.Time) error {
	if err := s.Check(); err != nil {
		return err
	}
	if !regionPattern().MatchString(region) {
		return fmt.Errorf("region %q is not of the form eu-central-1", region)
	}
	algorithm, err := algorithmOf(s.Certificate.PublicKey)
	if err != nil {
		return err
	}
	at = at.UTC()
	date := at.Format(dateLayout)
	signed := s.setHeaders(req, date)
	canonical, err := canonicalRequest(req, body, signed)
	if err != nil {
		return err
	}
	scope := scope(at.Format(dayLayout), region)
	digest := sha256.Sum256([]byte(stringToSign(algorithm, date, scope, canonical)))
	signature, err := s.Key.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		return fmt.Errorf("signing the request: %w", err)
	}
	// The serial is decimal here, though people and CRLs write it in hexadecimal.
	req.Header.Set("Authorization", algorithm+
		" Credential="+s.Certificate.SerialNumber.String()+"/"+scope+
		", SignedHeaders="+strings.Join(signed, ";")+
		", Signature="+hex.EncodeToString(signature))
	return nil
}

// setHeaders puts the date and the certificates into the request and returns
// the names of the headers to sign, sorted.
func (s Signer) setHeaders(req *http.Request, date string) []string {
	if req.Header == nil {
		req.Header = http.Header{}
	}
	req.Header.Set(headerDate, date)
	req.Header.Set(headerX509, base64.StdEncoding.EncodeToString(s.Certificate.Raw))
	req.Header.Del(headerChain)
	var signed []string
	if req.Header.Get(headerContentType) != "" {
		signed = append(signed, headerContentType)
	}
	signed = append(signed, headerHost, headerDate, headerX509)
	if len(s.Chain) > 0 {
		encoded := make([]string, len(s.Chain))
		for i, certificate := range s.Chain {
			encoded[i] = base64.StdEncoding.EncodeToString(certificate.Raw)
		}
		req.Header.Set(headerChain, strings.Join(encoded, ","))
		signed = append(signed, headerChain)
	}
	return signed
}

var regionPattern = compiled(`^[a-z0-9][a-z0-9-]{0,31}$`)

// algorithmOf is the algorithm a public key signs with.
func algorithmOf(public crypto.PublicKey) (string, error) {
	switch public.(type) {
	case *rsa.PublicKey:
		return AlgorithmRSA, nil
	case *ecdsa.PublicKey:
		return AlgorithmECDSA, nil
	default:
		return "", ErrKeyType
	}
}

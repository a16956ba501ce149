package pki_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"slices"
	"testing"
	"time"

	"anchorctl/internal/pki"
)

func TestParseRevocationList(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	issuer := &x509.Certificate{Subject: pkix.Name{CommonName: "issuer"}, SubjectKeyId: []byte{1}, KeyUsage: x509.KeyUsageCRLSign}
	der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		Number: big.NewInt(1), ThisUpdate: at, NextUpdate: at.Add(time.Hour),
		RevokedCertificateEntries: []x509.RevocationListEntry{{SerialNumber: big.NewInt(7), RevocationTime: at}},
	}, issuer, key)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der})
	for _, c := range []struct {
		name string
		data []byte
		good bool
	}{
		{"DER", der, true},
		{"PEM", text, true},
		{"PEM with blank lines around it", slices.Concat([]byte("\n\n"), text, []byte("\r\n")), true},
		{"nothing", nil, false},
		{"DER with a byte after it", append(slices.Clone(der), 0), false},
		{"DER cut short", der[:len(der)-1], false},
		{"two PEM blocks", slices.Concat(text, text), false},
		{"a PEM block of a certificate", bytes.ReplaceAll(text, []byte("X509 CRL"), []byte("CERTIFICATE")), false},
		{"a PEM block without its end", text[:len(text)-5], false},
		{"more than the service takes", append(text, bytes.Repeat([]byte("\n"), pki.MaxRevocationList)...), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			list, err := pki.ParseRevocationList(c.data)
			if (err == nil) != c.good {
				t.Fatalf("error is %v", err)
			}
			if c.good && (len(list.RevokedCertificateEntries) != 1 || list.RevokedCertificateEntries[0].SerialNumber.Int64() != 7) {
				t.Errorf("it lists %v", list.RevokedCertificateEntries)
			}
		})
	}
}

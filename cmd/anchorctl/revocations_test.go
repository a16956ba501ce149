package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rolesanywhere"
	"github.com/aws/aws-sdk-go-v2/service/rolesanywhere/types"
	"github.com/rogpeppe/go-internal/testscript"

	"anchorctl/internal/store"
)

// recordRevocations records revocations of certificates that were never made:
// thousands of real ones would take their time.
func recordRevocations(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) == 2, "revocations")
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	s, err := store.Open(context.Background(), ts.MkAbs(".anchorctl/state.db"), store.Options{Now: started})
	ts.Check(err)
	var list []store.Revocation
	for i := range n {
		list = append(list, store.Revocation{
			Environment: args[0], Generation: 1, Serial: fmt.Sprintf("7%031x", i), Reason: 1, NotAfter: started().AddDate(0, 6, 0).Unix(),
		})
	}
	_, err = s.Revoke(context.Background(), list...)
	ts.Check(err)
	ts.Check(s.Close())
}

// replaceList puts a list of somebody else's CA in place of the one that is at
// an anchor. The sandbox takes lists of the anchor's certificates alone, so the
// CA is one of them meanwhile.
func (s somebody) replaceList(ts *testscript.TestScript, anchor string) {
	ctx, a := context.Background(), s.anchor(ts, anchor)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ts.Check(err)
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "somebody"}, NotBefore: started(), NotAfter: started().AddDate(1, 0, 0),
		BasicConstraintsValid: true, IsCA: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, SubjectKeyId: []byte{1, 2, 3},
	}
	der, err := x509.CreateCertificate(rand.Reader, ca, ca, key.Public(), key)
	ts.Check(err)
	list, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		Number: big.NewInt(1), ThisUpdate: started(), NextUpdate: started().Add(time.Hour),
		RevokedCertificateEntries: []x509.RevocationListEntry{{SerialNumber: big.NewInt(7), RevocationTime: started()}},
	}, ca, key)
	ts.Check(err)
	source := bundleOf(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	update := &rolesanywhere.UpdateTrustAnchorInput{TrustAnchorId: a.TrustAnchorId, Source: source}
	_, err = s.anywhere.UpdateTrustAnchor(ctx, update)
	ts.Check(err)
	s.eachList(ts, anchor, func(l types.CrlDetail) error {
		_, err := s.anywhere.UpdateCrl(ctx, &rolesanywhere.UpdateCrlInput{CrlId: l.CrlId, CrlData: list})
		return err
	})
	update.Source = a.Source
	_, err = s.anywhere.UpdateTrustAnchor(ctx, update)
	ts.Check(err)
}

// eachList does something with each revocation list of an anchor.
func (s somebody) eachList(ts *testscript.TestScript, anchor string, do func(types.CrlDetail) error) {
	a := s.anchor(ts, anchor)
	lists, err := s.anywhere.ListCrls(context.Background(), &rolesanywhere.ListCrlsInput{})
	ts.Check(err)
	for _, l := range lists.Crls {
		if aws.ToString(l.TrustAnchorArn) == aws.ToString(a.TrustAnchorArn) {
			ts.Check(do(l))
		}
	}
}

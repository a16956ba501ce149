package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/rolesanywhere"
	"github.com/aws/aws-sdk-go-v2/service/rolesanywhere/types"
	"github.com/rogpeppe/go-internal/testscript"

	"anchorctl/internal/sandbox"
)

// somebody is an administrator of the sandbox's account who does not use
// anchorctl.
type somebody struct {
	anywhere *rolesanywhere.Client
	iam      *iam.Client
}

func somebodyElse(ts *testscript.TestScript) somebody {
	url := ts.Getenv(sandbox.EnvURL)
	if url == "" {
		ts.Fatalf("there is no sandbox: the script has to start one")
	}
	key := credentials.NewStaticCredentialsProvider(ts.Getenv("AWS_ACCESS_KEY_ID"), ts.Getenv("AWS_SECRET_ACCESS_KEY"), "")
	return somebody{
		anywhere: rolesanywhere.New(rolesanywhere.Options{Region: "eu-central-1", BaseEndpoint: &url, Credentials: key}),
		iam:      iam.New(iam.Options{Region: "us-east-1", BaseEndpoint: &url, Credentials: key}),
	}
}

func makeForeign(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) >= 2, "foreign")
	s, name, rest := somebodyElse(ts), args[1], args[2:]
	switch args[0] {
	case "anchor":
		s.makeAnchor(ts, name)
	case "certificate":
		s.addCertificate(ts, name)
	case "tag":
		usage(ts, neg, len(rest) == 2, "foreign")
		_, err := s.anywhere.TagResource(context.Background(), &rolesanywhere.TagResourceInput{
			ResourceArn: s.anchor(ts, name).TrustAnchorArn, Tags: []types.Tag{{Key: &rest[0], Value: &rest[1]}},
		})
		ts.Check(err)
	case "noanchor":
		_, err := s.anywhere.DeleteTrustAnchor(context.Background(), &rolesanywhere.DeleteTrustAnchorInput{TrustAnchorId: s.anchor(ts, name).TrustAnchorId})
		ts.Check(err)
	case "list":
		s.replaceList(ts, name)
	case "nolist":
		s.eachList(ts, name, func(l types.CrlDetail) error {
			_, err := s.anywhere.DeleteCrl(context.Background(), &rolesanywhere.DeleteCrlInput{CrlId: l.CrlId})
			return err
		})
	case "listoff":
		s.eachList(ts, name, func(l types.CrlDetail) error {
			_, err := s.anywhere.DisableCrl(context.Background(), &rolesanywhere.DisableCrlInput{CrlId: l.CrlId})
			return err
		})
	case "profile":
		s.makeProfile(ts, name, rest)
	case "role":
		usage(ts, neg, len(rest) == 1, "foreign")
		trust := ts.ReadFile(rest[0])
		_, err := s.iam.CreateRole(context.Background(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: &trust})
		var there *iamtypes.EntityAlreadyExistsException
		if errors.As(err, &there) {
			_, err = s.iam.UpdateAssumeRolePolicy(context.Background(), &iam.UpdateAssumeRolePolicyInput{RoleName: &name, PolicyDocument: &trust})
		}
		ts.Check(err)
	case "policy":
		usage(ts, neg, len(rest) == 1, "foreign")
		_, err := s.iam.AttachRolePolicy(context.Background(), &iam.AttachRolePolicyInput{RoleName: &name, PolicyArn: &rest[0]})
		ts.Check(err)
	default:
		usage(ts, neg, false, "foreign")
	}
}

func (s somebody) makeAnchor(ts *testscript.TestScript, name string) {
	_, err := s.anywhere.CreateTrustAnchor(context.Background(), &rolesanywhere.CreateTrustAnchorInput{
		Name: &name, Enabled: aws.Bool(true), Source: bundleOf(selfSigned(ts, name)),
	})
	ts.Check(err)
}

// addCertificate puts a CA of its own into an anchor, beside what is there.
func (s somebody) addCertificate(ts *testscript.TestScript, name string) {
	a := s.anchor(ts, name)
	held, ok := a.Source.SourceData.(*types.SourceDataMemberX509CertificateData)
	if !ok {
		ts.Fatalf("anchor %q holds no certificates", name)
	}
	_, err := s.anywhere.UpdateTrustAnchor(context.Background(), &rolesanywhere.UpdateTrustAnchorInput{
		TrustAnchorId: a.TrustAnchorId, Source: bundleOf(strings.TrimSpace(held.Value) + "\n" + selfSigned(ts, name)),
	})
	ts.Check(err)
}

func (s somebody) anchor(ts *testscript.TestScript, name string) types.TrustAnchorDetail {
	all, err := s.anywhere.ListTrustAnchors(context.Background(), &rolesanywhere.ListTrustAnchorsInput{})
	ts.Check(err)
	for _, a := range all.TrustAnchors {
		if aws.ToString(a.Name) == name {
			return a
		}
	}
	ts.Fatalf("there is no anchor %q", name)
	return types.TrustAnchorDetail{}
}

func (s somebody) makeProfile(ts *testscript.TestScript, name string, roles []string) {
	var arns []string
	for _, role := range roles {
		out, err := s.iam.GetRole(context.Background(), &iam.GetRoleInput{RoleName: &role})
		ts.Check(err)
		arns = append(arns, aws.ToString(out.Role.Arn))
	}
	_, err := s.anywhere.CreateProfile(context.Background(), &rolesanywhere.CreateProfileInput{Name: &name, RoleArns: arns, Enabled: aws.Bool(true)})
	ts.Check(err)
}

func bundleOf(text string) *types.Source {
	return &types.Source{
		SourceType: types.TrustAnchorTypeCertificateBundle,
		SourceData: &types.SourceDataMemberX509CertificateData{Value: text},
	}
}

// selfSigned is the certificate of a new CA.
func selfSigned(ts *testscript.TestScript, name string) string {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ts.Check(err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(started().Unix()), Subject: pkix.Name{CommonName: "Root of " + name},
		NotBefore: started().AddDate(-2, 0, 0), NotAfter: started().AddDate(0, 0, -1),
		BasicConstraintsValid: true, IsCA: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	ts.Check(err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

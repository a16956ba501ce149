package sandbox_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rolesanywhere"
	"github.com/aws/aws-sdk-go-v2/service/rolesanywhere/types"
	"github.com/aws/smithy-go"
)

// What AWS admits as an anchor: roots and intermediates alike; what the user
// guide's trust model rules out is refused.
func TestAnchorsThatAreTakenAndRefused(t *testing.T) {
	b := start(t)
	now := b.clock.tell()
	root := newRoot(t, "root", now)
	change := func(f func(*x509.Certificate)) string {
		tmpl, key := caTemplate(t, "ca", now), ecKey(t)
		f(tmpl)
		return pemOf(sign(t, tmpl, key.Public(), root.cert, root.key))
	}
	sha1Key := must(rsa.GenerateKey(rand.Reader, 2048))
	sha1 := caTemplate(t, "old", now)
	sha1.SignatureAlgorithm = x509.SHA1WithRSA
	key := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: must(x509.MarshalPKCS8PrivateKey(root.key))})
	good := change(func(*x509.Certificate) {})
	bundle := func(text string) *types.Source { return bundleOf(text) }
	tests := []struct {
		name   string
		source *types.Source
		code   string // empty: taken
		text   string
	}{
		{"a root", bundle(pemOf(root.cert)), "", ""},
		{"an intermediate", bundle(good), "", ""},
		{"two certificates", bundle(good + pemOf(root.cert)), "", ""},
		{"explanations between the blocks", bundle("Issuer: somebody\n" + good + "\n# end\n"), "", ""},
		{"path length 0", bundle(change(func(c *x509.Certificate) { c.MaxPathLenZero = true })), "", ""},
		{"a leaf", bundle(pemOf(root.leaf(t, leafTemplate(t, "prod", "backup", now), ecKey(t)))), "ValidationException", "Incorrect basic constraints for CA certificate"},
		{"no basic constraints", bundle(change(func(c *x509.Certificate) { c.BasicConstraintsValid, c.IsCA = false, false })), "ValidationException", "Incorrect basic constraints for CA certificate"},
		{"no keyCertSign", bundle(change(func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCRLSign })), "ValidationException", "key usage"},
		{"SHA-1", bundle(pemOf(sign(t, sha1, sha1Key.Public(), sha1, sha1Key))), "ValidationException", "signature algorithm"},
		{"a leaf behind a CA", bundle(good + pemOf(root.leaf(t, leafTemplate(t, "prod", "backup", now), ecKey(t)))), "ValidationException", "Incorrect basic constraints"},
		{"a private key", bundle(good + string(key)), "ValidationException", "Unable to parse certificate"},
		{"a block that is cut off", bundle(good + good[:200]), "ValidationException", "Unable to parse certificate"},
		{"no PEM", bundle("hello"), "ValidationException", "Unable to parse certificate"},
		{"a source without a type", &types.Source{SourceData: &types.SourceDataMemberX509CertificateData{Value: good}}, "ValidationException", "source"},
		{"a source without data", &types.Source{SourceType: types.TrustAnchorTypeCertificateBundle}, "ValidationException", "source"},
		{"a type that nobody defined", &types.Source{SourceType: "X", SourceData: &types.SourceDataMemberX509CertificateData{Value: good}}, "ValidationException",
			"Value 'X' at 'source.sourceType' failed to satisfy constraint: Member must satisfy enum value set: [AWS_ACM_PCA, CERTIFICATE_BUNDLE, SELF_SIGNED_REPOSITORY]"},
		{"AWS Private CA", &types.Source{SourceType: types.TrustAnchorTypeAwsAcmPca, SourceData: &types.SourceDataMemberAcmPcaArn{Value: "arn:aws:acm-pca:eu-central-1:111122223333:certificate-authority/x"}},
			"AccessDeniedException", "Error creating TrustAnchor. Given AWS PCA did not allow get request."},
		{"a self-signed repository", &types.Source{SourceType: types.TrustAnchorTypeSelfSignedRepository, SourceData: &types.SourceDataMemberX509CertificateData{Value: good}}, "ValidationException", "SELF_SIGNED_REPOSITORY"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := b.anywhere(prod).CreateTrustAnchor(t.Context(), &rolesanywhere.CreateTrustAnchorInput{Name: aws.String("a"), Source: tt.source})
			if tt.code == "" {
				if err != nil {
					t.Errorf("it was refused: %v", err)
				}
				return
			}
			wantCode(t, err, tt.code)
			if err != nil && !strings.Contains(err.Error(), tt.text) {
				t.Errorf("the text is %q, want %q", err, tt.text)
			}
		})
	}
}

func TestTextsOfFailedConstraints(t *testing.T) {
	b := start(t)
	tests := []struct {
		name string
		in   rolesanywhere.CreateProfileInput
		want string
	}{
		{"a name", rolesanywhere.CreateProfileInput{Name: aws.String("a/b"), RoleArns: []string{}},
			"1 validation error detected: Value 'a/b' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[ a-zA-Z0-9-_]*$"},
		{"two members", rolesanywhere.CreateProfileInput{Name: aws.String(""), RoleArns: []string{}, DurationSeconds: aws.Int32(899)},
			"2 validation errors detected: Value '' at 'name' failed to satisfy constraint: Member must have length greater than or equal to 1; " +
				"Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900"},
		{"a member of a list", rolesanywhere.CreateProfileInput{Name: aws.String("p"), RoleArns: []string{"arn:aws:iam::111122223333:role/r", "x"}},
			"1 validation error detected: Value '[arn:aws:iam::111122223333:role/r, x]' at 'roleArns' failed to satisfy constraint: " +
				"Member must satisfy constraint: [Member must satisfy regular expression pattern: ^arn:aws(-[^:]+)?:iam(:.*){2}(:role.*)$]"},
		{"what is sensitive is not shown", rolesanywhere.CreateProfileInput{Name: aws.String("p"), RoleArns: []string{}, Tags: []types.Tag{{Key: aws.String("k!"), Value: aws.String("v")}}},
			"1 validation error detected: Value at 'tags.1.member.key' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[ a-zA-Z0-9_.:/=+@-]*$"},
		{"a tag twice", rolesanywhere.CreateProfileInput{Name: aws.String("p"), RoleArns: []string{}, Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}, {Key: aws.String("k"), Value: aws.String("w")}}},
			"Duplicate tag keys found"},
		{"a role of another account", rolesanywhere.CreateProfileInput{Name: aws.String("p"), RoleArns: []string{"arn:aws:iam::444455556666:role/deploy"}},
			"Cross-account pass role is not allowed."},
		{"a line break in a name", rolesanywhere.CreateProfileInput{Name: aws.String("a\n"), RoleArns: []string{}},
			"1 validation error detected: Value 'a\n' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[ a-zA-Z0-9-_]*$"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := b.anywhere(prod).CreateProfile(t.Context(), &tt.in)
			var api smithy.APIError
			if !errors.As(err, &api) || api.ErrorMessage() != tt.want {
				t.Errorf("the error is %v\nwant %s", err, tt.want)
			}
		})
	}
}

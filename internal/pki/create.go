package pki

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"

	"github.com/smallstep/certificates/cas/apiv1"
	"github.com/smallstep/certificates/cas/softcas"
	"go.step.sm/crypto/keyutil"
)

// Parent is a CA that signs.
type Parent struct {
	Certificate *x509.Certificate
	Key         crypto.Signer
	// Point is the URL at which its revocation list is found; workload
	// certificates name it unless it is empty.
	Point string
}

// NewRoot makes the self-signed certificate of a root.
func NewRoot(spec RootSpec, key crypto.Signer) (*x509.Certificate, error) {
	t, err := spec.template(key.Public())
	if err != nil {
		return nil, fmt.Errorf("making root %d: %w", spec.Generation, err)
	}
	c, err := create(t, Parent{Certificate: t, Key: key})
	if err != nil {
		return nil, fmt.Errorf("making root %d: %w", spec.Generation, err)
	}
	if !SelfSigned(c) {
		return nil, fmt.Errorf("making root %d: the signature does not verify under its own key", spec.Generation)
	}
	if err := validateAny(c, spec.Now, false); err != nil {
		return nil, fmt.Errorf("making root %d: %w", spec.Generation, err)
	}
	return c, nil
}

// NewIssuer makes the certificate of an environment's issuer.
func NewIssuer(spec IssuerSpec, pub crypto.PublicKey, parent Parent) (*x509.Certificate, error) {
	c, err := newIssuer(spec, pub, parent)
	if err != nil {
		return nil, fmt.Errorf("making issuer %d of %s: %w", spec.Generation, spec.Environment, err)
	}
	return c, nil
}

func newIssuer(spec IssuerSpec, pub crypto.PublicKey, parent Parent) (*x509.Certificate, error) {
	if err := parent.check(pub); err != nil {
		return nil, err
	}
	t, err := spec.template(pub, parent.Certificate)
	if err != nil {
		return nil, err
	}
	c, err := create(t, parent)
	if err != nil {
		return nil, err
	}
	if _, err := VerifyPath(c, nil, []*x509.Certificate{parent.Certificate}, spec.Now, AsIssuer); err != nil {
		return nil, err
	}
	return c, nil
}

// NewWorkload makes the certificate of a workload.
func NewWorkload(spec WorkloadSpec, pub crypto.PublicKey, parent Parent) (*x509.Certificate, error) {
	c, err := newWorkload(spec, pub, parent)
	if err != nil {
		return nil, fmt.Errorf("making certificate of workload %s/%s: %w", spec.Environment, spec.Workload, err)
	}
	return c, nil
}

func newWorkload(spec WorkloadSpec, pub crypto.PublicKey, parent Parent) (*x509.Certificate, error) {
	if err := parent.check(pub); err != nil {
		return nil, err
	}
	t, err := spec.template(pub, parent.Certificate)
	if err != nil {
		return nil, err
	}
	parent.point(t)
	// The name constraint can be turned off; an issuer signs for its own
	// environment alone all the same.
	if ou := parent.Certificate.Subject.OrganizationalUnit; len(ou) != 1 || ou[0] != spec.Environment {
		return nil, fmt.Errorf("%q is not an issuer of environment %s", parent.Certificate.Subject.String(), spec.Environment)
	}
	c, err := create(t, parent)
	if err != nil {
		return nil, err
	}
	if _, err := VerifyPath(c, nil, []*x509.Certificate{parent.Certificate}, spec.Now, AsWorkload); err != nil {
		return nil, err
	}
	return c, nil
}

// whole: the signer of smallstep looks at none of this.
func (p Parent) whole() error {
	if p.Certificate == nil || p.Key == nil {
		return errors.New("there is no issuer to sign with")
	}
	if err := keyutil.VerifyPair(p.Certificate.PublicKey, p.Key); err != nil {
		return fmt.Errorf("the private key does not belong to the certificate of %q", p.Certificate.Subject.CommonName)
	}
	return nil
}

// point has a certificate name where its issuer's revocation list is.
func (p Parent) point(t *x509.Certificate) {
	if p.Point != "" {
		t.CRLDistributionPoints = []string{p.Point}
	}
}

func (p Parent) check(child crypto.PublicKey) error {
	if err := p.whole(); err != nil {
		return err
	}
	if keyutil.Equal(child, p.Certificate.PublicKey) {
		return fmt.Errorf("the key to certify is that of %q itself", p.Certificate.Subject.CommonName)
	}
	return nil
}

// create lints a twin of the certificate, signed by a throw-away key of the same
// kind, and only then signs with the real one. Both must agree in every byte
// that is signed.
func create(t *x509.Certificate, parent Parent) (*x509.Certificate, error) {
	throwAway, alg, err := throwAwayKey(parent.Key.Public())
	if err != nil {
		return nil, err
	}
	t.SignatureAlgorithm = alg
	stand := *parent.Certificate
	stand.PublicKey = throwAway.Public()
	twin, err := sign(t, &stand, throwAway)
	if err != nil {
		return nil, err
	}
	if problems := Lint(twin); len(problems) > 0 {
		return nil, &LintError{Problems: problems}
	}
	real, err := sign(t, parent.Certificate, parent.Key)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(real.RawTBSCertificate, twin.RawTBSCertificate) {
		return nil, errors.New("what was signed is not what was linted")
	}
	return real, nil
}

func sign(t, parent *x509.Certificate, key crypto.Signer) (*x509.Certificate, error) {
	own := *t // the signer writes into its template
	ca := &softcas.SoftCAS{CertificateChain: []*x509.Certificate{parent}, Signer: key}
	made, err := ca.CreateCertificate(&apiv1.CreateCertificateRequest{Template: &own, Lifetime: t.NotAfter.Sub(t.NotBefore)})
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	return made.Certificate, nil
}

// throwAwayKey is a key that signs with the same algorithm as the one given, and
// that algorithm. Its size matters to no lint, so RSA takes the quickest.
func throwAwayKey(like crypto.PublicKey) (crypto.Signer, x509.SignatureAlgorithm, error) {
	switch k := like.(type) {
	case *rsa.PublicKey:
		key, err := keyutil.GenerateSigner("RSA", "", 2048)
		return key, x509.SHA256WithRSA, err
	case *ecdsa.PublicKey:
		key, err := keyutil.GenerateSigner("EC", k.Curve.Params().Name, 0)
		switch k.Curve {
		case elliptic.P256():
			return key, x509.ECDSAWithSHA256, err
		case elliptic.P384():
			return key, x509.ECDSAWithSHA384, err
		case elliptic.P521():
			return key, x509.ECDSAWithSHA512, err
		}
	}
	return nil, 0, fmt.Errorf("signing with a key of kind %s is not supported", KeyKind(like))
}

// LintError says what the lints found.
type LintError struct{ Problems []Problem }

func (e *LintError) Error() string {
	var words []string
	for _, p := range e.Problems {
		words = append(words, p.Message+" ["+p.Code+"]")
	}
	return "linting: " + strings.Join(words, "; ")
}

package issuers

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"anchorctl/internal/admission"
	"anchorctl/internal/config"
	"anchorctl/internal/engine"
	"anchorctl/internal/hint"
	"anchorctl/internal/keys"
	"anchorctl/internal/pki"
	"anchorctl/internal/plan"
	"anchorctl/internal/rules"
)

// OuterRoot is the certificate of the configuration's root when its key is
// somebody else's, judged; nil when it is ours.
func OuterRoot(c *config.Config, now time.Time) (*x509.Certificate, error) {
	if c.Root.Certificate == "" {
		return nil, nil
	}
	root, err := pki.ParseOne(c.Root.CertificateText)
	if err != nil {
		return nil, fmt.Errorf("reading root.certificate, %q: %w", c.Root.Certificate, err)
	}
	if findings := admission.JudgeRoot(c.Root.Certificate, root, now); rules.Refused(findings) {
		return nil, &rules.Refusal{Findings: findings}
	}
	return root, nil
}

// maxSigned is the most bytes that a file with a certificate holds.
const maxSigned = 64 << 10

// asked is what is wanted of a root that is somebody else's.
type asked struct {
	addr   plan.Addr
	spec   Spec
	key    keys.Key
	former *x509.Certificate // in a renewal
}

func (d *Doer) requestFile(addr plan.Addr) string {
	return filepath.Join(d.Requests, keyName(addr)+".csr")
}

func (d *Doer) signedFile(addr plan.Addr) string {
	return filepath.Join(d.Requests, keyName(addr)+".pem")
}

// elsewhere gets an issuer's certificate from a root that is somebody else's: it
// asks for it in a file, and holds until the answer lies beside it.
func (d *Doer) elsewhere(kind plan.Kind, a asked) (*x509.Certificate, error) {
	cert, err := d.answer(a)
	if err != nil || cert != nil {
		return cert, err
	}
	if err := d.ask(a); err != nil {
		return nil, err
	}
	return nil, &engine.HeldError{
		Action: plan.ID(kind, a.addr),
		Reason: fmt.Sprintf("%q has to sign its certificate: the request is %s", d.root.Certificate.Subject.String(), d.requestFile(a.addr)),
		Hints: []string{
			"have it signed as it asks: the subject as it is, CA:TRUE with pathlen:0, keyCertSign and cRLSign, clientAuth, the name constraints (critical), " +
				"subject and authority key identifiers, for " + config.Duration(a.spec.Lifetime).String(),
			fmt.Sprintf("put the certificate, alone and as PEM, at %s, and run the same command again (a rotation: rotate resume)", d.signedFile(a.addr)),
		},
	}
}

// ask writes the request. One that is there for this key is kept: somebody may
// have taken it to the CA already.
func (d *Doer) ask(a asked) error {
	path := d.requestFile(a.addr)
	if data, err := os.ReadFile(path); err == nil {
		if r, err := pki.ParseRequest(data); err == nil && sameKey(r.Key, a.key.Public()) {
			return d.Ring.Files.Sync(path)
		}
	}
	text, err := pki.NewIssuerRequest(a.spec.pki(a.addr.Generation, d.Clock.Now()), a.key)
	if err != nil {
		return err
	}
	if err := d.Ring.Files.MkdirAll(d.Requests, 0o700); err != nil {
		return err
	}
	return d.Ring.Files.Replace(path, text, 0o644)
}

func sameKey(a, b any) bool {
	one, errA := pki.DigestOfKey(a)
	other, errB := pki.DigestOfKey(b)
	return errA == nil && errB == nil && one == other
}

// answer is the certificate that came back, judged; nil when none is there, or
// the one that is being renewed still.
func (d *Doer) answer(a asked) (*x509.Certificate, error) {
	path := d.signedFile(a.addr)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil && info.Size() > maxSigned {
		err = fmt.Errorf("%q holds more than %d bytes", path, maxSigned)
	}
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	cert, err := pki.ParseOne(data)
	if err != nil {
		return nil, hint.With(fmt.Errorf("reading %q: %w", path, err),
			"put the issuer's certificate there, and nothing else: CAs between the root and the issuer are not supported, the root itself has to sign it")
	}
	if a.former != nil && a.former.Equal(cert) {
		return nil, nil
	}
	if wrong := d.wrong(a, cert); len(wrong) > 0 {
		return nil, hint.With(fmt.Errorf("%q is not what was asked for: %s", path, strings.Join(wrong, "; ")),
			fmt.Sprintf("have %q signed as it asks, or put the right file there", d.requestFile(a.addr)))
	}
	_, findings := admission.Admit(admission.AnchorCase{
		At: path, Certificate: cert, Roots: []*x509.Certificate{d.root.Certificate}, Now: d.Clock.Now(),
	})
	if rules.Refused(findings) {
		return nil, &rules.Refusal{Findings: findings}
	}
	return cert, nil
}

// wrong says in words what of a certificate is not as it was asked for.
func (d *Doer) wrong(a asked, cert *x509.Certificate) []string {
	if !sameKey(cert.PublicKey, a.key.Public()) {
		return []string{"it is of another key"}
	}
	var words []string
	if want := a.spec.pki(a.addr.Generation, d.Clock.Now()).Subject(); want != cert.Subject.String() {
		words = append(words, fmt.Sprintf("its subject is %q, not %q", cert.Subject.String(), want))
	}
	switch {
	case len(cert.SubjectKeyId) == 0:
		words = append(words, "it has no subject key identifier")
	case a.former != nil && !bytes.Equal(a.former.SubjectKeyId, cert.SubjectKeyId):
		words = append(words, "its subject key identifier is not that of the certificate before")
	}
	if !bytes.Equal(cert.AuthorityKeyId, d.root.Certificate.SubjectKeyId) {
		words = append(words, fmt.Sprintf("its authority key identifier is not that of %q, which has to sign it itself", d.root.Certificate.Subject.String()))
	}
	if !cert.MaxPathLenZero || cert.MaxPathLen != 0 {
		words = append(words, "its path length is not 0")
	}
	if cert.KeyUsage&x509.KeyUsageCRLSign == 0 {
		words = append(words, "it may not sign revocation lists")
	}
	for _, word := range a.spec.Drift(cert) {
		words = append(words, strings.Replace(word, "the issuer was minted with", "the certificate has", 1))
	}
	return words
}

// answered clears away what was asked for and is on record now.
func (d *Doer) answered(addr plan.Addr) error {
	return errors.Join(d.Ring.Files.Remove(d.requestFile(addr)), d.Ring.Files.Remove(d.signedFile(addr)))
}

// ours reports whether the root that signs is; Unlock has been called.
func (d *Doer) ours() bool { return d.root.Key != nil }

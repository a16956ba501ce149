package admission

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"errors"
	"fmt"

	"anchorctl/internal/pki"
	"anchorctl/internal/publicca"
	"anchorctl/internal/rules"
)

// ReadRequest reads a certificate request, whose signature must show that
// whoever made it holds the key (ANC206). What it asks for is not judged:
// nobody heeds it.
func ReadRequest(at string, data []byte) (pki.Request, []rules.Finding) {
	r, err := pki.ParseRequest(data)
	if err == nil {
		return r, nil
	}
	f := rules.Find("ANC206", at, err.Error())
	var wrong *pki.RequestError
	if errors.As(err, &wrong) && wrong.Found == pki.FoundPrivateKey {
		f.Remedy = "send the request alone and keep the private key on the host; if others have seen it, make a new one"
	}
	return pki.Request{}, []rules.Finding{f}
}

// KeyCase is a key that was brought by a request, and what it must not be.
type KeyCase struct {
	At     string
	Key    crypto.PublicKey
	CAs    []Use  // the estate's roots and issuers, of every generation
	Former string // whom else a certificate was issued to for the key; empty: nobody
	// Compromised: a certificate for the key was revoked because others have it.
	Compromised bool
	Public      *publicca.Set // nil: the embedded one
}

// JudgeKey judges a key that is to be certified (ANC206).
func JudgeKey(c KeyCase) []rules.Finding {
	var findings []rules.Finding
	find := func(format string, args ...any) {
		findings = append(findings, rules.Find("ANC206", c.At, fmt.Sprintf(format, args...)))
	}
	for _, wrong := range []string{badKey(c.Key), unusual(c.Key)} {
		if wrong != "" {
			find("%s", wrong)
			return findings
		}
	}
	for _, ca := range c.CAs {
		if ca.Certificate != nil && pki.Carries(ca.Certificate, c.Key) {
			find("the key is that of %s: no workload has the key of a CA", ca.By)
		}
	}
	public := c.Public
	if public == nil {
		public = publicca.Load()
	}
	if err := public.Err(); err != nil {
		find("nothing can be told apart from a key that everybody knows: %v", err)
	} else if entry, found := public.Key(c.Key); found {
		find("the key is that of %s", known(entry))
	}
	if c.Former != "" {
		find("a certificate for the key was issued to %s: a key has one owner, or nobody can tell whose session it was", c.Former)
	}
	if c.Compromised {
		find("a certificate for the key was revoked with the reason keyCompromise: others have the key")
	}
	return findings
}

// unusual: workloads have keys of the types that are made for them.
func unusual(pub crypto.PublicKey) string {
	switch key := pub.(type) {
	case *ecdsa.PublicKey:
		if key.Curve.Params().BitSize > 384 {
			return "the key is on P-521, which few clients can use; P-256 or P-384 is needed"
		}
	case *rsa.PublicKey:
		if bits := key.N.BitLen(); bits != 2048 && bits != 3072 && bits != 4096 {
			return fmt.Sprintf("the RSA key has the unusual size of %d bits; 2048, 3072 or 4096 are needed", bits)
		}
	}
	return ""
}

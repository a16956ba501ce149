package publicca

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/md5" //nolint:gosec // public CAs signed with it once
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // public CAs signed with it once
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
)

// signed reports whether the certificate's signature verifies under the key.
// x509's own check refuses MD5 and SHA-1; a certificate must not escape by
// having been signed long ago.
func signed(c *x509.Certificate, key crypto.PublicKey) bool {
	hash, pss := hashOf(c.SignatureAlgorithm)
	if hash == 0 {
		return false
	}
	switch key := key.(type) {
	case *rsa.PublicKey:
		// An RSA signature is as long as its key: most keys are out at once.
		if ecdsaAlgorithm(c.SignatureAlgorithm) || len(c.Signature) != key.Size() {
			return false
		}
		digest := sum(hash, c.RawTBSCertificate)
		if pss {
			return rsa.VerifyPSS(key, hash, digest, c.Signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthAuto}) == nil
		}
		return rsa.VerifyPKCS1v15(key, hash, digest, c.Signature) == nil
	case *ecdsa.PublicKey:
		return ecdsaAlgorithm(c.SignatureAlgorithm) &&
			ecdsa.VerifyASN1(key, sum(hash, c.RawTBSCertificate), c.Signature)
	default:
		return false
	}
}

func ecdsaAlgorithm(alg x509.SignatureAlgorithm) bool {
	switch alg {
	case x509.ECDSAWithSHA1, x509.ECDSAWithSHA256, x509.ECDSAWithSHA384, x509.ECDSAWithSHA512:
		return true
	default:
		return false
	}
}

func hashOf(alg x509.SignatureAlgorithm) (hash crypto.Hash, pss bool) {
	switch alg {
	case x509.MD5WithRSA:
		return crypto.MD5, false
	case x509.SHA1WithRSA, x509.ECDSAWithSHA1:
		return crypto.SHA1, false
	case x509.SHA256WithRSA, x509.ECDSAWithSHA256:
		return crypto.SHA256, false
	case x509.SHA384WithRSA, x509.ECDSAWithSHA384:
		return crypto.SHA384, false
	case x509.SHA512WithRSA, x509.ECDSAWithSHA512:
		return crypto.SHA512, false
	case x509.SHA256WithRSAPSS:
		return crypto.SHA256, true
	case x509.SHA384WithRSAPSS:
		return crypto.SHA384, true
	case x509.SHA512WithRSAPSS:
		return crypto.SHA512, true
	default:
		return 0, false
	}
}

func sum(hash crypto.Hash, data []byte) []byte {
	switch hash {
	case crypto.MD5:
		s := md5.Sum(data) //nolint:gosec // as above
		return s[:]
	case crypto.SHA1:
		s := sha1.Sum(data) //nolint:gosec // as above
		return s[:]
	case crypto.SHA256:
		s := sha256.Sum256(data)
		return s[:]
	case crypto.SHA384:
		s := sha512.Sum384(data)
		return s[:]
	default:
		s := sha512.Sum512(data)
		return s[:]
	}
}

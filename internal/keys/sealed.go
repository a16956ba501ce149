package keys

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/fips140"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"

	"go.step.sm/crypto/pemutil"
)

const pemSealed = "ENCRYPTED PRIVATE KEY"

// The rounds of PBKDF2 under a generated secret: what RFC 8018 section 4.2 asks
// for at the least. A file that asks for more than the most would only keep us
// busy.
const (
	roundsSecret = 1_000
	roundsMost   = 20_000_000
)

// sealedKey is EncryptedPrivateKeyInfo of RFC 5958 section 3 with PBES2 of RFC
// 8018 appendix A.4, which pemutil, OpenSSL and GnuTLS write.
type sealedKey struct {
	Scheme struct {
		ID     asn1.ObjectIdentifier
		Params struct {
			KDF struct {
				ID     asn1.ObjectIdentifier
				Params struct {
					Salt      []byte
					Rounds    int
					KeyLength int                      `asn1:"optional"`
					PRF       pkix.AlgorithmIdentifier `asn1:"optional"`
				}
			}
			Cipher struct {
				ID asn1.ObjectIdentifier
				IV []byte
			}
		}
	}
	Data []byte
}

// newSealedKey is a key encrypted the one way that is written and read: PBES2,
// PBKDF2-HMAC-SHA256, AES-256-CBC.
func newSealedKey(salt []byte, rounds int, iv, data []byte) sealedKey {
	k := sealedKey{Data: data}
	k.Scheme.ID = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}
	kdf, enc := &k.Scheme.Params.KDF, &k.Scheme.Params.Cipher
	kdf.ID = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}
	kdf.Params.Salt, kdf.Params.Rounds = salt, rounds
	kdf.Params.PRF = pkix.AlgorithmIdentifier{
		Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 9}, Parameters: asn1.NullRawValue}
	enc.ID, enc.IV = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 42}, iv
	return k
}

// seal encrypts a PKCS#8 private key under a passphrase, with pemutil's 600,000
// rounds.
func seal(pkcs8, passphrase []byte) (*pem.Block, error) {
	return pemutil.EncryptPKCS8PrivateKey(rand.Reader, pkcs8, passphrase, x509.PEMCipherAES256)
}

// sealQuickly is seal for the text of a generated secret. Its 256 random bits need
// no stretching, and the keys it guards are opened by programs many times a day,
// but pemutil writes one number of rounds only: this does what
// pemutil.EncryptPKCS8PrivateKey does with fewer. pemutil reads what it writes.
func sealQuickly(pkcs8, secret []byte) (*pem.Block, error) {
	random := make([]byte, 16+aes.BlockSize)
	if _, err := rand.Read(random); err != nil {
		return nil, err
	}
	salt, iv := random[:16], random[16:]
	// crypto/pbkdf2 takes a string, which cannot be wiped; it lives no longer than
	// the process, which ends with the command.
	key, err := pbkdf2.Key(sha256.New, string(secret), salt, roundsSecret, 32)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	// Padding of RFC 8018 section 6.1.1: n bytes of value n.
	pad := aes.BlockSize - len(pkcs8)%aes.BlockSize
	data := slices.Concat(pkcs8, bytes.Repeat([]byte{byte(pad)}, pad))
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(data, data)
	der, err := asn1.Marshal(newSealedKey(salt, roundsSecret, iv, data))
	return &pem.Block{Type: pemSealed, Bytes: der}, err
}

// errOpening says that the password does not open the key; damage inside the
// encrypted part looks the same.
var errOpening = errors.New("it does not open the key")

// unseal decrypts a key file, whatever its rounds.
func unseal(file, password []byte) (crypto.Signer, error) {
	block, rest := pem.Decode(file)
	if block == nil || block.Type != pemSealed || len(block.Headers) > 0 || len(trim(rest)) > 0 {
		return nil, fmt.Errorf("want one PEM block %q and nothing else", pemSealed)
	}
	der, err := normal(block.Bytes)
	if err != nil {
		return nil, err
	}
	pkcs8, err := pemutil.DecryptPKCS8PrivateKey(der, password)
	if err != nil {
		return nil, errOpening
	}
	defer clear(pkcs8)
	// A wrong password leaves sound padding once in 256 times.
	key, err := x509.ParsePKCS8PrivateKey(pkcs8)
	if err != nil || !sound(pkcs8, key) {
		return nil, errOpening
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, errors.New("the key cannot sign")
	}
	return signer, nil
}

// normal is an encrypted key in the very form that pemutil writes, its sizes
// checked. pemutil panics when the initialisation vector or the encrypted part has
// the wrong size, tries as many rounds as a file asks for, and does not read what
// GnuTLS writes, which leaves out the parameters of the hash.
func normal(der []byte) ([]byte, error) {
	var k sealedKey
	if rest, err := asn1.Unmarshal(der, &k); err != nil || len(rest) > 0 {
		return nil, errors.New("the encrypted key is malformed")
	}
	kdf, enc := k.Scheme.Params.KDF, k.Scheme.Params.Cipher
	salt, rounds, length := kdf.Params.Salt, kdf.Params.Rounds, kdf.Params.KeyLength
	n := newSealedKey(salt, rounds, enc.IV, k.Data)
	want := n.Scheme.Params
	switch {
	case !k.Scheme.ID.Equal(n.Scheme.ID), !kdf.ID.Equal(want.KDF.ID), !enc.ID.Equal(want.Cipher.ID),
		!kdf.Params.PRF.Algorithm.Equal(want.KDF.Params.PRF.Algorithm), length != 0 && length != 32:
		return nil, errors.New("the key is not encrypted with PBES2, PBKDF2-HMAC-SHA256 and AES-256-CBC")
	case rounds < 1 || rounds > roundsMost, len(salt) < 8 || len(salt) > 256,
		len(enc.IV) != aes.BlockSize, len(k.Data) == 0 || len(k.Data)%aes.BlockSize != 0:
		return nil, errors.New("the encrypted key is malformed")
	case len(salt) < 16 && fips140.Enforced():
		return nil, fmt.Errorf("the salt has %d bytes: FIPS 140-only mode takes no fewer than 16", len(salt))
	}
	return asn1.Marshal(n)
}

// sound reports whether an elliptic curve key fits the public key that is written
// with it. The encryption has no checksum, and crypto/x509 overlooks that public
// key, so damage could pass for another key; RSA keys are checked by crypto/x509.
func sound(pkcs8 []byte, key any) bool {
	ec, ok := key.(*ecdsa.PrivateKey)
	if !ok {
		return true
	}
	point, err := ec.PublicKey.Bytes()
	return err == nil && bytes.Contains(pkcs8, point)
}

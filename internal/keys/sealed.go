package keys

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
)

// The rounds of PBKDF2. A passphrase is stretched
// (https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html#pbkdf2);
// a generated secret has 256 random bits, and gets what RFC 8018 section 4.2 asks
// for at the least. A file that asks for more than the last would only keep us
// busy.
const (
	roundsPassphrase = 600_000
	roundsSecret     = 1_000
	roundsMost       = 20_000_000
)

const pemSealed = "ENCRYPTED PRIVATE KEY"

// EncryptedPrivateKeyInfo of RFC 5958 section 3 with PBES2 of RFC 8018 appendix A.
// OpenSSL and every other tool read it. It is written here, and not with pemutil,
// because pemutil knows one number of rounds only and panics on damaged files.
type sealedKey struct {
	Algorithm struct {
		ID     asn1.ObjectIdentifier
		Params struct {
			KDF struct {
				ID     asn1.ObjectIdentifier
				Params kdfParams
			}
			Cipher struct {
				ID asn1.ObjectIdentifier
				IV []byte
			}
		}
	}
	Data []byte
}

type kdfParams struct {
	Salt      []byte
	Rounds    int
	KeyLength int                      `asn1:"optional"`
	PRF       pkix.AlgorithmIdentifier `asn1:"optional"`
}

type identifiers struct{ pbes2, pbkdf2, hmacSHA256, aes256CBC asn1.ObjectIdentifier }

func oids() identifiers {
	return identifiers{
		pbes2:      asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13},
		pbkdf2:     asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12},
		hmacSHA256: asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 9},
		aes256CBC:  asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 42},
	}
}

// seal encrypts a PKCS#8 private key under a password.
func seal(pkcs8, password []byte, rounds int) ([]byte, error) {
	salt, iv := make([]byte, 16), make([]byte, aes.BlockSize)
	for _, b := range [][]byte{salt, iv} {
		if _, err := rand.Read(b); err != nil {
			return nil, err
		}
	}
	block, err := blockCipher(password, salt, rounds)
	if err != nil {
		return nil, err
	}
	// Padding of RFC 8018 section 6.1.1: n bytes of value n.
	pad := aes.BlockSize - len(pkcs8)%aes.BlockSize
	data := append(make([]byte, 0, len(pkcs8)+pad), pkcs8...)
	for range pad {
		data = append(data, byte(pad))
	}
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(data, data)

	var k sealedKey
	id := oids()
	k.Algorithm.ID = id.pbes2
	k.Algorithm.Params.KDF.ID = id.pbkdf2
	k.Algorithm.Params.KDF.Params = kdfParams{Salt: salt, Rounds: rounds,
		PRF: pkix.AlgorithmIdentifier{Algorithm: id.hmacSHA256, Parameters: asn1.NullRawValue}}
	k.Algorithm.Params.Cipher.ID = id.aes256CBC
	k.Algorithm.Params.Cipher.IV = iv
	k.Data = data
	der, err := asn1.Marshal(k)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: pemSealed, Bytes: der}), nil
}

// errOpening says that the password does not open the key; damage inside the
// encrypted part looks the same.
var errOpening = errors.New("it does not open the key")

// unseal decrypts a sealed PEM file. The caller wipes what it returns.
func unseal(file, password []byte) ([]byte, error) {
	block, rest := pem.Decode(file)
	if block == nil || block.Type != pemSealed || len(block.Headers) > 0 || len(trim(rest)) > 0 {
		return nil, fmt.Errorf("want one PEM block %q and nothing else", pemSealed)
	}
	var k sealedKey
	if rest, err := asn1.Unmarshal(block.Bytes, &k); err != nil || len(rest) > 0 {
		return nil, errors.New("the encrypted key is malformed")
	}
	id, params := oids(), k.Algorithm.Params
	switch {
	case !k.Algorithm.ID.Equal(id.pbes2), !params.KDF.ID.Equal(id.pbkdf2),
		!params.KDF.Params.PRF.Algorithm.Equal(id.hmacSHA256), !params.Cipher.ID.Equal(id.aes256CBC),
		params.KDF.Params.KeyLength != 0 && params.KDF.Params.KeyLength != 32:
		return nil, errors.New("the key is not encrypted with PBES2, PBKDF2-HMAC-SHA256 and AES-256-CBC")
	case params.KDF.Params.Rounds < 1 || params.KDF.Params.Rounds > roundsMost,
		len(params.KDF.Params.Salt) < 8 || len(params.KDF.Params.Salt) > 256,
		len(params.Cipher.IV) != aes.BlockSize, len(k.Data) == 0 || len(k.Data)%aes.BlockSize != 0:
		return nil, errors.New("the encrypted key is malformed")
	}
	c, err := blockCipher(password, params.KDF.Params.Salt, params.KDF.Params.Rounds)
	if err != nil {
		return nil, err
	}
	cipher.NewCBCDecrypter(c, params.Cipher.IV).CryptBlocks(k.Data, k.Data)
	return unpad(k.Data)
}

// sound reports whether an elliptic curve key fits the public key that is written
// with it. The encryption has no checksum, and crypto/x509 overlooks that public
// key, so damage could pass for another key; RSA keys are checked by crypto/x509.
func sound(pkcs8 []byte, key any) bool {
	ec, ok := key.(*ecdsa.PrivateKey)
	if !ok {
		return true
	}
	var outer struct {
		Version   int
		Algorithm pkix.AlgorithmIdentifier
		Key       []byte
		Rest      asn1.RawValue `asn1:"optional"`
	}
	var inner struct { // RFC 5915 section 3
		Version int
		Scalar  []byte
		Curve   asn1.ObjectIdentifier `asn1:"optional,explicit,tag:0"`
		Public  asn1.BitString        `asn1:"optional,explicit,tag:1"`
	}
	if _, err := asn1.Unmarshal(pkcs8, &outer); err != nil {
		return false
	}
	if _, err := asn1.Unmarshal(outer.Key, &inner); err != nil {
		return false
	}
	point, err := ec.PublicKey.Bytes()
	return err == nil && bytes.Equal(inner.Public.Bytes, point)
}

func unpad(data []byte) ([]byte, error) {
	n := int(data[len(data)-1])
	if n < 1 || n > aes.BlockSize {
		return nil, errOpening
	}
	for _, b := range data[len(data)-n:] {
		if int(b) != n {
			return nil, errOpening
		}
	}
	return data[:len(data)-n], nil
}

func blockCipher(password, salt []byte, rounds int) (cipher.Block, error) {
	// crypto/pbkdf2 takes a string, which cannot be wiped; it lives no longer than
	// the process, which ends with the command.
	key, err := pbkdf2.Key(sha256.New, string(password), salt, rounds, 32)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	return aes.NewCipher(key)
}

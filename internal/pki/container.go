package pki

import (
	"bytes"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
)

const (
	beginAny         = "-----BEGIN "
	beginCertificate = beginAny + pemCertificate + "-----"
)

// OpenOne finds the DER of the one certificate that data is: as PEM, as DER, or
// in a PKCS#7 bundle that holds it and nothing else. Whether it is a sound
// certificate is for ParseDER. A *ParseError says what was found instead.
func OpenOne(data []byte) ([]byte, error) {
	if len(data) > MaxFile {
		return nil, &ParseError{Found: FoundTooMuch, Err: fmt.Errorf("more than %d bytes", MaxFile)}
	}
	text := trim(data)
	if found := foreign(data, text); found != "" {
		return nil, &ParseError{Found: found}
	}
	if !bytes.HasPrefix(text, []byte(beginAny)) {
		return oneOf(data, isPKCS7(data))
	}
	block, rest := pem.Decode(text)
	switch {
	case block == nil || len(block.Headers) > 0 || !samePEM(block, text[:len(text)-len(rest)]):
		return nil, &ParseError{Found: FoundDamagedPEM}
	case len(trim(rest)) > 0:
		return nil, &ParseError{Found: FoundTrailing}
	case holdsPrivateKey(block.Bytes):
		return nil, &ParseError{Found: FoundPrivateKey}
	}
	return oneOf(block.Bytes, block.Type != pemCertificate)
}

// oneOf is the one certificate in a container's bytes.
func oneOf(data []byte, bundle bool) ([]byte, error) {
	if !bundle {
		return alone(data)
	}
	list, err := openPKCS7(data)
	switch {
	case err != nil:
		return nil, &ParseError{Found: FoundPKCS7, Err: err}
	case len(list) != 1:
		return nil, &ParseError{Found: FoundPKCS7, Err: fmt.Errorf("it holds %d certificates", len(list))}
	}
	return alone(list[0])
}

// alone holds that data is one DER SEQUENCE; what trails it is named.
func alone(data []byte) ([]byte, error) {
	first, ok := elementLength(data)
	switch {
	case !ok:
		return nil, &ParseError{Found: FoundUnknownData}
	case first == len(data) && otherDER(data) == FoundPrivateKey:
		return nil, &ParseError{Found: FoundPrivateKey}
	case first == len(data):
		return data, nil
	case !certificateLike(data[:first]):
		return nil, &ParseError{Found: FoundUnknownData}
	case otherDER(data[first:]) == FoundPrivateKey:
		return nil, &ParseError{Found: FoundPrivateKey}
	}
	if second, ok := elementLength(data[first:]); ok && certificateLike(data[first:first+second]) {
		return nil, &ParseError{Found: FoundSeveral}
	}
	return nil, &ParseError{Found: FoundTrailing}
}

// maxChainParts bounds what a chain's file can make us hold.
const maxChainParts = 200

// OpenChain finds the DER of the certificates of a chain: PEM blocks with text
// between them or not, DER, or PKCS#7 bundles of any number of certificates.
// Whatever else stands there is a *ParseError.
func OpenChain(data []byte) ([][]byte, error) {
	if len(data) > maxBundle {
		return nil, &ParseError{Found: FoundTooMuch, Err: fmt.Errorf("more than %d bytes", maxBundle)}
	}
	switch {
	case holdsPrivateKey(data):
		return nil, &ParseError{Found: FoundPrivateKey}
	case !bytes.Contains(data, []byte(beginAny)):
		return openBinaryChain(data)
	}
	var all [][]byte
	blocks, rest := 0, data
	for block, after := pem.Decode(rest); block != nil; block, after = pem.Decode(rest) {
		rest = after
		blocks++
		list, err := openBlock(block)
		if err != nil {
			return nil, err
		}
		if all = append(all, list...); len(all) > maxChainParts {
			return nil, &ParseError{Found: FoundTooMuch, Err: fmt.Errorf("more than %d certificates", maxChainParts)}
		}
	}
	if bytes.Count(data, []byte(beginAny)) != blocks {
		return nil, &ParseError{Found: FoundDamagedPEM}
	}
	return all, nil
}

func openBinaryChain(data []byte) ([][]byte, error) {
	if isPKCS7(data) {
		list, err := openPKCS7(data)
		if err != nil {
			return nil, &ParseError{Found: FoundPKCS7, Err: err}
		}
		return list, nil
	}
	der, err := OpenOne(data)
	if err != nil {
		return nil, err
	}
	return [][]byte{der}, nil
}

// openBlock is what one PEM block of a chain holds.
func openBlock(block *pem.Block) ([][]byte, error) {
	switch {
	case len(block.Headers) > 0:
		return nil, &ParseError{Found: FoundDamagedPEM}
	case holdsPrivateKey(block.Bytes):
		return nil, &ParseError{Found: FoundPrivateKey}
	case block.Type == pemCertificate:
		der, err := alone(block.Bytes)
		return [][]byte{der}, err
	case bundleLabel(block.Type):
		list, err := openPKCS7(block.Bytes)
		if err != nil {
			return nil, &ParseError{Found: FoundPKCS7, Err: err}
		}
		return list, nil
	}
	return nil, &ParseError{Found: otherBlock(block.Type), Err: fmt.Errorf("the block %q", block.Type)}
}

// bundleLabel reports whether a PEM label announces PKCS#7 (RFC 7468 sections 8
// and 9; OpenSSL writes the last one in places).
func bundleLabel(label string) bool {
	return slices.Contains([]string{"PKCS7", "CMS", "PKCS #7 SIGNED DATA"}, label)
}

// trim takes off the white space that may stand around a PEM block.
func trim(data []byte) []byte { return bytes.Trim(data, " \t\r\n") }

// samePEM holds that the text is what the block encodes to, white space aside:
// pem.Decode overlooks more than that.
func samePEM(block *pem.Block, text []byte) bool {
	return squeeze(pem.EncodeToMemory(block)) == squeeze(text)
}

func squeeze(text []byte) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t\r\n", r) {
			return -1
		}
		return r
	}, string(text))
}

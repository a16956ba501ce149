package pki

import (
	"encoding/hex"
	"fmt"
	"math/big"
	"strings"
)

// maxSerial is how many bytes a serial may have (RFC 5280 section 4.1.2.2).
const maxSerial = 20

// ReadSerial reads a serial number as people and programs write it: in
// hexadecimal, with or without colons or a leading "0x" (openssl, a browser),
// or in decimal (AWS's CRL and subject APIs, CreateSession). Digits alone can
// be either: both are returned then, in the form of SerialHex.
func ReadSerial(text string) ([]string, error) {
	digits := strings.ToLower(strings.TrimSpace(text))
	isHex := strings.HasPrefix(digits, "0x") || strings.ContainsAny(digits, ":abcdef")
	digits = strings.ReplaceAll(strings.TrimPrefix(digits, "0x"), ":", "")
	var readings []string
	add := func(base int) {
		n, ok := new(big.Int).SetString(digits, base)
		if ok && n.Sign() > 0 && len(n.Bytes()) <= maxSerial && !strings.ContainsAny(digits, "+-_") {
			readings = append(readings, hex.EncodeToString(n.Bytes()))
		}
	}
	add(16)
	if !isHex {
		add(10)
	}
	if len(readings) == 0 {
		return nil, fmt.Errorf("reading serial %q: it is neither hexadecimal nor decimal, of at most %d bytes", text, maxSerial)
	}
	if len(readings) == 2 && readings[0] == readings[1] {
		readings = readings[:1]
	}
	return readings, nil
}

package pki

import (
	"bytes"
	"errors"
)

// oidSignedData is id-signedData (RFC 5652 section 5.1), encoded.
func oidSignedData() []byte {
	return []byte{0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02}
}

// openPKCS7 finds the certificates in a certificates-only bundle: SignedData
// that carries no content, nobody's signature and no revocation list (RFC 5652
// section 5, RFC 8551 section 3.8). The bundle itself may be BER, which Bouncy
// Castle and others write; each certificate is returned as it stands.
func openPKCS7(data []byte) ([][]byte, error) {
	signed, err := signedData(data)
	if err != nil {
		return nil, err
	}
	parts, err := signed.children()
	if err != nil {
		return nil, err
	}
	// version, digestAlgorithms, encapContentInfo; certificates [0], crls [1];
	// signerInfos.
	if len(parts) < 4 || parts[0].tag != berInteger || parts[1].tag != berSet || parts[2].tag != berSequence ||
		parts[len(parts)-1].tag != berSet {
		return nil, errors.New("it is not built as RFC 5652 section 5.1 says")
	}
	content, err := parts[2].children()
	if err != nil {
		return nil, err
	}
	switch {
	case len(content) != 1:
		return nil, errors.New("it holds content besides certificates")
	case len(parts[len(parts)-1].content) > 0:
		return nil, errors.New("it holds signatures besides certificates")
	case len(parts[1].content) > 0:
		return nil, errors.New("it names digest algorithms, as if it held signatures")
	}
	return bundled(parts[3 : len(parts)-1])
}

// signedData is the SignedData that all of data is.
func signedData(data []byte) (ber, error) {
	info, rest, err := readBER(data, 0)
	switch {
	case err != nil:
		return ber{}, err
	case len(rest) > 0:
		return ber{}, errors.New("something follows it")
	}
	parts, err := info.children()
	if err != nil {
		return ber{}, err
	}
	if info.tag != berSequence || len(parts) != 2 || !bytes.Equal(parts[0].whole, oidSignedData()) || parts[1].tag != berContext0 {
		return ber{}, errors.New("it is no signed data, the form that carries certificates")
	}
	inner, err := parts[1].children()
	if err != nil {
		return ber{}, err
	}
	if len(inner) != 1 || inner[0].tag != berSequence {
		return ber{}, errors.New("it is not built as RFC 5652 section 5.1 says")
	}
	return inner[0], nil
}

// bundled are the certificates among the optional fields of SignedData. An empty
// set of revocation lists is what older versions of OpenSSL write.
func bundled(optional []ber) ([][]byte, error) {
	var list [][]byte
	last := byte(0)
	for _, part := range optional {
		if part.tag <= last {
			return nil, errors.New("it is not built as RFC 5652 section 5.1 says")
		}
		last = part.tag
		items, err := part.children()
		switch {
		case err != nil:
			return nil, err
		case part.tag == berContext1 && len(items) > 0:
			return nil, errors.New("it holds revocation lists besides certificates")
		case part.tag == berContext1:
			continue
		case part.tag != berContext0:
			return nil, errors.New("it is not built as RFC 5652 section 5.1 says")
		}
		for _, item := range items {
			if item.tag != berSequence {
				return nil, errors.New("it holds something other than X.509 certificates, such as attribute certificates")
			}
			list = append(list, item.whole)
		}
	}
	if len(list) == 0 {
		return nil, errors.New("it holds no certificate")
	}
	return list, nil
}

// The identifier octets that occur here.
const (
	berInteger  = 0x02
	berSequence = 0x30
	berSet      = 0x31
	berContext0 = 0xa0
	berContext1 = 0xa1
)

// maxBERDepth bounds nesting; a bundle of certificates needs about twenty.
const maxBERDepth = 64

// ber is one element of BER: DER, and the indefinite and needlessly long
// lengths besides (X.690 section 8.1.3).
type ber struct {
	tag     byte
	content []byte
	whole   []byte // with header, and end-of-contents if it has them
}

// readBER reads the first element of data.
func readBER(data []byte, depth int) (ber, []byte, error) {
	malformed := errors.New("it is malformed")
	if depth > maxBERDepth || len(data) < 2 || data[0]&0x1f == 0x1f {
		return ber{}, nil, malformed
	}
	at, length := 2, int(data[1])
	switch {
	case length == 0x80:
		return readIndefinite(data, depth)
	case length > 0x80:
		octets := length & 0x7f
		if octets > 8 || len(data) < 2+octets {
			return ber{}, nil, malformed
		}
		at, length = 2+octets, 0
		for _, b := range data[2:at] {
			if length > 1<<22 { // so that it cannot overflow
				return ber{}, nil, malformed
			}
			length = length<<8 | int(b)
		}
	}
	if length > len(data)-at {
		return ber{}, nil, errors.New("it is cut short")
	}
	end := at + length
	return ber{tag: data[0], content: data[at:end], whole: data[:end]}, data[end:], nil
}

// readIndefinite reads up to the end-of-contents octets that are this
// element's.
func readIndefinite(data []byte, depth int) (ber, []byte, error) {
	const constructed = 0x20
	if data[0]&constructed == 0 {
		return ber{}, nil, errors.New("it is malformed")
	}
	rest := data[2:]
	for !bytes.HasPrefix(rest, []byte{0, 0}) {
		_, after, err := readBER(rest, depth+1)
		if err != nil {
			return ber{}, nil, err
		}
		rest = after
	}
	end := len(data) - len(rest)
	return ber{tag: data[0], content: data[2:end], whole: data[:end+2]}, rest[2:], nil
}

// children are the elements that a constructed one consists of.
func (b ber) children() ([]ber, error) {
	var list []ber
	for rest := b.content; len(rest) > 0; {
		child, after, err := readBER(rest, 1)
		if err != nil {
			return nil, err
		}
		list = append(list, child)
		rest = after
	}
	return list, nil
}

package pki

import (
	"encoding/asn1"
	"errors"
	"fmt"
)

// maxDERDepth bounds nesting; a certificate needs about a dozen levels.
const maxDERDepth = 32

// whole is the one element of DER that is all of data, down to its leaves.
func whole(data []byte) (asn1.RawValue, error) {
	var v asn1.RawValue
	rest, err := asn1.Unmarshal(data, &v)
	switch {
	case err != nil:
		return v, fmt.Errorf("it is not DER: %w", err)
	case len(rest) > 0:
		return v, errors.New("something follows where it should end")
	}
	return v, leaves(v, 0)
}

// leaves holds everything inside of v to DER: definite, shortest lengths
// (encoding/asn1 takes no other), no strings in pieces, true as 0xff.
func leaves(v asn1.RawValue, depth int) error {
	universal := v.Class == asn1.ClassUniversal
	collection := universal && (v.Tag == asn1.TagSequence || v.Tag == asn1.TagSet)
	switch {
	case depth > maxDERDepth:
		return errors.New("it is nested too deeply")
	case universal && v.IsCompound != collection:
		return errors.New("it is not DER: a string in pieces, or a sequence that is none")
	case universal && v.Tag == asn1.TagBoolean && (len(v.Bytes) != 1 || v.Bytes[0] != 0 && v.Bytes[0] != 0xff):
		return errors.New("it is not DER: a truth value is neither 0 nor 255")
	case !v.IsCompound:
		return nil
	}
	list, err := elements(v.Bytes)
	if err != nil {
		return fmt.Errorf("it is not DER: %w", err)
	}
	for _, e := range list {
		if err := leaves(e, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// children are the elements of a constructed one.
func children(v asn1.RawValue, what string) ([]asn1.RawValue, error) {
	if !v.IsCompound {
		return nil, fmt.Errorf("%s is malformed", what)
	}
	list, err := elements(v.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s is malformed: %w", what, err)
	}
	return list, nil
}

// tagged reports whether these are elements of exactly these universal tags.
func tagged(list []asn1.RawValue, tags ...int) bool {
	if len(list) != len(tags) {
		return false
	}
	for i, v := range list {
		if v.Class != asn1.ClassUniversal || v.Tag != tags[i] {
			return false
		}
	}
	return true
}

// octets is the content of a bit string that is made of whole octets.
func octets(v asn1.RawValue, what string) ([]byte, error) {
	if len(v.Bytes) == 0 || v.Bytes[0] != 0 {
		return nil, fmt.Errorf("%s does not consist of whole octets", what)
	}
	return v.Bytes[1:], nil
}

// elements splits the content of a constructed value.
func elements(content []byte) ([]asn1.RawValue, error) {
	var list []asn1.RawValue
	for len(content) > 0 {
		var v asn1.RawValue
		rest, err := asn1.Unmarshal(content, &v)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
		content = rest
	}
	return list, nil
}

// sequence is the content of a DER SEQUENCE that is all of data.
func sequence(data []byte) ([]byte, bool) {
	var v asn1.RawValue
	rest, err := asn1.Unmarshal(data, &v)
	if err != nil || len(rest) > 0 || v.Class != asn1.ClassUniversal || v.Tag != asn1.TagSequence {
		return nil, false
	}
	return v.Bytes, true
}

// elementLength is how many bytes the first DER SEQUENCE of data takes.
func elementLength(data []byte) (int, bool) {
	var v asn1.RawValue
	if _, err := asn1.Unmarshal(data, &v); err != nil || v.Class != asn1.ClassUniversal || v.Tag != asn1.TagSequence {
		return 0, false
	}
	return len(v.FullBytes), true
}

package wire

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Form reads the body of a request of the query protocol.
// https://docs.aws.amazon.com/IAM/latest/APIReference/CommonParameters.html
func Form(r Request) (url.Values, error) {
	if kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); strings.TrimSpace(kind) == "application/x-www-form-urlencoded" {
		return url.ParseQuery(string(r.Body))
	}
	return r.Query, nil
}

// Members are the values of NAME.member.1, NAME.member.2 … in a form; rest is
// what follows the number ("" or ".Key").
func Members(form url.Values, name, rest string) []string {
	var all []string
	for i := 1; ; i++ {
		v, ok := form[name+".member."+strconv.Itoa(i)+rest]
		if !ok {
			return all
		}
		all = append(all, v[0])
	}
}

// Member is one member of a form, or nil.
func Member(form url.Values, name string) *string {
	if v, ok := form[name]; ok && len(v) > 0 {
		return &v[0]
	}
	return nil
}

// Result is an answer of the query protocol: the content within NAMEResult
// within NAMEResponse. A nil content is an action without a result.
func Result(namespace, name string, content any) (Answer, error) {
	var b bytes.Buffer
	enc := xml.NewEncoder(&b)
	outer := xml.StartElement{Name: xml.Name{Space: namespace, Local: name + "Response"}}
	meta := struct {
		RequestID string `xml:"RequestId"`
	}{RequestID()}
	err := enc.EncodeToken(outer)
	if err == nil && content != nil {
		err = enc.EncodeElement(content, xml.StartElement{Name: xml.Name{Local: name + "Result"}})
	}
	err = errors.Join(err,
		enc.EncodeElement(meta, xml.StartElement{Name: xml.Name{Local: "ResponseMetadata"}}),
		enc.EncodeToken(outer.End()), enc.Close())
	if err != nil {
		return Answer{}, fmt.Errorf("encoding the answer: %w", err)
	}
	return Answer{Status: http.StatusOK, Header: http.Header{"Content-Type": {"text/xml"}}, Body: b.Bytes()}, nil
}

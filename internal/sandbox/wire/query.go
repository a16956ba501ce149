package wire

import (
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

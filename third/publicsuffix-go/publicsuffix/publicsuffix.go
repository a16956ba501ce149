// Package publicsuffix stands in for the package of its name that zcrypto
// imports, with what zcrypto needs of it. That one fills a table of ten thousand
// rules whenever a program starts, which is a fourteenth of what issuing a
// certificate costs; this one asks golang.org/x/net/publicsuffix, whose table is
// read in place. docs/adr/0011-start-of-the-program.md tells why.
package publicsuffix

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// List is a list of suffixes. There is one.
type List struct{}

// Rule is what says that something is a suffix.
type Rule struct{}

// FindOptions say which suffixes count.
type FindOptions struct {
	IgnorePrivate bool  // only those of registries, not those of companies
	DefaultRule   *Rule // nil: a name below no listed suffix is an error; else its last label is one
}

// The one list, and the rule that every last label is a suffix.
var (
	DefaultList = &List{}
	DefaultRule = &Rule{}
)

// DomainName is a name in three parts: www.example and co.uk give TLD "co.uk",
// SLD "example" and TRD "www".
type DomainName struct {
	TLD, SLD, TRD string
}

// ParseFromListWithOptions takes a name apart.
func ParseFromListWithOptions(_ *List, name string, o *FindOptions) (*DomainName, error) {
	name = strings.ToLower(name)
	switch {
	case name == "":
		return nil, errors.New("name is blank")
	case name[0] == '.':
		return nil, fmt.Errorf("name %s starts with a dot", name)
	}
	suffix, err := suffixOf(name, o)
	if err != nil {
		return nil, err
	}
	left, below := strings.CutSuffix(name, "."+suffix)
	if !below {
		return nil, fmt.Errorf("%s is a suffix", name)
	}
	d := &DomainName{TLD: suffix, SLD: left}
	if dot := strings.LastIndexByte(left, '.'); dot >= 0 {
		d.TRD, d.SLD = left[:dot], left[dot+1:]
	}
	return d, nil
}

// suffixOf is the longest suffix of a name. One that no registry manages has a
// dot if a company listed it, and none if nobody did.
func suffixOf(name string, o *FindOptions) (string, error) {
	suffix, registry := publicsuffix.PublicSuffix(name)
	for o.IgnorePrivate && !registry {
		_, above, dotted := strings.Cut(suffix, ".")
		if !dotted {
			break
		}
		suffix, registry = publicsuffix.PublicSuffix(above)
	}
	if !registry && o.DefaultRule == nil && !strings.Contains(suffix, ".") {
		return "", fmt.Errorf("no rule matching name %s", name)
	}
	return suffix, nil
}

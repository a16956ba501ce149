// Package sprig stands in for the package of its name that go.step.sm/crypto
// imports for the functions of its certificate templates. No template is used
// here: certificates are made from what Go code says, and a template could ask for
// more (a CA, another name). So there are no functions, a template that calls one
// is refused when it is parsed, and ten modules that work before main does are not
// in the program. docs/adr/0011-start-of-the-program.md tells why.
package sprig

import "text/template"

// TxtFuncMap is the functions of text templates: none.
func TxtFuncMap() template.FuncMap { return template.FuncMap{} }

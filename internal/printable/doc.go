// Package printable makes foreign text safe to show.
//
// It knows which characters a terminal acts on or hides: control characters,
// escape sequences, text direction overrides, invisible and private ones. It
// must not know where the text comes from (certificates, AWS, files) nor where
// it goes.
//
// Invariant: what Line returns holds printable characters and plain spaces
// only; what Text returns holds line feeds besides.
package printable

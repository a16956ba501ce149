// Package render turns results into what people and programs read.
//
// It knows pages (lines, tables, plans with their marks, findings, documents)
// and the JSON envelope with its one object. It must not know commands,
// streams or exit numbers: it is given values and gives back bytes.
//
// Invariants: the same result renders to the same bytes; a mark or a word says
// whatever colour says; no text from outside reaches a page without passing
// printable; JSON holds no character that a terminal acts on.
package render

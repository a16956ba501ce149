// Package cmdline runs one command of a tree of commands.
//
// It knows how a command line is read (flags before or after arguments, words
// that were misspelt), how help and completion are made from the tree, and how
// what a command replies becomes a page or the one JSON object, a message and
// an exit number. It must not know what any command does.
//
// Invariants: with --json exactly one object reaches stdout, failures and
// usage errors included; results go to stdout and everything else to stderr;
// the tree is data and is not changed by running it.
package cmdline

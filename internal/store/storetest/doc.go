// Package storetest is the test suite that every database behind store must
// pass.
//
// It knows only store's exported methods and a Place at which an estate's
// store can be created and opened again. It must not know which database that
// is: what only SQLite can do wrong is tested beside SQLite.
package storetest

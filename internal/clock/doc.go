// Package clock is time as a value that is handed down.
//
// It knows how to tell and to wait. It must not know which clock it is: the
// real one is built once, in terminal; tests and the sandbox build virtual
// ones that jump when somebody waits. Nothing else in the house reads the
// system's clock.
package clock

// Package estatetest is a laboratory: one estate in a folder of its own, beside a
// sandbox of AWS whose clock only the estate's waiting moves.
//
// It knows how an estate is founded, opened and reached, how faults are ordered,
// and how a laboratory is copied, so that many experiments begin at one state. It
// must not be imported by anything but tests, and judges nothing: what must hold is
// for the tests to say.
package estatetest

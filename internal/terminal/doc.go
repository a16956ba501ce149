// Package terminal is the one room that touches the process: its streams, its
// clock, its environment, its signals and its exit number.
//
// It knows how to ask (passphrases, confirmations), how to say what is under
// way, how to word an error with its hints, and which number each kind of
// error exits with. It must not know any command or feature.
//
// Invariants: an Env is built once and only read afterwards. Results are not
// its business: everything it prints goes to stderr or to the terminal. No
// secret comes from the argument list. Text from elsewhere is made printable
// before it is shown. Only exit.go maps errors to words and numbers.
package terminal

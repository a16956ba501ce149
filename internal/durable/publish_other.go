//go:build !linux

package durable

// publish gives a file its name unless that is taken.
func publish(from, to string) error { return linkAndRemove(from, to) }

package durable

import "os"

// linkAndRemove: a link, unlike a rename, never replaces. A crash between the two
// leaves a second name for the whole file, which the next write sweeps away.
func linkAndRemove(from, to string) error {
	if err := os.Link(from, to); err != nil {
		return err
	}
	return os.Remove(from)
}

//go:build !linux

package estatetest

// inMemory is where files live that no disk has to keep, or "".
func inMemory() string { return "" }

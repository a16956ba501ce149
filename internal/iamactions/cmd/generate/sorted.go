package main

import (
	"cmp"
	"maps"
	"slices"
)

// sorted are the keys of a map in order: the same archive gives the same file.
func sorted[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

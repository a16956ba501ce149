// Package limits is the one table of the limits the sandbox enforces.
//
// It knows numbers, patterns and where each was read. It must not know
// requests or state: it is data. Every entry is tested at and over its limit,
// and a test holds that none is left out.
package limits

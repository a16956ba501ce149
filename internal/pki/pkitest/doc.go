// Package pkitest makes certificate hierarchies in memory, for tests.
//
// It knows the shape of an estate's certificates and how to bend it: wrong dates,
// path lengths, usages, keys and signers. It must not be imported by anything but
// tests; what it makes is neither linted nor judged, so that what must be refused
// can be made. Certificates in their right shape come from package pki itself.
package pkitest

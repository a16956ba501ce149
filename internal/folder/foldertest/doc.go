// Package foldertest founds estates that never met AWS: a folder with a store, a
// secret, a root and an issuer, for tests of what is issued.
//
// It knows how an estate's folder is opened at a time and with steps of the test's
// own. It must not be imported by anything but tests, and judges nothing; estates
// that are applied come from package estatetest.
package foldertest

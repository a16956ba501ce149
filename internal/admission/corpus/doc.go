// Package corpus makes the certificate files that anybody might offer as a trust
// anchor, good ones and hostile ones, each with the verdict that it deserves.
//
// It knows how such files come about, and manifest.json, in which people have
// written what each of them is, whether it may be admitted, and which rules say
// no. It must not know the rules themselves: a verdict that the code under test
// computed would prove nothing.
//
// Invariant: every case of the manifest is made, and every case that is made
// is in the manifest.
package corpus

// Package renewal gives workloads a new certificate before the old one ends.
//
// It knows when a certificate is due, where the files lie that issue wrote, how
// a new set of files is tried and takes the place of the old one, and which sets
// still have to be pushed to their hosts. It must not know how a certificate is
// issued (issuance), how a push is done, nor how a result is shown.
//
// Invariants: the old files stay as they are until the new set is whole, durable
// and, when asked for, was given a session; then one rename decides, and whatever
// a crash leaves after it is completed by the next run. Key and certificate change
// their names in two renames with nothing between them. A push that is owed is on
// the disk before the files change. What was revoked is never renewed unasked.
package renewal

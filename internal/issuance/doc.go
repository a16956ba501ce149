// Package issuance gives a workload its certificate.
//
// It knows in which order key, record and files are written, how a run that was
// killed is taken up, the forms that key and certificate are given out in, what is
// taken from a certificate request (its key), and what a workload's host needs to
// use what it got. It must not know how certificates are made (pki), how the
// store keeps them, nor how a result is shown.
//
// Invariants: a key file is durable before its certificate is recorded, and the
// record before the certificate leaves the program; a run taken up gives out the
// certificate that was recorded for its key, never a second one, and never a
// revoked one; a key that was brought has one owner; the folder's files change as
// a set whose last step gives the key its name, so that whatever a crash leaves is
// seen, and mended, by the next run.
package issuance

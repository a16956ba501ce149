// Package wallet keeps the sessions that were given on this host until shortly
// before they end, so that many processes ask for one.
//
// It knows when a session is fresh enough, who asks for the next one, what is
// handed out while the service cannot be reached, and the files in which sessions
// lie. It must not know how a session is asked for (session), the environment, nor
// an estate.
//
// Invariants: what is handed out is whole and has not ended; it was given for the
// same public key, role, profile, anchor, duration, session name and endpoint; at
// most one process asks at a time, unless it was stopped while it did; a file that
// others could have read or changed, or that is not what was written, is not used;
// without a place to keep anything, each process asks for itself.
//
//	DIR/                     mode 0700; another one is not used
//	DIR/DIGEST/              what the session was asked for with; locked while one asks
//	DIR/DIGEST/session.json  mode 0600; the credentials, as readable as key.pem is
package wallet

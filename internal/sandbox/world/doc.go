// Package world is the state of the sandbox: accounts with keys and roles,
// the Roles Anywhere objects of their regions, and the sessions given out.
//
// It knows what there is and how it is written as JSON. It must not know
// requests, services or files. Whoever uses a World holds the sandbox's mutex;
// a World that was cloned shares nothing with its origin.
package world

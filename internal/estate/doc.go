// Package estate takes an estate along its one road: what the configuration
// wants, what is there, the plan between the two, and its application.
//
// It knows the order in which issuers, anchors, profiles and roles may change,
// what makes something ours, and what must hold before anything is enabled. It
// must not know how AWS is spoken to (a Cloud is handed in), nor how anything
// is shown.
//
// Invariants: rules judge before the network is touched; planning has no side
// effects; applying computes the plan again and, given a saved one, needs it
// to be the same; anchors and profiles are enabled last.
package estate

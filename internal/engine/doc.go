// Package engine carries out a plan once, across crashes.
//
// It knows the order of actions, their needs and gates, the journal that is
// written before and after each effect, and how an effect whose outcome was
// lost is settled. It must not know what any action does: doers are found by
// kind, and what they touch is theirs.
//
// Invariants: nothing is done that was not recorded as begun; an action marked
// once is sent at most once for each recorded intent, and a new intent is made
// only when the old one is settled; what is held stops only what needs it.
package engine

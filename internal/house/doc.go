// Package house holds the rules of the house itself: which package stands on
// which floor, what each may import and call, and what a file may hold.
//
// It knows the floors, the rooms and the reasons for every rule. It must not
// know what any room does: it reads source text, and nothing of the program
// imports it.
//
// Invariants: every package has a floor or a place beside the house; each test
// that fails gives the reason of the rule that was broken.
package house

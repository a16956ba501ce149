// Anchorctl gives a team a private certificate hierarchy for AWS IAM Roles
// Anywhere.
//
// This is the door: it declares the commands, one file each, reads their
// flags, calls one feature and says how its result is shown. It decides
// nothing. What all commands have in common is in internal/cmdline.
package main

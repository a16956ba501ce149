// Anchorctl gives a team a private certificate hierarchy for AWS IAM Roles
// Anywhere.
//
// This is the door. It knows the commands, one file each: their flags, the one
// feature each of them calls, and how its result is shown. It must not decide
// anything. What all commands have in common is in internal/cmdline.
package main

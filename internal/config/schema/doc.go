// Package schema makes the JSON Schema of anchorctl.yaml, for editors.
//
// It knows the types of config and what config notes of each key. It must not
// know how a configuration is read: config decides alone, and says more. It
// stands beside the house, so that the program does not carry what makes
// schemas.
package schema

// Package seed reads the file a sandbox starts from: accounts with access
// keys, policies and roles.
//
// It knows the file's form, decodes it strictly and resolves the policy files
// it names. It must not know servers. Applying a seed to a world adds what the
// world lacks and changes nothing that is there, but for the secrets of keys.
package seed

// Command generate writes the files of the repository that are made from its
// code: the JSON Schema of the configuration and the map of the rooms in
// ARCHITECTURE.md. Tests hold them fresh.
//
// It knows where those files lie. It must not know what is in them: config and
// house make their text.
package main

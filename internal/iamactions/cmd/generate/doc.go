// Command generate writes the table of IAM actions that the program embeds,
// from the archive of a package that carries AWS's Service Authorization
// Reference as data.
//
// It knows the form of that package and of the table. It must not know where
// packages come from: "make iamactions" hands it the archive. The same archive
// gives the same file.
package main

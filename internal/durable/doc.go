// Package durable writes files that survive a kill and a power cut, and reads what
// such a crash may have left.
//
// It knows files, folders and the order of system calls that makes a new content
// appear whole or not at all. It must not know what the files mean, nor keys, nor
// the store.
//
// Invariants: a name holds the old content or the new one, never a part; what a
// successful call wrote is on the disk, the entry in its folder included; what a
// crash leaves behind is named .NAME.*.tmp and goes with the next write of NAME.
// A Group, for thousands of files that can be written again, promises less: see
// there.
//
// The calls of Replace, in order: openat(O_CREAT|O_EXCL), flock, fchmod, write,
// fsync, rename, fsync of the folder, which ReplaceAll shares. Create has renameat2(RENAME_NOREPLACE) or
// linkat and unlinkat instead of rename. Why each of them is needed: "All File
// Systems Are Not Created Equal", https://www.usenix.org/conference/osdi14/technical-sessions/presentation/pillai
package durable

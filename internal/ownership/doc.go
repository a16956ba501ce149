// Package ownership is how an object in AWS says whose it is.
//
// It knows the tags that our objects carry and how to read them on others. It
// must not know what kinds of objects there are, nor how tags travel.
//
// Ours is only what the store lists and the tags confirm: an object that lost
// its tags is restored but never deleted, one that says otherwise is never
// touched.
package ownership

// Package wire is what the sandbox's services share on the wire: a request
// that was read whole, an answer not yet sent, errors with AWS's codes, the
// texts of failed constraints, and pages of lists.
//
// It knows shapes. It must not know any operation, nor the state. An answer
// is bytes before it is sent, so that a fault can be ordered between the two.
package wire

// Package awsapi is the way to AWS: the anchors, profiles, revocation lists,
// subjects and roles of one target through the AWS SDK, which it alone imports.
//
// It knows credentials and endpoints as the SDK finds them, the service's
// limit of one request a second per resource family, which requests may be
// repeated, and what each of AWS's refusals asks of the operator. It must not
// know the configuration, the store, or what should be; and it prints nothing:
// waits are told as events.
//
// Invariants: nothing is sent before GetCallerIdentity has named the target's
// account; the region comes from the target alone; every ARN that comes back
// lies in the target's partition, account and region, or the answer is an
// error; all answers come from one kind of AWS, the real one or one sandbox;
// plain http goes to this machine only; what creates an object is never sent
// again unless the service certainly refused it for its rate; an error of such
// a request wraps engine.ErrUnclear unless it certainly was not done.
package awsapi

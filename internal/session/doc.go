// Package session gets temporary AWS credentials with a workload certificate:
// the client of Roles Anywhere's CreateSession.
//
// It knows the request, its endpoint in each partition, what can be told wrong
// before anything is sent, what the service's refusals mean and what to do
// about each, and the form that credential_process wants. It must not know an
// estate, the AWS SDK, files or the environment: hosts that run workloads have
// a certificate, its key and three ARNs, and nothing else.
//
// Invariants: nothing is sent that the service would certainly refuse; the
// answer is read with a bound; neither credentials nor keys are in an error or
// in the printed form of any type of this package.
package session

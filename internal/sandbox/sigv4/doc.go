// Package sigv4 verifies AWS Signature Version 4 on requests, as a service
// does that has the secret.
//
// It knows the canonical form of
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html.
// It must not know accounts, services or what time it is. The signature in
// the query (presigned requests) is not part of it.
package sigv4

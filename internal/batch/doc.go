// Package batch gives many workloads of one environment their certificates.
//
// It knows how a batch is written down (CSV, JSON lines, a count), what makes two
// runs runs of one batch, the order of keys, records and certificates in groups,
// and what lies in a batch's folder. It must not know how a certificate is made
// (pki), what a workload may have (issuance), nor how progress is shown.
//
// Invariants: every line is judged before the first certificate is made; each line
// has one certificate however often the batch is stopped and run again; a group's
// keys are durable before its certificates are recorded, in one transaction, and
// they are recorded before they leave the program; what a stopped run left is
// used, never thrown away; memory does not grow with what was issued.
package batch

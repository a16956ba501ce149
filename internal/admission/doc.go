// Package admission judges certificates: those that are to become trust anchors,
// those of workloads, and chains of them.
//
// It knows the rules for certificates, the containers they come in, and what a
// weak key looks like. It must not know AWS, the store, nor how a finding is shown.
//
// Invariants: only Admit makes an Admitted, and never when any finding refuses;
// every finding is reported, not the first alone; a doubt is a refusal; no
// verdict depends on the network, the system's trust store, the environment,
// GODEBUG or the clock (time is an argument).
package admission

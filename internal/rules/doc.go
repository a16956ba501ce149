// Package rules says what must never be: the literal list of the house's rules,
// what each of them found, and the certificates that may become trust anchors.
//
// It knows the rules (ANC001 …), their pages, how certificates, configurations,
// trust policies and permission policies are held against them, and how findings
// become a refusal. It must not know AWS, the store, nor how a finding is shown;
// rules that need live state are judged where that state is read, with findings
// made by Find.
//
// Invariants: only Admit makes an Admitted, and never when any finding refuses;
// every finding is reported, not the first alone; a doubt is a refusal; no
// verdict depends on the network, the system's trust store, the environment,
// GODEBUG or the clock (time is an argument).
package rules

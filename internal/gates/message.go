package gates

import "strings"

// GateOf is the gate that a message of the service speaks of, or "". What the
// role refuses without a reason is its trust policy, or that it is not there.
func GateOf(message string) string {
	for _, said := range []struct{ contains, gate string }{
		{msgSignature, GateKey},
		{msgInsufficient, GateUsage},
		{msgUntrusted, GatePath},
		{msgRevoked, GateRevocation},
		{msgNoAnchor, GateAnchor},
		{msgAnchorDisabled, GateAnchorEnabled},
		{msgNoProfile, GateProfile},
		{msgNotListed, GateRoleListed},
		{msgSessionName, GateSessionName},
		{strings.TrimPrefix(msgTooLong, "The "), GateDuration},
		{"attributes failed to be mapped", GateMapping},
		{"Unable to assume role", GateTrust},
	} {
		if strings.Contains(message, strings.TrimSuffix(said.contains, ".")) {
			return said.gate
		}
	}
	return ""
}

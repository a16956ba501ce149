package gates

import "strings"

// GatesOf are the gates that a message of the service can come from, the one it
// most likely speaks of last. The texts are not documented as stable: parts that
// people have pasted for years have to do.
func GatesOf(message string) []string {
	for _, said := range []struct {
		contains string
		gates    []string
	}{
		{msgSignature, []string{GateKey}},
		{"Insufficient certificate", []string{GateVersion, GateUsage}},
		{msgUntrusted, []string{GateDates, GateDepth, GatePath}},
		{msgRevoked, []string{GateRevocation}},
		{"Trust Anchor wasn't found", []string{GateAnchor}},
		{"Trust Anchor is disabled", []string{GateAnchorEnabled}},
		{"Invalid or empty profile", []string{GateProfileEnabled, GateProfile}},
		{"isn't one of those listed in the Profile", []string{GateRoleListed}},
		{"roleSessionName", []string{GateSessionName}},
		{"DurationSeconds exceeds", []string{GateDuration}},
		{"durationSeconds", []string{GateDuration}},
		{"attributes failed to be mapped", []string{GateMapping}},
		{"Unable to assume role", []string{GateRole, GateSourceIdentity, GateSessionPolicy, GateTrust}},
	} {
		if strings.Contains(message, said.contains) {
			return said.gates
		}
	}
	return nil
}

// GateOf is the gate that a message of the service speaks of, or "". What the
// role refuses without a reason is its trust policy, or that it is not there.
func GateOf(message string) string {
	all := GatesOf(message)
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1]
}

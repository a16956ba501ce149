package config

// notes say of every key of every type what it means and what bounds it. The
// bounds are the constants that the checks use.
func notes() map[string]map[string]note {
	return map[string]map[string]note{
		"Config": {
			"version":      {text: "The version of the file's format.", only: 1},
			"estate":       {text: "What every certificate and every object in AWS is named after. It cannot be changed once the estate exists."},
			"root":         {text: "The private root. It signs issuers only and is never registered in AWS."},
			"roles":        {text: "Who writes the statements into the roles' trust policies: verify prints them and checks that they are installed, manage writes them.", enum: []string{string(Verify), string(Manage)}, fallback: string(Verify)},
			"store":        {text: "Where the estate's store lies.", only: DefaultStore, fallback: DefaultStore},
			"environments": {text: "The environments by name. A name cannot be changed: another name is another environment.", names: namePattern},
			"waivers":      {text: "Findings that are accepted until a day. Only rules that hold can be waived, never those that refuse."},
		},
		"Estate": {
			"name":         {text: "Begins the name of every object in AWS.", pattern: namePattern},
			"organization": {text: "O in the subject of every certificate: letters, digits, spaces and _.:/=+-@.", most: maxOrganization},
			"trustDomain":  {text: "The SPIFFE trust domain: workloads are named spiffe://ENVIRONMENT.TRUSTDOMAIN/WORKLOAD.", pattern: domainPattern, most: maxTrustDomain},
		},
		"Root": {
			"key":      {text: "The root's key."},
			"lifetime": {text: "How long the root's certificate is valid, at most " + maxRootLifetime.String() + ".", fallback: defaultRootLifetime.String()},
		},
		"KeySpec": {
			"type": {text: "The kind of key: ecdsa-p384 (the default) or rsa-4096 for a root; ecdsa-p256 (the default), ecdsa-p384 or rsa-3072 for an issuer.", enum: []string{"ecdsa-p256", "ecdsa-p384", "rsa-3072", "rsa-4096"}},
		},
		"Environment": {
			"issuer":     {text: "The intermediate certificate authority that signs the environment's workload certificates; its certificate is the trust anchor."},
			"dnsDomains": {text: "The domains below which the workloads' DNS names lie. They are minted into the issuer: a change needs a rotation.", most: maxDNSDomains, items: &note{pattern: domainPattern, most: maxDomain}},
			"limits":     {text: "What the environment's workloads and profiles may not exceed."},
			"targets":    {text: "The AWS accounts and regions in which the environment has a trust anchor and profiles.", least: 1, most: maxItems},
			"workloads":  {text: "What gets certificates, by name.", names: namePattern},
			"profiles":   {text: "The Roles Anywhere profiles, by name.", names: namePattern},
		},
		"IssuerSpec": {
			"key":            {text: "The issuer's key."},
			"lifetime":       {text: "How long the issuer's certificate is valid, at most " + maxIssuerLifetime.String() + " and at most as long as the root's.", fallback: defaultIssuerLifetime.String()},
			"nameConstraint": {text: "Whether the issuer's certificate carries the critical name constraint to the environment's own trust domain.", fallback: true},
		},
		"Limits": {
			"certificateLifetime": {text: "The longest lifetime of a workload's certificate. More than the default has to be said here.", fallback: defaultCertificateMost.String()},
			"sessionDuration":     {text: "The longest duration of a session, 15m to 12h.", fallback: maxSession.String()},
			"rolesPerProfile":     {text: "How many roles a profile may have before it is refused (ANC302).", most: maxRoles, fallback: defaultRolesPerProfile},
			"anchorsPerTarget":    {text: "How many trust anchors the environment may have in a target.", most: maxAnchors, fallback: defaultAnchors},
		},
		"Target": {
			"account":     {text: "The 12 digits of the AWS account, in quotes.", pattern: accountPattern},
			"region":      {text: "The AWS region.", pattern: regionPattern},
			"credentials": {text: "How the operator reaches the account; by default as the AWS command line would."},
			"probeRole":   {text: "The path and name of a role that may be asked for to prove isolation.", pattern: rolePattern},
		},
		"Credentials": {
			"profile":    {text: "A profile of the operator's AWS configuration files.", most: maxProse},
			"assumeRole": {text: "The ARN of a role of the target's account to assume.", pattern: assumePattern},
		},
		"Workload": {
			"certificateLifetime": {text: "How long the workload's certificates are valid, from 5m to limits.certificateLifetime.", fallback: defaultCertificate.String()},
			"dns":                 {text: "DNS names in the workload's certificates, each below one of the environment's dnsDomains.", most: maxDNSNames, items: &note{pattern: domainPattern, most: maxDomain}},
		},
		"Profile": {
			"roles":             {text: "The IAM roles that sessions may take, by path and name (team/prod-backup). They exist already; anchorctl creates none.", names: rolePattern, least: 1, most: maxRoles},
			"sessionPolicy":     {text: "The file of a policy that narrows every session, relative to this file."},
			"managedPolicies":   {text: "The ARNs of managed policies that narrow every session.", most: maxManaged, items: &note{pattern: policyPattern, most: maxManagedARN}},
			"sessionDuration":   {text: "How long sessions last, from 15m to limits.sessionDuration.", fallback: defaultSession.String()},
			"attributeMappings": {text: "The certificate attributes that become session tags, by field. A field that is not named keeps its default (x509Subject: CN, OU; x509SAN: URI). OU and URI cannot be dropped: the trust policies need them.", names: "^(" + fieldSubject + "|" + fieldIssuer + "|" + fieldSAN + ")$", items: &note{most: maxSpecifier}},
		},
		"RoleUse": {
			"workloads": {text: "The workloads that may take the role. There is no word for all.", least: 1, most: maxItems, items: &note{pattern: namePattern}},
		},
		"Waiver": {
			"rule":   {text: "The rule, such as ANC303.", pattern: rulePattern},
			"at":     {text: "The address of what the finding is about, such as role/111122223333/prod-backup."},
			"reason": {text: "Why it is accepted.", most: maxProse},
			"owner":  {text: "Who answers for it.", most: maxProse},
			"until":  {text: "The last day it is accepted, in UTC."},
		},
	}
}

package config

// Note is what can be said of a key besides its type: for editors and people.
type Note struct {
	Text    string
	Pattern string
	Enum    []string
	Most    int    // of a number; of the characters of a text; of the items of a list or the keys of a mapping
	Least   int    // of the items of a list or the keys of a mapping
	Names   string // pattern of the keys of a mapping
	Items   *Note  // of a list, or of the lists in a mapping
	Default any
	Only    any // the one value there is
}

// Notes say of every key of every type what it means and what bounds it, by
// the names of type and key. The bounds are the constants that the checks use.
func Notes() map[string]map[string]Note {
	return map[string]map[string]Note{
		"Config": {
			"version":      {Text: "The version of the file's format.", Only: 1},
			"estate":       {Text: "What every certificate and every object in AWS is named after. It cannot be changed once the estate exists."},
			"root":         {Text: "The private root. It signs issuers only and is never registered in AWS."},
			"roles":        {Text: "Who writes the statements into the roles' trust policies: verify prints them and checks that they are installed, manage writes them.", Enum: []string{string(Verify), string(Manage)}, Default: string(Verify)},
			"store":        {Text: "Where the estate's store lies.", Only: DefaultStore, Default: DefaultStore},
			"environments": {Text: "The environments by name. A name cannot be changed: another name is another environment.", Names: labelPattern},
			"waivers":      {Text: "Findings that are accepted until a day. Only rules that hold can be waived, never those that refuse."},
		},
		"Estate": {
			"name":         {Text: "Begins the name of every object in AWS.", Pattern: namePattern},
			"organization": {Text: "O in the subject of every certificate: letters, digits, spaces and _.:/=+-@.", Most: maxOrganization},
			"trustDomain":  {Text: "The SPIFFE trust domain: workloads are named spiffe://ENVIRONMENT.TRUSTDOMAIN/WORKLOAD.", Pattern: domainPattern, Most: maxTrustDomain},
		},
		"Root": {
			"certificate": {Text: "The file of a root whose key is somebody else's, such as an enterprise's offline CA, relative to this file. Issuers are then signed there: see docs/root.md.", Most: maxPath},
			"key":         {Text: "The root's key."},
			"lifetime":    {Text: "How long the root's certificate is valid, at most " + maxRootLifetime.String() + ".", Default: defaultRootLifetime.String()},
		},
		"KeySpec": {
			"type": {Text: "The kind of key: ecdsa-p384 (the default) or rsa-4096 for a root; ecdsa-p256 (the default), ecdsa-p384 or rsa-3072 for an issuer.", Enum: []string{"ecdsa-p256", "ecdsa-p384", "rsa-3072", "rsa-4096"}},
		},
		"Environment": {
			"issuer":        {Text: "The intermediate certificate authority that signs the environment's workload certificates; its certificate is the trust anchor."},
			"dnsDomains":    {Text: "The domains below which the workloads' DNS names lie. They are minted into the issuer, and an issuer that exists does not change.", Most: maxDNSDomains, Items: &Note{Pattern: domainPattern, Most: maxDomain}},
			"limits":        {Text: "What the environment's workloads and profiles may not exceed."},
			"crl":           {Text: "How the environment's certificate revocation lists are kept. There is none before the first revocation."},
			"notifications": {Text: "When AWS begins to tell (by EventBridge, Health and CloudWatch) that certificates expire."},
			"targets":       {Text: "The AWS accounts and regions in which the environment has a trust anchor and profiles.", Least: 1, Most: maxItems},
			"workloads":     {Text: "What gets certificates, by name.", Names: labelPattern},
			"profiles":      {Text: "The Roles Anywhere profiles, by name.", Names: namePattern},
		},
		"IssuerSpec": {
			"key":            {Text: "The issuer's key."},
			"lifetime":       {Text: "How long the issuer's certificate is valid, at most " + maxIssuerLifetime.String() + " and at most as long as the root's.", Default: defaultIssuerLifetime.String()},
			"nameConstraint": {Text: "Whether the issuer's certificate carries the critical name constraint to the environment's own trust domain.", Default: true},
		},
		"Limits": {
			"certificateLifetime":      {Text: "The longest lifetime of a workload's certificate. More than the default has to be said here.", Default: defaultCertificateMost.String()},
			"sessionDuration":          {Text: "The longest duration of a session, 15m to 12h.", Default: maxSession.String()},
			"sensitiveSessionDuration": {Text: "The longest duration of a session of a sensitive role, 15m to 1h (ANC318).", Default: defaultSensitive.String()},
			"renewalInterval":          {Text: "The time between two runs of renew, as your timer has it. Lifetimes that it does not fit are refused (ANC205); without it, ten minutes are taken and such lifetimes are warned of."},
			"rolesPerProfile":          {Text: "How many roles a profile may have before it is refused (ANC302).", Most: maxRoles, Default: defaultRolesPerProfile},
		},
		"CRLSpec": {
			"interval":               {Text: "How old a revocation list gets before a new one is signed: by apply, or by crl refresh.", Default: defaultCRLInterval.String()},
			"validity":               {Text: "How long after a revocation list its next update is due, at least twice the interval and at most " + maxCRLValidity.String() + ".", Default: defaultCRLValidity.String()},
			"distributionPoint":      {Text: "The http or https URL of a folder that crl publish fills. New certificates name the list in it, URL/ENVIRONMENT-GENERATION.crl.", Most: maxURL},
			"checkDistributionPoint": {Text: "Whether the trust anchors check certificates against their distribution point (crlDpRevocationEnabled). What AWS does when it cannot be reached is not documented.", Default: false},
		},
		"Notifications": {
			"caCertificateExpiry":        {Text: "Of the certificates in the trust anchors. By default it begins when the issuer is to be rotated: two of the environment's longest certificate lifetimes and 45 days before its end."},
			"endEntityCertificateExpiry": {Text: "Of the workloads' certificates that were used. By default it is enabled, for the last third of their life, where a workload's certificates live longer than 30 days."},
		},
		"NotificationSetting": {
			"enabled":   {Text: "Whether AWS tells of it."},
			"threshold": {Text: "How long before the end it begins, in whole days from " + minThreshold.String() + " to " + maxThreshold.String() + "."},
		},
		"Target": {
			"account":     {Text: "The 12 digits of the AWS account, in quotes.", Pattern: accountPattern},
			"region":      {Text: "The AWS region.", Pattern: regionPattern},
			"credentials": {Text: "How the operator reaches the account; by default as the AWS command line would."},
			"probeRole":   {Text: "The path and name of a role without permissions that only the built-in probe takes: rotation opens sessions with it to see that a new issuer is accepted.", Pattern: rolePattern},
		},
		"Credentials": {
			"profile":    {Text: "A profile of the operator's AWS configuration files.", Most: maxProse},
			"assumeRole": {Text: "The ARN of a role of the target's account to assume.", Pattern: assumePattern},
		},
		"Workload": {
			"certificateLifetime": {Text: "How long the workload's certificates are valid, from 5m to limits.certificateLifetime.", Default: defaultCertificate.String()},
			"dns":                 {Text: "DNS names in the workload's certificates, each below one of the environment's dnsDomains.", Most: maxDNSNames, Items: &Note{Pattern: domainPattern, Most: maxDomain}},
		},
		"Profile": {
			"roles":             {Text: "The IAM roles that sessions may take, by path and name (team/prod-backup). They exist already; anchorctl creates none.", Names: rolePattern, Least: 1, Most: maxRoles},
			"sessionPolicy":     {Text: "The file of a policy that narrows every session, relative to this file."},
			"managedPolicies":   {Text: "The ARNs of managed policies that narrow every session.", Most: maxManaged, Items: &Note{Pattern: policyPattern, Most: maxManagedARN}},
			"sessionDuration":   {Text: "How long sessions last, from 15m to limits.sessionDuration.", Default: defaultSession.String()},
			"attributeMappings": {Text: "The certificate attributes that become session tags, by field. A field that is not named keeps its default (x509Subject: CN, OU; x509SAN: URI). OU and URI cannot be dropped: the trust policies need them.", Names: "^(" + fieldSubject + "|" + fieldIssuer + "|" + fieldSAN + ")$", Items: &Note{Most: maxSpecifier}},
		},
		"RoleUse": {
			"workloads": {Text: "The workloads that may take the role. There is no word for all.", Least: 1, Most: maxItems, Items: &Note{Pattern: namePattern}},
			"sensitive": {Text: "Whether the role is sensitive (ANC318): alone in its profiles, with short sessions, for one workload. A role that carries the tag anchorctl:sensitive = true in IAM is sensitive as well.", Default: false},
		},
		"Waiver": {
			"rule":   {Text: "The rule, such as ANC303.", Pattern: rulePattern},
			"at":     {Text: "The address of what the finding is about, such as role/111122223333/prod-backup."},
			"reason": {Text: "Why it is accepted.", Most: maxProse},
			"owner":  {Text: "Who answers for it.", Most: maxProse},
			"until":  {Text: "The last day it is accepted, in UTC."},
		},
	}
}

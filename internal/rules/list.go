package rules

// What the rules rest on.
const (
	awsTrustModel   = "https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html"
	awsQuotas       = "https://docs.aws.amazon.com/general/latest/gr/rolesanywhere.html"
	awsSource       = "https://docs.aws.amazon.com/rolesanywhere/latest/APIReference/API_Source.html"
	awsSession      = "https://docs.aws.amazon.com/rolesanywhere/latest/userguide/authentication-create-session.html"
	awsMapping      = "https://docs.aws.amazon.com/rolesanywhere/latest/userguide/attribute-mapping.html"
	awsMonitoring   = "https://docs.aws.amazon.com/rolesanywhere/latest/userguide/monitoring-overview.html"
	awsTags         = "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html"
	awsAssumeRole   = "https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html"
	awsCreateRole   = "https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html"
	awsIAMQuotas    = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"
	awsProfile      = "https://docs.aws.amazon.com/rolesanywhere/latest/APIReference/API_CreateProfile.html"
	awsTagRoles     = "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags_roles.html"
	awsRoleSession  = "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-role-settings.html"
	awsPermissions  = "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html"
	awsActions      = "https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html"
	awsNotAction    = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notaction.html"
	awsNotResource  = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notresource.html"
	awsResource     = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html"
	awsPassRole     = "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html"
	awsManaged      = "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html"
	awsTagging      = "https://docs.aws.amazon.com/rolesanywhere/latest/APIReference/API_TagResource.html"
	awsTrustMapping = "https://docs.aws.amazon.com/rolesanywhere/latest/userguide/attribute-mapping-and-trust-policy.html"
	awsConditions   = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html"
	awsVariables    = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html"
	awsPrincipal    = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html"
	awsGrammar      = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html"
	awsRevocation   = "https://docs.aws.amazon.com/rolesanywhere/latest/userguide/revocation.html"
	awsImportCRL    = "https://docs.aws.amazon.com/rolesanywhere/latest/APIReference/API_ImportCrl.html"
	rfcSerial       = "RFC 5280 section 4.1.2.2"
	rfcVersion      = "RFC 5280 section 4.1.2.1"
	rfcValidity     = "RFC 5280 section 4.1.2.5"
	rfcSubject      = "RFC 5280 section 4.1.2.6"
	rfcExtensions   = "RFC 5280 section 4.2"
	rfcKeyUsage     = "RFC 5280 section 4.2.1.3"
	rfcNames        = "RFC 5280 section 4.2.1.6"
	rfcConstraints  = "RFC 5280 section 4.2.1.9"
	rfcExtUsage     = "RFC 5280 section 4.2.1.12"
	rfcPath         = "RFC 5280 section 6"
	rfcCRL          = "RFC 5280 section 5.1.2"
	rfcCRLNumber    = "RFC 5280 section 5.2.3"
	rfcPEM          = "RFC 7468 section 5.1"
	rfcRequest      = "RFC 2986 section 4"
	nistKeys        = "NIST SP 800-131A revision 2"
	rfcJCS          = "RFC 8785"
	spiffeID        = "https://github.com/spiffe/spiffe/blob/main/standards/X509-SVID.md"
)

// All is every rule there is, in the order of their IDs.
func All() []Rule {
	return []Rule{
		{
			ID: "ANC001", Name: "self-signed", Severity: Refuse, Cites: []string{awsTrustModel, rfcPath},
			Remedy: "register the environment's issuer, an intermediate that the root has signed, never the root itself",
		},
		{
			ID: "ANC002", Name: "public CA", Severity: Refuse, Cites: []string{awsTrustModel},
			Remedy: "use a hierarchy of your own: whoever can buy a certificate from a public CA could open a session",
		},
		{
			ID: "ANC003", Name: "not a CA", Severity: Refuse, Cites: []string{awsTrustModel, rfcConstraints},
			Remedy: "name a CA certificate: version 3, with critical basicConstraints CA:true",
		},
		{
			ID: "ANC004", Name: "key usage", Severity: Refuse, Cites: []string{awsTrustModel, rfcKeyUsage, rfcExtUsage},
			Remedy: "have the CA issued anew with key usage keyCertSign and cRLSign and, if it has extended key usages, clientAuth among them",
		},
		{
			ID: "ANC005", Name: "weak or unfit", Severity: Refuse,
			Cites:  []string{awsTrustModel, nistKeys, rfcVersion, rfcSerial, rfcValidity, rfcSubject, rfcExtensions, awsTags},
			Remedy: "have the certificate issued anew, as docs/certificates.md describes",
		},
		{
			ID: "ANC006", Name: "not under this estate's root", Severity: Refuse, Cites: []string{rfcPath},
			Remedy: "have it signed by the estate's private root, or give the certificates between the two",
		},
		{
			ID: "ANC007", Name: "outlives its parent", Severity: Refuse, Cites: []string{rfcPath, rfcValidity},
			Remedy: "have it issued with an end no later than its parent's, or under a parent that ends later",
		},
		{
			ID: "ANC008", Name: "too many certificates in one anchor", Severity: Refuse, Cites: []string{awsQuotas},
			Remedy: "take out of the anchor what is not in use: it holds two certificates at most",
		},
		{
			ID: "ANC009", Name: "source type", Severity: Refuse, Cites: []string{awsSource},
			Remedy: "use CERTIFICATE_BUNDLE: the issuer's certificate itself",
		},
		{
			ID: "ANC010", Name: "path length", Severity: Refuse, Cites: []string{rfcConstraints, rfcPath},
			Remedy: "have the issuer signed by a CA whose path length leaves room for it",
		},
		{
			ID: "ANC011", Name: "shared between environments", Severity: Refuse, Cites: []string{awsTrustModel},
			Remedy: "give each environment an issuer with a key of its own, and a new key to each generation",
		},
		{
			ID: "ANC012", Name: "expiring", Severity: Warn, Cites: []string{awsMonitoring, rfcValidity},
			Remedy: "move to a new estate in time, as docs/operating.md says: an anchor that has expired opens no session",
		},
		{
			ID: "ANC013", Name: "not exactly one certificate", Severity: Refuse, Cites: []string{rfcPEM, rfcPath},
			Remedy: `write exactly one certificate into the file: run "openssl x509 -in FILE -out CLEAN.pem"`,
		},
		{
			ID: "ANC101", Name: "root registered", Severity: Refuse, Cites: []string{awsTrustModel},
			Remedy: "register the environment's issuer: under the root, every environment's certificates would be accepted",
		},
		{
			ID: "ANC201", Name: "lives too long", Severity: Refuse, Cites: []string{rfcValidity, awsTrustModel},
			Remedy: "issue it for less time, or raise limits.certificateLifetime of the environment on purpose",
		},
		{
			ID: "ANC202", Name: "name of something else", Severity: Refuse, Cites: []string{spiffeID, awsMapping, awsSession, awsTags},
			Remedy: "issue it for a workload that the environment names in anchorctl.yaml",
		},
		{
			ID: "ANC203", Name: "nothing permitted", Severity: Refuse, Cites: []string{awsTrustModel},
			Remedy: "name the workloads in anchorctl.yaml: an empty list permits nobody and must not come to mean everybody",
		},
		{
			ID: "ANC204", Name: "shape", Severity: Refuse, Cites: []string{awsTrustModel, rfcKeyUsage, rfcExtUsage, rfcNames},
			Remedy: `issue it with "anchorctl issue", or as docs/certificates.md describes`,
		},
		{
			ID: "ANC205", Name: "lifetimes that do not fit", Severity: Refuse, Cites: []string{awsSession, rfcValidity},
			Remedy: "lengthen certificateLifetime of the workload, shorten sessionDuration of the profile, or run renew more often and say so in limits.renewalInterval",
		},
		{
			ID: "ANC206", Name: "certificate request", Severity: Refuse, Cites: []string{awsTrustModel, nistKeys, rfcRequest},
			Remedy: "make a new key on the host, and a request with it: openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -subj /CN=any",
		},
		{
			ID: "ANC301", Name: "role of no or another environment", Severity: Refuse, Cites: []string{awsTrustModel, awsCreateRole},
			Remedy: "give each environment roles of its own, named by path and name in their own account",
		},
		{
			ID: "ANC302", Name: "too many roles", Severity: Refuse, Cites: []string{awsProfile, awsTrustModel},
			Remedy: "split the profile, or raise limits.rolesPerProfile of the environment on purpose",
		},
		{
			ID: "ANC303", Name: "AWS-managed policy attached", Severity: Hold, Waivable: true, Cites: []string{awsManaged, awsPermissions},
			Remedy: "attach a policy of your own that names the actions and resources, or waive it with reason, owner and end date",
		},
		{
			ID: "ANC304", Name: "anchor not pinned", Severity: Refuse, Cites: []string{awsTrustModel, awsConditions},
			Remedy: `have the statement name the environment's anchors: "ArnEquals" on "aws:SourceArn", without wildcards`,
		},
		{
			ID: "ANC305", Name: "certificate not pinned", Severity: Refuse, Cites: []string{awsTrustModel, awsTrustMapping},
			Remedy: `have the statement name the workloads: "StringEquals" on "aws:PrincipalTag/x509SAN/URI"`,
		},
		{
			ID: "ANC306", Name: "condition that is met by others", Severity: Refuse, Cites: []string{awsTrustMapping, awsConditions, awsVariables},
			Remedy: "ask for what has to be there, with StringEquals or ArnEquals; say what must not be in a Deny statement",
		},
		{
			ID: "ANC307", Name: "attribute not mapped", Severity: Refuse, Cites: []string{awsMapping, awsTrustMapping},
			Remedy: "have the profile map the attribute, or take the condition out",
		},
		{
			ID: "ANC308", Name: "trusts something else too", Severity: Hold, Waivable: true, Cites: []string{awsTrustModel, awsPrincipal},
			Remedy: "give what it trusts besides a role of its own, or waive it with reason, owner and end date",
		},
		{
			ID: "ANC309", Name: "session longer than the role allows", Severity: Warn, Cites: []string{awsSession, awsRoleSession},
			Remedy: "shorten sessionDuration of the profile, or have the role's maximum session duration raised",
		},
		{
			ID: "ANC310", Name: "trust policy too long", Severity: Refuse, Cites: []string{awsIAMQuotas},
			Remedy: "split the role: fewer workloads or fewer targets for each",
		},
		{
			ID: "ANC311", Name: "session policy too long", Severity: Refuse, Cites: []string{awsAssumeRole},
			Remedy: "shorten the session policy, or put what it says into the role's own policy",
		},
		{
			ID: "ANC312", Name: "not a policy document", Severity: Refuse, Cites: []string{awsGrammar},
			Remedy: "mend the document at the place named; elements are spelled and cased as in AWS's grammar",
		},
		{
			ID: "ANC313", Name: "every action", Severity: Hold, Waivable: true, Cites: []string{awsPermissions, awsActions},
			Remedy: "name the actions that the workload calls, or waive it with reason, owner and end date",
		},
		{
			ID: "ANC314", Name: "every resource", Severity: Hold, Waivable: true, Cites: []string{awsPermissions, awsActions, awsResource},
			Remedy: "name the resources that the workload uses, or waive it with reason, owner and end date",
		},
		{
			ID: "ANC315", Name: "all but some", Severity: Hold, Waivable: true, Cites: []string{awsNotAction, awsNotResource},
			Remedy: "name what is allowed in Action and Resource; keep NotAction and NotResource for Deny",
		},
		{
			ID: "ANC316", Name: "any role may be passed", Severity: Hold, Waivable: true, Cites: []string{awsPassRole},
			Remedy: "name the roles that may be passed, and the service in a condition on iam:PassedToService",
		},
		{
			ID: "ANC317", Name: "resource that the action does not take", Severity: Warn, Cites: []string{awsActions, awsResource},
			Remedy: "give each action the resources that it takes, in a statement of its own where they differ",
		},
		{
			ID: "ANC318", Name: "sensitive role", Severity: Refuse, Cites: []string{awsTrustModel, awsTagRoles, awsMapping},
			Remedy: "give the role a profile of its own, short sessions, and one workload that its trust policy names",
		},
		{
			ID: "ANC319", Name: "probe role with permissions", Severity: Hold, Waivable: true, Cites: []string{awsPermissions, awsManaged},
			Remedy: "detach its policies and delete its inline policies, or name another role as probeRole",
		},
		{
			ID: "ANC401", Name: "stale plan", Severity: Refuse, Cites: []string{rfcJCS},
			Remedy: "make a new plan and have it approved",
		},
		{
			ID: "ANC402", Name: "altered plan", Severity: Refuse, Cites: []string{rfcJCS},
			Remedy: "find out who changed the file, and make a new plan",
		},
		{
			ID: "ANC403", Name: "not ours", Severity: Refuse, Cites: []string{awsTagging},
			Remedy: "leave it alone, or remove it by hand with whoever owns it",
		},
		{
			ID: "ANC501", Name: "rotation open", Severity: Refuse, Cites: []string{awsTrustModel},
			Remedy: "run \"anchorctl rotate status\" to see how far it is, and finish it or abort it first",
		},
		{
			ID: "ANC502", Name: "last issuer", Severity: Refuse, Cites: []string{awsTrustModel, awsSource},
			Remedy: "let the anchor hold the issuer that signs, and start a rotation to another one",
		},
		{
			ID: "ANC503", Name: "not drained", Severity: Hold, Cites: []string{awsTrustModel, awsSession},
			Remedy: "wait until the certificates of the old issuer are renewed or have ended, then run anchorctl rotate resume",
		},
		{
			ID: "ANC504", Name: "not seen", Severity: Hold, Cites: []string{awsTrustModel, awsSession},
			Remedy: "mend what denies the probe's sessions, or wait, then run anchorctl rotate resume",
		},
		{
			ID: "ANC505", Name: "not re-issued", Severity: Hold, Cites: []string{awsTrustModel, awsSession},
			Remedy: "give the workloads named certificates of the new issuer, then run the same command again",
		},
		{
			ID: "ANC601", Name: "foreign anchor in the account", Severity: Warn, Cites: []string{awsTrustModel, awsSource},
			Remedy: "find out whose it is; disable and delete it if nobody can say",
		},
		{
			ID: "ANC602", Name: "quota nearly used up", Severity: Warn, Cites: []string{awsQuotas},
			Remedy: "ask for more in Service Quotas where the quota is adjustable, or remove what nobody uses",
		},
		{
			ID: "ANC603", Name: "another enabled role would accept this anchor", Severity: Hold, Waivable: true,
			Cites:  []string{awsTrustModel},
			Remedy: "have the role's trust policy name its own anchor in aws:SourceArn, or waive it with reason, owner and end date",
		},
		{
			ID: "ANC604", Name: "foreign certificate in our anchor", Severity: Hold, Cites: []string{awsTrustModel, awsSource},
			Remedy: `find out who put it there; then run "anchorctl apply --approve-restore ENVIRONMENT" to put the anchor back as it was`,
		},
		{
			ID: "ANC605", Name: "key of a retired issuer", Severity: Hold, Cites: []string{awsTrustModel, awsSource},
			Remedy: "take the certificate out of the anchor: whoever holds that key signs for the environment",
		},
		{
			ID: "ANC606", Name: "anchor disabled or unused", Severity: Warn, Cites: []string{awsTrustModel},
			Remedy: "delete it, or say what it is for by a role that trusts it",
		},
		{
			ID: "ANC607", Name: "profile mixes environments", Severity: Warn, Cites: []string{awsProfile, awsTrustModel},
			Remedy: "give each environment profiles of its own, with its own roles alone",
		},
		{
			ID: "ANC701", Name: "revocation list is stale", Severity: Warn, Cites: []string{rfcCRL, awsRevocation},
			Remedy: "run \"anchorctl crl refresh\", and have cron or a timer do so from now on",
		},
		{
			ID: "ANC702", Name: "revocation list is nearly full", Severity: Warn, Cites: []string{awsImportCRL},
			Remedy: "shorten certificateLifetime, so that entries leave sooner, or give the environment a new issuer before it is full",
		},
		{
			ID: "ANC703", Name: "revocation list of another signer", Severity: Warn, Cites: []string{rfcCRL, awsRevocation},
			Remedy: "find out who put it there; apply puts the issuer's own list in its place",
		},
		{
			ID: "ANC704", Name: "number of the revocation list has gone back", Severity: Warn, Cites: []string{rfcCRLNumber},
			Remedy: "find out whether the store was restored; apply takes over what the list revokes, and signs a newer one",
		},
		{
			ID: "ANC705", Name: "revocation list missing or disabled", Severity: Warn, Cites: []string{awsRevocation},
			Remedy: "run \"anchorctl crl refresh\", and find out who took the list away",
		},
	}
}

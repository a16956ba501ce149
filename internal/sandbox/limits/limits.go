package limits

// ID names a limit.
type ID int

// The limits. The order is that of the table.
const (
	Name ID = iota
	UUID
	TagKey
	TagValue
	Tags
	TagKeys
	ResourceARN
	NextToken
	CertificateData
	CertificatesPerAnchor
	NotificationSettings
	NotificationKeys
	Threshold
	RoleARNs
	RoleARN
	ManagedPolicies
	ManagedPolicyARN
	SessionPolicy
	DurationSeconds
	Specifier
	CRLData
	CRLsPerAnchor
	TrustAnchorARN
	Anchors
	Profiles
	SessionSeconds
	InstanceProperties
	InstanceProperty
	SessionName
	RoleName
	RolePath
	RoleDescription
	MaxSession
	TrustPolicy
	AttachedPolicies
	InlinePolicies
	PolicyName
	PolicyPath
	PolicyDescription
	PolicyARN
	PolicyVersion
	ManagedPolicy
	RoleTags
	MaxItems
	AssumeRoleName
	AssumeRoleSeconds
	ExternalID
	STSPolicy
	ResourcesPerPage
	TagFilters
	TagFilterValues
	ResourceTypeFilters

	count
)

// Limit is the least and the most of something.
type Limit struct {
	Of       string // what is counted
	Min, Max int
	Pattern  string // that the whole text matches, where there is one
	Source   string // where the numbers were read
}

const (
	model   = "service model of Roles Anywhere, 2018-05-10"
	quota   = "https://docs.aws.amazon.com/general/latest/gr/rolesanywhere.html"
	iamAPI  = "https://docs.aws.amazon.com/IAM/latest/APIReference/"
	iamMax  = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"
	stsAPI  = "https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html"
	tagging = "https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html"

	tagText = `[ a-zA-Z0-9_.:/=+@-]*`
)

// Table is all limits, by ID.
func Table() []Limit {
	return []Limit{
		Name:                  {"characters of a name", 1, 255, `[ a-zA-Z0-9-_]*`, model},
		UUID:                  {"characters of an id", 36, 36, `.*[a-f0-9]{8}-([a-z0-9]{4}-){3}[a-z0-9]{12}.*`, model},
		TagKey:                {"characters of a tag's key", 1, 128, tagText, model},
		TagValue:              {"characters of a tag's value", 0, 256, tagText, model},
		Tags:                  {"tags of a resource", 0, 200, "", model},
		TagKeys:               {"keys of one UntagResource", 0, 200, "", model},
		ResourceARN:           {"characters of a resource's ARN", 1, 1011, "", model},
		NextToken:             {"characters of a nextToken", 1, 10000, "", model},
		CertificateData:       {"characters of an anchor's certificates", 1, 204800, "", model + ", as of 2026-07-28"},
		CertificatesPerAnchor: {"certificates of an anchor", 1, 2, "", quota},
		NotificationSettings:  {"notification settings of a request", 0, 50, "", model},
		NotificationKeys:      {"notification keys of a request", 0, 50, "", model},
		Threshold:             {"days of a notification threshold", 1, 360, "", model},
		RoleARNs:              {"roles of a profile", 0, 250, "", model},
		RoleARN:               {"characters of a role's ARN", 1, 1011, `arn:aws(-[^:]+)?:iam(:.*){2}(:role.*)`, model},
		ManagedPolicies:       {"managed policies of a profile", 0, 50, "", model},
		ManagedPolicyARN:      {"characters of a managed policy's ARN", 1, 200, "", model},
		SessionPolicy:         {"characters of a session policy", 1, 100000, "", model + ", UpdateProfile"},
		DurationSeconds:       {"seconds of a profile's sessions", 900, 43200, "", model},
		Specifier:             {"characters of a mapping's specifier", 0, 60, "", model},
		CRLData:               {"bytes of a CRL", 1, 300000, "", model},
		CRLsPerAnchor:         {"CRLs of an anchor", 0, 2, "", quota},
		TrustAnchorARN:        {"characters of an anchor's ARN", 1, 1011, `arn:aws(-[^:]+)?:rolesanywhere(:.*){2}(:trust-anchor.*)`, model},
		Anchors:               {"trust anchors of an account and region", 0, 50, "", quota},
		Profiles:              {"profiles of an account and region", 0, 250, "", quota},
		SessionSeconds:        {"seconds asked of CreateSession", 900, 43200, "", "https://docs.aws.amazon.com/rolesanywhere/latest/userguide/authentication-create-session.html"},
		InstanceProperties:    {"instance properties of a session", 0, 50, "", model},
		InstanceProperty:      {"characters of an instance property's key or value", 1, 200, "", model},
		SessionName:           {"characters of a custom role session name", 2, 64, `[\w+=,.@-]*`, stsAPI},
		RoleName:              {"characters of a role's name", 1, 64, `[\w+=,.@-]+`, iamAPI + "API_CreateRole.html"},
		RolePath:              {"characters of a role's path", 1, 512, `(\x{002F})|(\x{002F}[\x{0021}-\x{007E}]+\x{002F})`, iamAPI + "API_CreateRole.html"},
		RoleDescription:       {"characters of a role's description", 0, 1000, "", iamAPI + "API_CreateRole.html"},
		MaxSession:            {"seconds of a role's longest session", 3600, 43200, "", iamAPI + "API_CreateRole.html"},
		TrustPolicy:           {"characters of a trust policy without white space", 0, 2048, "", iamMax},
		AttachedPolicies:      {"managed policies attached to a role", 0, 10, "", iamMax},
		InlinePolicies:        {"characters of all inline policies of a role", 0, 10240, "", iamMax},
		PolicyName:            {"characters of a policy's name", 1, 128, `[\w+=,.@-]+`, iamAPI + "API_PutRolePolicy.html"},
		PolicyPath:            {"characters of a policy's path", 1, 512, `((/[A-Za-z0-9\.,\+@=_-]+)*)/`, iamAPI + "API_CreatePolicy.html"},
		PolicyDescription:     {"characters of a policy's description", 0, 1000, "", iamAPI + "API_CreatePolicy.html"},
		PolicyARN:             {"characters of a policy's ARN", 20, 2048, "", iamAPI + "API_GetPolicy.html"},
		PolicyVersion:         {"characters of a policy's version", 2, 64, `v[1-9][0-9]*(\.[A-Za-z0-9-]*)?`, iamAPI + "API_GetPolicyVersion.html"},
		ManagedPolicy:         {"characters of a managed policy without white space", 0, 6144, "", iamMax},
		RoleTags:              {"tags of a role", 0, 50, "", iamMax},
		MaxItems:              {"items of a page of IAM", 1, 1000, "", iamAPI + "API_ListRoles.html"},
		AssumeRoleName:        {"characters of a session's name", 2, 64, `[\w+=,.@-]*`, stsAPI},
		AssumeRoleSeconds:     {"seconds of an assumed role", 900, 43200, "", stsAPI},
		ExternalID:            {"characters of an external id", 2, 1224, `[\w+=,.@:\/-]*`, stsAPI},
		STSPolicy:             {"characters of a session policy given to AssumeRole", 1, 2048, "", stsAPI},
		ResourcesPerPage:      {"resources of a page", 1, 100, "", tagging},
		TagFilters:            {"tag filters of a request", 0, 50, "", tagging},
		TagFilterValues:       {"values of a tag filter", 0, 20, "", tagging},
		ResourceTypeFilters:   {"resource types of a request", 0, 100, "", tagging},
	}
}

// Of is the limit with that ID.
func Of(id ID) Limit { return Table()[id] }

// Count is how many limits there are.
func Count() int { return int(count) }

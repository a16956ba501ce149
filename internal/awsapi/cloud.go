package awsapi

import "anchorctl/internal/estate"

// Cloud is the target as estates use it, with the identity that was asked for.
func (t *Target) Cloud(id Identity) estate.Cloud {
	return estate.Cloud{
		Account: id.Account, Partition: id.Partition, Bound: id.Bound,
		Anchors: t.Anchors(), Profiles: t.Profiles(), Roles: t.Roles(), CRLs: t.CRLs(), Subjects: t.Subjects(),
		PutRolePolicy: t.PutRolePolicy, Exists: t.Exists,
	}
}

// Package tagging is the Resource Groups Tagging API in the sandbox:
// GetResources over the Roles Anywhere objects of an account and region.
//
// It knows the filters and pages of
// https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html.
// It must not know how tags are set. It never lags by itself; a fault orders
// stale answers.
package tagging

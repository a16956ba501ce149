package survey

import (
	"anchorctl/internal/admission"
	"anchorctl/internal/rules"
	"anchorctl/internal/scrutiny"
)

// Report is what the accounts hold, and the verdict on it.
type Report struct {
	Accounts   []Account         `json:"accounts"`
	Waived     []scrutiny.Waived `json:"waived"`     // findings that the configuration accepts
	NotChecked []string          `json:"notChecked"` // what could not be read or is not asked, and why
	Findings   []rules.Finding   `json:"-"`          // shown in the envelope
}

// Account is one AWS account.
type Account struct {
	Account string   `json:"account"`
	Roles   Roles    `json:"roles"`
	Regions []Region `json:"regions"`
}

// Roles counts the roles of an account.
type Roles struct {
	Listed        bool `json:"listed"` // false: only those that profiles list could be read
	All           int  `json:"all"`
	RolesAnywhere int  `json:"rolesAnywhere"` // those that trust Roles Anywhere
	Mapped        int  `json:"mapped"`        // those that the configuration gives to environments
}

// Region is what Roles Anywhere has in one region of an account.
type Region struct {
	Region          string    `json:"region"`
	Anchors         []Anchor  `json:"anchors"`
	Profiles        []Profile `json:"profiles"`
	RevocationLists int       `json:"revocationLists"`
	Quotas          []Quota   `json:"quotas"`
}

// Anchor is a trust anchor.
type Anchor struct {
	Name         string        `json:"name"`
	ARN          string        `json:"arn"`
	Addr         string        `json:"addr,omitempty"` // empty when it is not ours
	Environment  string        `json:"environment,omitempty"`
	Enabled      bool          `json:"enabled"`
	Source       string        `json:"source"`
	Certificates []Certificate `json:"certificates"`
	Unreadable   string        `json:"unreadable,omitempty"`
	Roles        []string      `json:"roles"` // that could be taken through it
}

// Certificate is one that an anchor holds.
type Certificate struct {
	*admission.Facts

	Marks []string `json:"marks"` // "issuer/prod#1", "self-signed", "expired", …
}

// Profile is a profile.
type Profile struct {
	Name        string   `json:"name"`
	ARN         string   `json:"arn"`
	Addr        string   `json:"addr,omitempty"` // empty when it is not ours
	Environment string   `json:"environment,omitempty"`
	Enabled     bool     `json:"enabled"`
	Roles       []string `json:"roles"`
}

// Quota is how much of a quota is used.
type Quota struct {
	Quota      string `json:"quota"`
	At         string `json:"at"`
	Used       int    `json:"used"`
	Most       int    `json:"most"` // by default
	Code       string `json:"code,omitempty"`
	Adjustable bool   `json:"adjustable"`
}

package anywhere

import (
	"time"

	"anchorctl/internal/sandbox/world"
)

// stamp is the form of the service's timestamps.
const stamp = "2006-01-02T15:04:05.000000Z"

func written(t time.Time) string { return t.UTC().Format(stamp) }

type anchorDetail struct {
	ID            string               `json:"trustAnchorId"`
	ARN           string               `json:"trustAnchorArn"`
	Name          string               `json:"name"`
	Source        source               `json:"source"`
	Enabled       bool                 `json:"enabled"`
	CRLDPs        *bool                `json:"crlDpRevocationEnabled,omitempty"`
	Notifications []notificationDetail `json:"notificationSettings"`
	Created       string               `json:"createdAt"`
	Updated       string               `json:"updatedAt"`
}

type notificationDetail struct {
	Enabled      bool   `json:"enabled"`
	Event        string `json:"event"`
	Threshold    *int   `json:"threshold,omitempty"`
	Channel      string `json:"channel"`
	ConfiguredBy string `json:"configuredBy"`
}

type anchorOut struct {
	Anchor anchorDetail `json:"trustAnchor"`
}

type anchorList struct {
	Anchors   []anchorDetail `json:"trustAnchors"`
	NextToken *string        `json:"nextToken,omitempty"`
}

func detailOfAnchor(a *world.Anchor) anchorDetail {
	kind, text := a.SourceType, a.Certificates
	d := anchorDetail{
		ID: a.ID, ARN: a.ARN, Name: a.Name, Enabled: a.Enabled, CRLDPs: a.CRLDPs,
		Source:        source{SourceType: &kind, SourceData: &sourceData{Certificates: &text}},
		Notifications: []notificationDetail{}, Created: written(a.Created), Updated: written(a.Updated),
	}
	for _, n := range a.Notifications {
		d.Notifications = append(d.Notifications, notificationDetail{
			Enabled: n.Enabled, Event: n.Event, Threshold: n.Threshold, Channel: n.Channel, ConfiguredBy: n.ConfiguredBy,
		})
	}
	return d
}

func anchorAnswer(a *world.Anchor) anchorOut { return anchorOut{detailOfAnchor(a)} }

type profileDetail struct {
	ID                string          `json:"profileId"`
	ARN               string          `json:"profileArn"`
	Name              string          `json:"name"`
	RoleARNs          []string        `json:"roleArns"`
	ManagedPolicyARNs []string        `json:"managedPolicyArns"`
	SessionPolicy     string          `json:"sessionPolicy,omitempty"`
	DurationSeconds   int             `json:"durationSeconds"`
	Enabled           bool            `json:"enabled"`
	CreatedBy         string          `json:"createdBy"`
	RequireInstance   bool            `json:"requireInstanceProperties"`
	AcceptSessionName bool            `json:"acceptRoleSessionName"`
	Mappings          []mappingDetail `json:"attributeMappings"`
	Created           string          `json:"createdAt"`
	Updated           string          `json:"updatedAt"`
}

type mappingDetail struct {
	Field string        `json:"certificateField"`
	Rules []mappingRule `json:"mappingRules"`
}

type profileOut struct {
	Profile profileDetail `json:"profile"`
}

type profileList struct {
	Profiles  []profileDetail `json:"profiles"`
	NextToken *string         `json:"nextToken,omitempty"`
}

func detailOfProfile(p *world.Profile) profileDetail {
	d := profileDetail{
		ID: p.ID, ARN: p.ARN, Name: p.Name, RoleARNs: orEmpty(p.RoleARNs), ManagedPolicyARNs: orEmpty(p.ManagedPolicyARNs),
		SessionPolicy: p.SessionPolicy, DurationSeconds: p.DurationSeconds, Enabled: p.Enabled, CreatedBy: p.CreatedBy,
		RequireInstance: p.RequireInstanceProperties, AcceptSessionName: p.AcceptRoleSessionName,
		Mappings: []mappingDetail{}, Created: written(p.Created), Updated: written(p.Updated),
	}
	for _, field := range []string{subjectField, issuerField, sanField} {
		if rules, ok := p.Mappings[field]; ok {
			m := mappingDetail{Field: field, Rules: []mappingRule{}}
			for _, s := range rules {
				m.Rules = append(m.Rules, mappingRule{Specifier: &s})
			}
			d.Mappings = append(d.Mappings, m)
		}
	}
	return d
}

func profileAnswer(p *world.Profile) profileOut { return profileOut{detailOfProfile(p)} }

type crlDetail struct {
	ID        string `json:"crlId"`
	ARN       string `json:"crlArn"`
	Name      string `json:"name"`
	Enabled   bool   `json:"enabled"`
	Data      []byte `json:"crlData"`
	AnchorARN string `json:"trustAnchorArn"`
	Created   string `json:"createdAt"`
	Updated   string `json:"updatedAt"`
}

type crlOut struct {
	CRL crlDetail `json:"crl"`
}

type crlList struct {
	CRLs      []crlDetail `json:"crls"`
	NextToken *string     `json:"nextToken,omitempty"`
}

func detailOfCRL(l *world.CRL) crlDetail {
	return crlDetail{
		ID: l.ID, ARN: l.ARN, Name: l.Name, Enabled: l.Enabled, Data: l.Data, AnchorARN: l.AnchorARN,
		Created: written(l.Created), Updated: written(l.Updated),
	}
}

func crlAnswer(l *world.CRL) crlOut { return crlOut{detailOfCRL(l)} }

type subjectSummary struct {
	ID       string `json:"subjectId"`
	ARN      string `json:"subjectArn"`
	Enabled  bool   `json:"enabled"`
	Name     string `json:"x509Subject"`
	LastSeen string `json:"lastSeenAt"`
	Created  string `json:"createdAt"`
	Updated  string `json:"updatedAt"`
}

type subjectDetail struct {
	subjectSummary

	Credentials []credentialDetail `json:"credentials"`
	Properties  []propertiesDetail `json:"instanceProperties"`
}

type credentialDetail struct {
	Seen        string `json:"seenAt"`
	Serial      string `json:"serialNumber"`
	Issuer      string `json:"issuer"`
	Enabled     bool   `json:"enabled"`
	Certificate string `json:"x509CertificateData"`
	Failed      bool   `json:"failed"`
}

type propertiesDetail struct {
	Seen   string            `json:"seenAt"`
	Values map[string]string `json:"properties"`
	Failed bool              `json:"failed"`
}

type subjectOut struct {
	Subject subjectDetail `json:"subject"`
}

type subjectList struct {
	Subjects  []subjectSummary `json:"subjects"`
	NextToken *string          `json:"nextToken,omitempty"`
}

type tagList struct {
	Tags []tag `json:"tags"`
}

func summaryOfSubject(s *world.Subject) subjectSummary {
	return subjectSummary{
		ID: s.ID, ARN: s.ARN, Enabled: s.Enabled, Name: s.Name,
		LastSeen: written(s.LastSeen), Created: written(s.Created), Updated: written(s.Updated),
	}
}

func subjectAnswer(s *world.Subject) subjectOut {
	d := subjectDetail{subjectSummary: summaryOfSubject(s), Credentials: []credentialDetail{}, Properties: []propertiesDetail{}}
	for _, c := range s.Credentials {
		d.Credentials = append(d.Credentials, credentialDetail{
			Seen: written(c.Seen), Serial: c.Serial, Issuer: c.Issuer, Enabled: c.Enabled, Certificate: c.Certificate, Failed: c.Failed,
		})
	}
	for _, p := range s.Properties {
		d.Properties = append(d.Properties, propertiesDetail{Seen: written(p.Seen), Values: p.Values, Failed: p.Failed})
	}
	return subjectOut{d}
}

func orEmpty(all []string) []string {
	if all == nil {
		return []string{}
	}
	return all
}

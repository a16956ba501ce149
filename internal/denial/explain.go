package denial

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"anchorctl/internal/estate"
	"anchorctl/internal/gates"
	"anchorctl/internal/hint"
	"anchorctl/internal/pki"
	"anchorctl/internal/plan"
	"anchorctl/internal/session"
)

// Verdicts on a session.
const (
	Granted = "granted" // every gate was passed, but for the key's when no key was given
	Denied  = "denied"
	Open    = "open" // nothing failed, and not everything could be checked
)

// Result is an explanation.
type Result struct {
	// Granted: every session that was meant would be given.
	Granted     bool        `json:"granted"`
	Certificate Certificate `json:"certificate"` // of the first session
	Sessions    []Session   `json:"sessions"`
	Notes       []string    `json:"notes"`
}

// Certificate is the certificate of a session.
type Certificate struct {
	Subject     string    `json:"subject"`
	Issuer      string    `json:"issuer"`
	IssuedBy    string    `json:"issuedBy,omitempty"` // the address of the issuer of ours that signed it
	Workload    string    `json:"workload,omitempty"` // ENV/WORKLOAD, by its URI
	SerialHex   string    `json:"serialHex"`
	Fingerprint string    `json:"fingerprint"`
	NotBefore   time.Time `json:"notBefore"`
	NotAfter    time.Time `json:"notAfter"`
}

// Session is one session and how it fares.
type Session struct {
	Environment    string          `json:"environment,omitempty"`
	Profile        string          `json:"profile,omitempty"`
	Target         string          `json:"target"`
	TrustAnchorARN string          `json:"trustAnchorArn"`
	ProfileARN     string          `json:"profileArn"`
	RoleARN        string          `json:"roleArn"`
	Time           time.Time       `json:"time"` // for which it is judged
	Verdict        string          `json:"verdict"`
	Fails          string          `json:"fails,omitempty"`   // the first gate that fails
	Code           string          `json:"code,omitempty"`    // what the service answers then
	Message        string          `json:"message,omitempty"` // what the service answers then
	Service        *session.Answer `json:"service,omitempty"` // what it answered
	Agrees         *bool           `json:"agrees,omitempty"`  // whether the two are one
	Gates          []Gate          `json:"gates"`
	Trust          []Trust         `json:"trust"`      // the statements that decide, when the trust policy refuses
	NotChecked     []string        `json:"notChecked"` // gates
	Certificate    Certificate     `json:"certificate"`

	SessionName    string            `json:"sessionName,omitempty"`
	SourceIdentity string            `json:"sourceIdentity,omitempty"`
	Seconds        int               `json:"seconds,omitempty"`
	Tags           map[string]string `json:"tags"`
	Notes          []string          `json:"notes"`
}

// Gate is one gate and how it went.
type Gate struct {
	Name     string   `json:"name"`
	Status   string   `json:"status"` // passed, failed, not checked
	Then     bool     `json:"then"`   // it fails, and an earlier one does as well
	Detail   string   `json:"detail"`
	Message  string   `json:"message,omitempty"`
	Remedies []Remedy `json:"remedies"`
}

// Remedy is one thing to do about a gate.
type Remedy struct {
	Do   string `json:"do"`             // one imperative line, with the command to type
	Text string `json:"text,omitempty"` // what to write where Do says
}

// Explainer explains sessions.
type Explainer struct {
	Estate *Estate // nil outside of one
	// Open opens the place of a session; nil judges offline, which takes an
	// estate. A place that cannot be opened is not checked, unless Must says so.
	Open func(ctx context.Context, environment string, at plan.Target) (estate.Cloud, error)
	// Must makes a place of the estate that cannot be opened an error.
	Must bool
	Now  time.Time
}

// Explain explains each case.
func (x Explainer) Explain(ctx context.Context, cases []Case) (Result, error) {
	out := Result{Granted: len(cases) > 0, Notes: []string{}}
	places := map[string]opened{}
	for _, c := range cases {
		if c.Leaf == nil {
			return Result{}, errors.New("explaining the session: there is no certificate")
		}
		if c.Time.IsZero() {
			c.Time = x.Now
		}
		c = x.named(c)
		v := view{c: c, k: x.Estate, offline: x.Open == nil}
		var err error
		if v.q, v.sight, err = x.question(ctx, c, places); err != nil {
			return Result{}, fmt.Errorf("explaining the session: %w", err)
		}
		v.e = gates.Explain(v.q)
		s := v.session()
		if x.Now.After(c.Leaf.NotAfter) && !c.Time.After(c.Leaf.NotAfter) {
			s.Notes = append(s.Notes, "the certificate has expired since")
		}
		out.Granted = out.Granted && s.Verdict == Granted
		out.Sessions = append(out.Sessions, s)
	}
	if len(out.Sessions) > 0 {
		out.Certificate = out.Sessions[0].Certificate
	}
	if x.Open == nil {
		out.Notes = append(out.Notes, "judged by configuration and record, and not by what is in AWS")
	}
	return out, nil
}

// named fills in what the estate calls the anchor and the profile of the ARNs.
func (x Explainer) named(c Case) Case {
	if c.names.environment == "" {
		c.names.environment = x.Estate.addr(c.AnchorARN).Environment
	}
	if profile := x.Estate.addr(c.ProfileARN); c.names.profile == "" {
		c.names.profile = profile.Name
	}
	return c
}

// opened is a place that was opened and read, or why not.
type opened struct {
	cloud estate.Cloud
	lists sight
	err   error
}

func (x Explainer) question(ctx context.Context, c Case, places map[string]opened) (gates.Question, sight, error) {
	if x.Open == nil {
		if x.Estate == nil {
			return gates.Question{}, sight{}, errors.New("without AWS, there has to be an estate to judge by")
		}
		return x.Estate.offline(c), sight{}, nil
	}
	key := c.names.environment + "@" + c.Target.String()
	if _, before := places[key]; !before {
		var o opened
		if o.cloud, o.err = x.Open(ctx, c.names.environment, c.Target); o.err == nil {
			o.lists = lists(ctx, o.cloud)
		}
		places[key] = o
	}
	o := places[key]
	if o.err == nil {
		s := o.lists.with(ctx, o.cloud, c.RoleARN)
		return s.question(c), s, ctx.Err()
	}
	if x.Must && c.names.environment != "" || ctx.Err() != nil {
		return gates.Question{}, sight{}, hint.With(o.err, `add --offline to judge by configuration and record alone`)
	}
	s := blind(o.err)
	return s.question(c), s, nil
}

// view is one case with all that is known of it.
type view struct {
	c     Case
	k     *Estate
	q     gates.Question
	sight sight
	e     gates.Explanation

	offline bool
}

func (v view) session() Session {
	s := Session{
		Environment: v.c.names.environment, Profile: v.c.names.profile, Target: v.c.Target.String(),
		TrustAnchorARN: v.c.AnchorARN, ProfileARN: v.c.ProfileARN, RoleARN: v.c.RoleARN, Time: v.c.Time.UTC(),
		Verdict: Open, Code: v.e.Code, Message: v.e.Error, Service: v.c.Service, NotChecked: v.e.Open(), Certificate: v.certificate(),
		SessionName: v.e.SessionName, SourceIdentity: v.e.SourceIdentity, Seconds: v.e.Seconds, Tags: v.e.Tags,
		Trust: v.trust(), Notes: []string{},
	}
	if s.Tags == nil {
		s.Tags = map[string]string{}
	}
	if s.NotChecked == nil {
		s.NotChecked = []string{}
	}
	first, closed := v.e.First()
	switch {
	case closed:
		s.Verdict, s.Fails = Denied, first.Gate
	case v.e.Granted:
		s.Verdict = Granted
	}
	then := false
	for _, verdict := range v.e.Verdicts {
		g := Gate{Name: verdict.Gate, Status: string(verdict.Status), Detail: verdict.Detail, Message: verdict.Message, Remedies: []Remedy{}}
		if v.offline && verdict.Gate == gates.GateTrust && verdict.Status != gates.NotChecked {
			g.Detail = "with the trust policy that anchorctl.yaml wants: " + g.Detail
		}
		if verdict.Status == gates.Failed {
			g.Then, then = then, true
			g.Remedies = v.remedies(verdict)
		}
		s.Gates = append(s.Gates, g)
	}
	if s.Verdict == Granted {
		s.Notes = append(s.Notes, v.leaks()...)
	}
	if v.sight.note != "" {
		s.Notes = append(s.Notes, v.sight.note)
	}
	if v.c.Service != nil {
		agrees, note := v.compare()
		s.Agrees = &agrees
		if note != "" {
			s.Notes = append(s.Notes, note)
		}
	}
	return s
}

func (v view) certificate() Certificate {
	c := describe(v.c.Leaf)
	if by, ours := v.k.signer(v.c.Leaf); ours {
		c.IssuedBy = by.addr.String()
	}
	if env, name := v.k.workload(v.c.Leaf); name != "" {
		c.Workload = env + "/" + name
	}
	return c
}

func describe(c *x509.Certificate) Certificate {
	return Certificate{
		Subject: c.Subject.String(), Issuer: c.Issuer.String(), SerialHex: pki.SerialHex(c), Fingerprint: pki.Fingerprint(c),
		NotBefore: c.NotBefore.UTC(), NotAfter: c.NotAfter.UTC(),
	}
}

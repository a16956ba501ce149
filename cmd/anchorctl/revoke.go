package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"anchorctl/internal/cmdline"
	"anchorctl/internal/estate"
	"anchorctl/internal/hint"
	"anchorctl/internal/pki"
	"anchorctl/internal/plan"
	"anchorctl/internal/render"
	"anchorctl/internal/revocation"
	"anchorctl/internal/roles"
	"anchorctl/internal/rules"
	"anchorctl/internal/terminal"
)

type revokeOptions struct {
	reason         string
	endSessions    bool
	endAllSessions string
	approve        bool
	waitLock       bool
}

func revokeCommand() *cmdline.Command {
	o := revokeOptions{}
	return &cmdline.Command{
		Name: "revoke", Args: "[SERIAL|ENV/WORKLOAD[@INSTANCE]|FILE...]", Max: -1,
		Summary: "revoke certificates, at the trust anchors too",
		About: `Records the revocation, signs a new revocation list of each issuer concerned, and
imports it at the environment's trust anchors: from then on the certificates get
no new sessions. A serial number may be hexadecimal, with or without colons, or
decimal; a workload stands for all its certificates that have not expired.
With --end-sessions it may also be one that has, whose sessions may go on.

Sessions that were given out before go on until they end. --end-sessions also
denies everything to the sessions of exactly these certificates, in the roles
that they could take. With roles: verify, the policies are printed instead.
--end-all-sessions denies everything to all sessions of a role, whoever has them;
it may stand alone.

On a terminal it asks first; otherwise it needs --approve. Killed or failed after
the record, "anchorctl crl refresh" brings the list to the anchors.`,
		Example: "anchorctl revoke prod/backup --reason keyCompromise --end-sessions",
		Exits:   []int{terminal.ExitHeld, terminal.ExitLocked, terminal.ExitInterrupted},
		Resume:  `run "anchorctl crl refresh" to bring what is recorded to the trust anchors`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "reason", Usage: "they are revoked for `REASON`: unspecified, keyCompromise, affiliationChanged, superseded or cessationOfOperation", Value: "unspecified", Destination: &o.reason},
			&cli.BoolFlag{Name: "end-sessions", Usage: "deny everything to the sessions that these certificates were given", Destination: &o.endSessions},
			&cli.StringFlag{Name: "end-all-sessions", Usage: "deny everything to every session of `ROLE` (a path and name, or an address) that was given out until now", Destination: &o.endAllSessions},
			&cli.BoolFlag{Name: "approve", Usage: "do not ask", Destination: &o.approve},
			&cli.BoolFlag{Name: "wait-lock", Usage: "wait while another run holds the estate", Destination: &o.waitLock},
		},
		Run: func(ctx context.Context, c *cmdline.Call) (cmdline.Reply, error) {
			if len(c.Args) == 0 && o.endAllSessions == "" {
				return cmdline.Reply{}, hint.With(terminal.Usage("revoke needs SERIAL|ENV/WORKLOAD[@INSTANCE]|FILE..., or --end-all-sessions"), `run "anchorctl revoke --help"`)
			}
			return withWorld(ctx, c, noPassphrase(), func(w estate.World) (cmdline.Reply, error) { return revoke(ctx, c, w, o) })
		},
	}
}

// revoked is what a revocation did, as JSON.
type revoked struct {
	Certificates []revocation.Certificate `json:"certificates"`
	Reason       string                   `json:"reason"`
	Recorded     int                      `json:"recorded"` // those that were not revoked before
	Lists        []estate.ListStatus      `json:"lists"`
	Done         []string                 `json:"done"`
	Held         []string                 `json:"held"`
	Skipped      []string                 `json:"skipped"`
	Notices      []string                 `json:"notices"`
	Sessions     revocation.Sessions      `json:"sessions"`
	Ended        []string                 `json:"ended"`    // roles whose sessions were denied
	Policies     []rolePolicy             `json:"policies"` // to be written into roles by whoever manages them
}

// rolePolicy is a policy that ends sessions.
type rolePolicy struct {
	Role     string          `json:"role"`
	Policy   string          `json:"policy"`
	Document json.RawMessage `json:"document"`
}

// revocationOrder is what somebody asked for, found and not yet done.
type revocationOrder struct {
	certificates []revocation.Certificate
	living       int // of them; the others have expired, and only their sessions are ended
	reason       int
	sessions     revocation.Sessions
	denials      []roles.Denial
	wide         string // whom the role-wide denial cuts off
	managed      bool
	listed       bool // the lists are at every anchor, whatever else failed
}

func revoke(ctx context.Context, c *cmdline.Call, w estate.World, o revokeOptions) (cmdline.Reply, error) {
	order, err := findRevocation(ctx, c, w, o)
	if err != nil {
		return cmdline.Reply{}, err
	}
	if err := w.Room(ctx, revocation.Environments(order.certificates), revocation.Good(order.certificates)); err != nil {
		return cmdline.Reply{}, err
	}
	if !o.approve {
		if err := askToRevoke(ctx, c, order); err != nil {
			return cmdline.Reply{}, err
		}
	}
	result := revoked{Certificates: order.certificates, Reason: pki.ReasonName(order.reason), Sessions: order.sessions, Policies: []rolePolicy{}, Ended: []string{}}
	if result.Recorded, err = revocation.Record(ctx, w.Folder, order.certificates, order.reason); err != nil {
		return cmdline.Reply{}, err
	}
	scope := estate.Revocation{Environments: revocation.Environments(order.certificates), Revoke: true}
	if order.managed {
		scope.Deny = order.denials
	}
	report, applyErr := w.Apply(ctx, estate.ApplyOptions{Options: estate.Options{Revocation: &scope}, Wait: o.waitLock})
	findings := slices.DeleteFunc(report.Proposal.Findings, full) // that was before
	for _, env := range scope.Environments {
		lists, now, err := w.Lists(context.WithoutCancel(ctx), env)
		if err != nil {
			return cmdline.Reply{}, errors.Join(applyErr, err)
		}
		result.Lists = append(result.Lists, lists...)
		findings = append(findings, slices.DeleteFunc(now, func(f rules.Finding) bool { return !full(f) })...)
	}
	result.tell(report, order)
	order.listed = applyErr == nil || report.Listed()
	switch {
	case applyErr != nil && order.living == 0:
	case applyErr != nil && order.listed:
		applyErr = hint.With(applyErr, "the list is at every anchor, and sessions that were given out before go on: run the same command again to end them, once the cause is gone")
	case applyErr != nil && len(scope.Deny) > 0:
		applyErr = hint.With(applyErr, "the revocation is recorded: run the same command again until the list is at every anchor and the sessions are ended")
	case applyErr != nil:
		applyErr = hint.With(applyErr, `the revocation is recorded: run "anchorctl crl refresh" until the list is at every anchor`)
	}
	page := func(p *render.Page) { revokedPage(p, result, order) }
	return cmdline.Reply{Result: result, Findings: findings, Page: page}, applyErr
}

// full reports whether a finding tells of a list that has little room left.
func full(f rules.Finding) bool { return f.Rule == "ANC702" }

// tell takes over what a run did.
func (r *revoked) tell(report estate.Report, order revocationOrder) {
	r.Done, r.Held, r.Skipped = listOf(report.Result.Done), listOf(report.Result.Held), listOf(report.Result.Skipped)
	r.Notices, r.Lists = listOf(report.Proposal.Notices), listOf(r.Lists)
	for _, id := range r.Done {
		if role, ended := strings.CutPrefix(id, string(plan.RoleDeny)+" "); ended {
			r.Ended = append(r.Ended, role)
		}
	}
	for _, d := range order.denials {
		if !order.managed {
			r.Policies = append(r.Policies, rolePolicy{Role: d.Role.String(), Policy: d.Policy, Document: d.Document})
		}
	}
}

func findRevocation(ctx context.Context, c *cmdline.Call, w estate.World, o revokeOptions) (revocationOrder, error) {
	order := revocationOrder{certificates: []revocation.Certificate{}, managed: w.Folder.Config.Roles == "manage"}
	var err error
	if order.reason, err = pki.ParseReason(o.reason); err != nil {
		return order, terminal.Usage(err.Error())
	}
	search := revocation.Search{Ended: o.endSessions, Read: func(path string) ([]byte, error) { return readFile(c, path, pki.MaxFile) }}
	seen := map[string]bool{}
	for _, what := range c.Args {
		found, err := revocation.Find(ctx, w.Folder, what, search)
		if err != nil {
			return order, err
		}
		for _, one := range found {
			if id := one.Issuer + one.SerialHex; !seen[id] {
				seen[id] = true
				order.certificates = append(order.certificates, one)
				if !one.Expired {
					order.living++
				}
			}
		}
	}
	now := c.Clock.Now()
	order.sessions = revocation.SessionsOf(w.Folder.Config, order.certificates, now)
	if err := order.sessions.Recall(ctx, w.Folder, order.certificates); err != nil {
		return order, err
	}
	if o.endSessions {
		if order.denials, err = revocation.Deny(w.Folder.Config, order.certificates, now); err != nil {
			return order, err
		}
	}
	if o.endAllSessions != "" {
		wide, err := revocation.DenyAll(w.Folder.Config, o.endAllSessions, now)
		if err != nil {
			return order, err
		}
		order.denials, order.wide = append(order.denials, wide.Denials...), wide.String()
		order.sessions.Needed = neededByAll(now)
	}
	return order, nil
}

func askToRevoke(ctx context.Context, c *cmdline.Call, order revocationOrder) error {
	const otherwise = "pass --approve"
	if c.JSON {
		return hint.With(errors.New("asking for confirmation: with --json nobody is asked"), otherwise)
	}
	err := c.Print(func(p *render.Page) {
		if len(order.certificates) > 0 {
			certificateTable(p, order.certificates)
			p.Blank()
		}
		if order.wide != "" {
			p.Line("--end-all-sessions cuts off %s.", order.wide)
		}
	})
	if err != nil {
		return err
	}
	question := fmt.Sprintf("\nRevoke these %d? Type yes:", order.living)
	if order.living == 0 {
		question = "\nEnd these sessions? Type yes:"
	}
	return c.Confirm(ctx, c.Voice, question, "yes", otherwise)
}

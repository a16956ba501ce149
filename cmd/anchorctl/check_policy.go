package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"anchorctl/internal/cmdline"
	"anchorctl/internal/folder"
	"anchorctl/internal/grants"
	"anchorctl/internal/iamactions"
	"anchorctl/internal/iampolicy"
	"anchorctl/internal/printable"
	"anchorctl/internal/render"
	"anchorctl/internal/rules"
	"anchorctl/internal/terminal"
	"anchorctl/internal/verdict"
	"anchorctl/internal/vetting"
)

type checkPolicyOptions struct {
	account, environment, role string
	anchors                    cli.StringSlice
	session                    bool
}

// checkedPolicy is the verdict on a policy document.
type checkedPolicy struct {
	At         string          `json:"at"`
	Kind       string          `json:"kind"`    // trust, permission, session or unreadable
	Verdict    string          `json:"verdict"` // in order, held or refused
	Findings   []rules.Finding `json:"findings"`
	NotChecked []string        `json:"notChecked"` // what nothing was given for; it never passes silently
}

func checkPolicyCommand() *cmdline.Command {
	var o checkPolicyOptions
	return &cmdline.Command{
		Name: "policy", Args: "FILE", Min: 1, Max: 1,
		Summary: "judge a role's trust policy, or what a role or a session may do",
		About: `Judges FILE, one IAM policy document in JSON; "-" is the standard input. A
document with principals is judged as the trust policy of a role for Roles
Anywhere, any other as a permission policy. AWS is not asked. In an estate's
directory --for names the environment, whose anchors and workloads then count;
elsewhere --anchor and --account say what is known.`,
		Example: "anchorctl check policy trust.json --for prod --role prod-backup",
		Exits:   []int{terminal.ExitRefused, terminal.ExitHeld},
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "account", Usage: "the role is of the account `ACCOUNT`", Destination: &o.account},
			&cli.StringSliceFlag{Name: "anchor", Usage: "the trust anchor with the ARN `ARN` may let sessions in; give it for each of them", Destination: &o.anchors},
			&cli.StringFlag{Name: "for", Usage: "in an estate: the role is of the environment `ENV`", Destination: &o.environment},
			&cli.StringFlag{Name: "role", Usage: "with --for: the document is of the role `ROLE`, by path and name", Destination: &o.role},
			&cli.BoolFlag{Name: "session", Usage: "the document is a profile's session policy, which only narrows", Destination: &o.session},
		},
		Run: func(ctx context.Context, c *cmdline.Call) (cmdline.Reply, error) { return checkPolicy(ctx, c, o) },
	}
}

func checkPolicy(ctx context.Context, c *cmdline.Call, o checkPolicyOptions) (cmdline.Reply, error) {
	switch {
	case o.account != "" && !accountNumber(o.account):
		return cmdline.Reply{}, terminal.Usage(fmt.Sprintf("--account is %q: an account has twelve digits", o.account))
	case o.role != "" && o.environment == "":
		return cmdline.Reply{}, terminal.Usage("--role needs --for: roles are known by their environment")
	case len(o.anchors.Value()) > 0 && o.environment != "":
		return cmdline.Reply{}, terminal.Usage("--anchor and --for exclude each other: an environment has anchors of its own")
	case o.environment == "":
		known := grants.TrustCase{Account: o.account}
		if anchors := o.anchors.Value(); len(anchors) > 0 {
			known.Anchors = anchors
		}
		return checkPolicyWith(c, o, known)
	}
	return withEstate(ctx, c, noPassphrase(), func(f *folder.Folder) (cmdline.Reply, error) {
		known, err := vetting.Trust(ctx, f, vetting.Role{Environment: o.environment, Account: o.account, Name: o.role})
		if err != nil {
			return cmdline.Reply{}, err
		}
		return checkPolicyWith(c, o, known)
	})
}

func accountNumber(s string) bool {
	const digits = 12
	return len(s) == digits && strings.Trim(s, "0123456789") == ""
}

func checkPolicyWith(c *cmdline.Call, o checkPolicyOptions, known grants.TrustCase) (cmdline.Reply, error) {
	document, err := readDocument(c, c.Args[0])
	if err != nil {
		return cmdline.Reply{}, err
	}
	result := judgePolicy(c.Args[0], document, o.session, known)
	if result.Kind == policyPermission || result.Kind == policySession {
		result.NotChecked = append(result.NotChecked, unknownActions(document, c.Clock.Now())...)
	}
	reply := cmdline.Reply{Result: result, Findings: result.Findings, Said: true, Page: func(p *render.Page) { policyPage(p, result) }}
	return reply, verdict.Of(result.Findings)
}

// readDocument reads as much as tells that a document is too large.
func readDocument(c *cmdline.Call, path string) ([]byte, error) {
	in := io.NopCloser(c.Stdin)
	if path != "-" {
		opened, err := c.Open(within(c, path))
		if err != nil {
			return nil, err
		}
		in = opened
	}
	document, err := io.ReadAll(io.LimitReader(in, iampolicy.MaxBytes+1))
	if closed := in.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return nil, fmt.Errorf("reading %q: %w", path, err)
	}
	return document, nil
}

// What a document can be.
const (
	policyTrust      = "trust"
	policyPermission = "permission"
	policySession    = "session"
	policyUnreadable = "unreadable"
)

// judgePolicy decides by the content what a document is.
func judgePolicy(at string, document []byte, session bool, known grants.TrustCase) checkedPolicy {
	out := checkedPolicy{At: at, Kind: policyTrust, Verdict: "in order", NotChecked: []string{}}
	switch kind := iampolicy.KindOf(document); {
	case session:
		out.Kind = policySession
		out.Findings = grants.JudgePermissions(grants.PermissionCase{At: at, Document: document, Kind: grants.SessionPermissions})
	case kind == iampolicy.PermissionKind:
		out.Kind = policyPermission
		out.Findings = grants.JudgePermissions(grants.PermissionCase{At: at, Document: document, Kind: grants.RolePermissions})
	default:
		known.At, known.Document = at, document
		out.Findings = grants.JudgeTrust(known)
	}
	switch {
	case slices.ContainsFunc(out.Findings, func(f rules.Finding) bool { return f.Rule == "ANC312" }):
		out.Kind = policyUnreadable
	case out.Kind == policyTrust:
		out.NotChecked = append(out.NotChecked, unknownOfRole(known)...)
	}
	if out.Findings == nil {
		out.Findings = []rules.Finding{}
	}
	switch {
	case rules.Refused(out.Findings):
		out.Verdict = "refused"
	case len(rules.Only(out.Findings, rules.Hold)) > 0:
		out.Verdict = "held"
	}
	return out
}

// unknownActions says of which actions nothing is known, and whether the table
// of actions is old.
func unknownActions(document []byte, now time.Time) []string {
	var unknown []string
	table := iamactions.Load()
	date := table.Source().Date
	for _, action := range grants.UnknownActions(document) {
		unknown = append(unknown, printable.Line(fmt.Sprintf("what %s allows: the table of IAM actions of %s does not have it", action, date)))
	}
	if table.Stale(now) {
		unknown = append(unknown, fmt.Sprintf("what AWS has changed since %s: the table of IAM actions is older than %d days", date, int(iamactions.MaxAge.Hours()/24)))
	}
	return unknown
}

// unknownOfRole says what could not be checked of a trust policy, and what to
// give for it.
func unknownOfRole(known grants.TrustCase) []string {
	var unknown []string
	if known.Anchors == nil {
		unknown = append(unknown, "ANC304, whether the anchors are the environment's own (--for, or --anchor)")
	}
	if known.Account == "" {
		unknown = append(unknown, "ANC304, whether the anchors are of the role's account (--account)")
	}
	if known.Workloads == nil {
		unknown = append(unknown, "ANC305, whether the certificates are of the role's workloads (--for)")
	}
	if known.Mappings == nil {
		unknown = append(unknown, "ANC307, whether the profiles map the attributes (--for and --role)")
	}
	return unknown
}

func policyPage(p *render.Page, r checkedPolicy) {
	what := r.Kind + " policy"
	if r.Kind == policyUnreadable {
		what = "no policy document"
	}
	p.Line("%s: %s, %s", r.At, what, r.Verdict)
	p.Findings(r.Findings)
	if r.Kind == policyUnreadable {
		p.Blank()
		p.Line("not checked: there is no document to check")
	}
	if len(r.NotChecked) > 0 {
		p.Blank()
		p.Line("not checked, nothing was given for it:")
	}
	for _, what := range r.NotChecked {
		p.Line("  %s", what)
	}
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"anchorctl/internal/cmdline"
	"anchorctl/internal/config"
	"anchorctl/internal/denial"
	"anchorctl/internal/estate"
	"anchorctl/internal/folder"
	"anchorctl/internal/hint"
	"anchorctl/internal/issuance"
	"anchorctl/internal/keys"
	"anchorctl/internal/pki"
	"anchorctl/internal/plan"
	"anchorctl/internal/terminal"
)

type denialOptions struct {
	session                                string
	certificate, privateKey, intermediates string
	choice                                 denial.Choice
	anchorARN, profileARN, roleARN         string
	duration, sessionName, at, out         string
	offline                                bool
}

// given says that a session is asked about, and not a rule.
func (o *denialOptions) given() bool { return *o != denialOptions{} }

func (o *denialOptions) arns() bool { return o.anchorARN+o.profileARN+o.roleARN != "" }

// explainDenial explains inside the estate, whose names and record count, or
// without one by ARNs.
func explainDenial(ctx context.Context, c *cmdline.Call, o denialOptions) (cmdline.Reply, error) {
	if err := o.check(c); err != nil {
		return cmdline.Reply{}, err
	}
	reply, err := withEstate(ctx, c, noPassphrase(), func(f *folder.Folder) (cmdline.Reply, error) {
		return o.inEstate(ctx, c, f)
	})
	switch {
	case !errors.Is(err, folder.ErrNoEstate):
		return reply, err
	case o.session == "" && !o.arns():
		return reply, hint.With(err, "outside an estate, name what was asked for by --trust-anchor-arn, --profile-arn and --role-arn")
	}
	if o.offline {
		return cmdline.Reply{}, terminal.Usage("--offline judges by an estate's configuration and record, and there is no estate here", `run it where anchorctl.yaml is, or name that directory with --dir`)
	}
	return o.alone(ctx, c)
}

func (o *denialOptions) check(c *cmdline.Call) error {
	named := o.choice != denial.Choice{}
	switch {
	case o.session != "" && (o.certificate != "" || len(c.Args) > 0 || named || o.arns() || o.intermediates+o.duration+o.sessionName != ""):
		return terminal.Usage("--session says all about the session: leave the other names, files and ARNs away")
	case o.session != "":
		return nil
	case len(c.Args) == 0 && o.certificate == "":
		return terminal.Usage("explaining a session needs ENV/WORKLOAD, --certificate or --session", `run "anchorctl explain --help"`)
	case o.arns() && (o.anchorARN == "" || o.profileARN == "" || o.roleARN == ""):
		return terminal.Usage("--trust-anchor-arn, --profile-arn and --role-arn go together")
	case o.arns() && named:
		return terminal.Usage("ARNs and names exclude each other: give the three ARNs, or --for and --role")
	case len(c.Args) == 0 && !o.arns() && (o.choice.Environment == "" || o.choice.Role == ""):
		return terminal.Usage("explaining a session needs --for ENV and --role NAME, or the three ARNs", `run "anchorctl explain --help"`)
	}
	return nil
}

func (o *denialOptions) inEstate(ctx context.Context, c *cmdline.Call, f *folder.Folder) (cmdline.Reply, error) {
	k, err := denial.Know(ctx, f)
	if err != nil {
		return cmdline.Reply{}, err
	}
	cases, notes, err := o.cases(c, f, k)
	if err != nil {
		return cmdline.Reply{}, err
	}
	x := denial.Explainer{Estate: k, Now: c.Clock.Now()}
	if !o.offline {
		c.Voice.Progress("reading what is in AWS")
		n := &narrator{voice: c.Voice}
		x.Open, x.Must = estate.World{Folder: f, Open: opener(c, f.Config.Estate.Name+"-", n), Events: n.engine}.Reach, true
	}
	return explained(ctx, x, cases, notes)
}

// alone explains without an estate: by the default credentials, if they are the
// account's.
func (o *denialOptions) alone(ctx context.Context, c *cmdline.Call) (cmdline.Reply, error) {
	cases, notes, err := o.cases(c, nil, nil)
	if err != nil {
		return cmdline.Reply{}, err
	}
	open := opener(c, "", &narrator{voice: c.Voice})
	return explained(ctx, denial.Explainer{Now: c.Clock.Now(), Open: func(ctx context.Context, _ string, at plan.Target) (estate.Cloud, error) {
		return open(ctx, config.Target{Account: at.Account, Region: at.Region})
	}}, cases, notes)
}

func explained(ctx context.Context, x denial.Explainer, cases []denial.Case, notes []string) (cmdline.Reply, error) {
	result, err := x.Explain(ctx, cases)
	if err != nil {
		return cmdline.Reply{}, err
	}
	result.Notes = append(result.Notes, notes...)
	return cmdline.Reply{Result: result, Schema: "denial", Page: denialPage(result)}, nil
}

// cases are the sessions that are meant.
func (o *denialOptions) cases(c *cmdline.Call, f *folder.Folder, k *denial.Estate) (cases []denial.Case, notes []string, err error) {
	if o.session != "" {
		text, err := readSession(c, o.session)
		if err != nil {
			return nil, nil, err
		}
		cases, notes, err = denial.Read(text)
		if err != nil {
			return nil, nil, err
		}
	} else if cases, err = o.named(c, f, k); err != nil {
		return nil, nil, err
	}
	at, err := o.moment()
	for i := range cases {
		if !at.IsZero() {
			cases[i].Time = at
		}
		if err == nil && o.session != "" && o.privateKey != "" {
			cases[i].Key, err = publicKey(c, o.privateKey)
		}
	}
	return cases, notes, err
}

// named are the sessions that names or ARNs mean.
func (o *denialOptions) named(c *cmdline.Call, f *folder.Folder, k *denial.Estate) ([]denial.Case, error) {
	choice, roles := o.choice, []string{o.choice.Role}
	files := *o
	if len(c.Args) == 1 {
		var r issuance.Request
		var err error
		if r.Environment, r.Workload, r.Instance, err = issuance.ParseName(c.Args[0]); err != nil {
			return nil, terminal.Usage(err.Error(), hint.Of(err)...)
		}
		if f == nil {
			return nil, terminal.Usage("ENV/WORKLOAD is a name of an estate, and there is none here", "give the certificate with --certificate")
		}
		if choice.Environment == "" {
			choice.Environment = r.Environment
		}
		if choice.Role == "" {
			roles = k.RolesOf(choice.Environment, r.Workload)
		}
		if o.out != "" {
			r.Out = within(c, o.out)
		}
		if err := files.fromIssue(c, f, r); err != nil {
			return nil, err
		}
	}
	one, err := files.asked(c)
	if err != nil {
		return nil, err
	}
	if o.arns() {
		one, err = one.ARNs(o.anchorARN, o.profileARN, o.roleARN)
		return []denial.Case{one}, err
	}
	if len(roles) == 0 {
		return nil, terminal.Usage(fmt.Sprintf("no role of %s lists the workload: name the role that it asks for with --role", choice.Environment))
	}
	var cases []denial.Case
	for _, role := range roles {
		choice.Role = role
		some, err := k.Cases(one, choice)
		if err != nil {
			return nil, fmt.Errorf("explaining the session: %w", err)
		}
		cases = append(cases, some...)
	}
	return cases, nil
}

// fromIssue takes the files that issue wrote, where none are named.
func (o *denialOptions) fromIssue(c *cmdline.Call, f *folder.Folder, r issuance.Request) error {
	certificate, key, err := issuance.FilesOf(f, r)
	if err != nil || o.certificate != "" {
		return err
	}
	o.certificate = certificate
	// The key may be on the host already, and nowhere else.
	var files openFiles
	defer files.close()
	if o.privateKey == "" && files.open(c, key) != nil {
		o.privateKey = key
	}
	return nil
}

// asked is what the files and the other flags say of one.
func (o *denialOptions) asked(c *cmdline.Call) (denial.Case, error) {
	one := denial.Case{SessionName: o.sessionName, Time: c.Clock.Now()}
	text, err := readFile(c, o.certificate, pki.MaxFile)
	if err != nil {
		return one, err
	}
	if one.Leaf, err = pki.ParseOne(text); err != nil {
		return one, fmt.Errorf("reading certificate %q: %w", o.certificate, err)
	}
	if one.Chain, err = loadIntermediates(c, o.intermediates); err != nil {
		return one, err
	}
	if o.privateKey != "" {
		if one.Key, err = publicKey(c, o.privateKey); err != nil {
			return one, err
		}
	}
	length, err := seconds(o.duration)
	if whole := int(length / time.Second); o.duration != "" {
		one.Seconds = &whole
	}
	return one, err
}

// moment is what --at says; zero when it says nothing.
func (o *denialOptions) moment() (time.Time, error) {
	if o.at == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339, o.at)
	if err != nil {
		return time.Time{}, terminal.Usage(fmt.Sprintf("reading --at: %q is not a time", o.at), "write it as 2026-11-02T12:00:00Z")
	}
	return at, nil
}

// publicKey reads a private key for its public part alone.
func publicKey(c *cmdline.Call, path string) (any, error) {
	text, err := readFile(c, path, pki.MaxFile)
	if err != nil {
		return nil, err
	}
	defer clear(text)
	key, err := keys.ParseWorkload(text)
	if err != nil {
		return nil, fmt.Errorf("reading private key %q: %w", path, err)
	}
	return key.Public(), nil
}

// readSession reads the JSON of a failed session from a file, or from stdin.
func readSession(c *cmdline.Call, path string) ([]byte, error) {
	if path != "-" {
		return readFile(c, path, denial.MaxSession)
	}
	text, err := pki.ReadBounded(io.NopCloser(c.Stdin), denial.MaxSession)
	if err != nil {
		return nil, fmt.Errorf("reading the session from stdin: %w", err)
	}
	return text, nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/urfave/cli/v2"

	"anchorctl/internal/cmdline"
	"anchorctl/internal/durable"
	"anchorctl/internal/folder"
	"anchorctl/internal/hint"
	"anchorctl/internal/issuance"
	"anchorctl/internal/session"
	"anchorctl/internal/terminal"
	"anchorctl/internal/wallet"
)

type sessionOptions struct {
	certificate, privateKey, intermediates string
	anchorARN, profileARN, roleARN         string
	duration, sessionName, endpoint        string
	choice                                 issuance.Choice
	out, report                            string
	noCache                                bool
}

func sessionCommand() *cmdline.Command {
	var o sessionOptions
	return &cmdline.Command{
		Name: "session", Args: "[ENV/WORKLOAD]", Max: 1,
		Summary: "open a session with a certificate and print its temporary credentials",
		About: `Prints the JSON that AWS SDKs and the AWS CLI read from a credential_process,
and nothing else, on stdout. In an estate's directory, ENV/WORKLOAD names the
files that issue wrote and the ARNs that apply recorded; --profile, --role and
--target choose where there are several. Elsewhere no estate is needed:
certificate, key and the three ARNs are all there is to it. What the service
denies, --report writes to a file that holds nothing secret; explain --session
tells from it which gate closed and what to change.

What it is given it keeps, in $XDG_CACHE_HOME/anchorctl or ~/.cache/anchorctl,
until shortly before its end, so that many processes on a host ask once. When the
service cannot be asked then, the session that is kept goes on until it ends.`,
		Example: `anchorctl session prod/backup --profile backup --role prod-backup
anchorctl session --certificate cert.pem --private-key key.pem \
  --trust-anchor-arn arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/… \
  --profile-arn arn:aws:rolesanywhere:eu-central-1:111122223333:profile/… \
  --role-arn arn:aws:iam::111122223333:role/prod-backup`,
		Plain: "AWS's credential_process format",
		Exits: []int{terminal.ExitInterrupted},
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "certificate", Usage: "the workload's certificate is in `FILE`", Destination: &o.certificate},
			&cli.StringFlag{Name: "private-key", Usage: "its private key is in `FILE`", Destination: &o.privateKey},
			&cli.StringFlag{Name: "intermediates", Usage: "certificates between it and the trust anchor are in `FILE`", Destination: &o.intermediates},
			&cli.StringFlag{Name: "trust-anchor-arn", Usage: "the trust anchor is `ARN`", Destination: &o.anchorARN},
			&cli.StringFlag{Name: "profile-arn", Usage: "the profile is `ARN`", Destination: &o.profileARN},
			&cli.StringFlag{Name: "role-arn", Usage: "the role to take is `ARN`", Destination: &o.roleARN},
			&cli.StringFlag{Name: "profile", Usage: "with ENV/WORKLOAD: by the profile `NAME` of the environment", Destination: &o.choice.Profile},
			&cli.StringFlag{Name: "role", Usage: "with ENV/WORKLOAD: take the role `NAME`, as anchorctl.yaml writes it", Destination: &o.choice.Role},
			&cli.StringFlag{Name: "target", Usage: "with ENV/WORKLOAD: in `ACCOUNT/REGION`", Destination: &o.choice.Target},
			&cli.StringFlag{Name: "out", Usage: "with ENV/WORKLOAD: issue wrote its files into `DIR`", Destination: &o.out},
			&cli.StringFlag{Name: "session-duration", Usage: "how long it lasts is `DURATION`: 1h, or seconds; else the profile decides", Destination: &o.duration},
			&cli.StringFlag{Name: "role-session-name", Usage: "call it `NAME`, where the profile accepts one", Destination: &o.sessionName},
			&cli.StringFlag{Name: "endpoint", Usage: "ask at `URL`, instead of AWS in the trust anchor's region", Destination: &o.endpoint},
			&cli.BoolFlag{Name: "no-cache", Usage: "ask anew, and keep nothing", Destination: &o.noCache},
			&cli.StringFlag{Name: "report", Usage: "when the service denies it, write what was asked and answered to `FILE`, for explain --session", Destination: &o.report},
		},
		Run: func(ctx context.Context, c *cmdline.Call) (cmdline.Reply, error) { return openSession(ctx, c, o) },
	}
}

func openSession(ctx context.Context, c *cmdline.Call, o sessionOptions) (cmdline.Reply, error) {
	if err := replaceable(c, o.report, session.DenialBegins, "--report"); err != nil {
		return cmdline.Reply{}, err
	}
	o, err := o.complete(ctx, c)
	if err != nil {
		return cmdline.Reply{}, err
	}
	duration, err := seconds(o.duration)
	if err != nil {
		return cmdline.Reply{}, err
	}
	signer, err := loadSigner(ctx, c, o)
	if err != nil {
		return cmdline.Reply{}, err
	}
	request := session.Request{
		Endpoint: sessionEndpoint(c, o.endpoint), AnchorARN: o.anchorARN, ProfileARN: o.profileARN, RoleARN: o.roleARN,
		Duration: duration, SessionName: o.sessionName, Signer: signer,
	}
	credentials, err := walletOf(c, o.noCache || signer.Check() != nil).Session(ctx, wallet.KeyOf(request), func(ctx context.Context) (session.Credentials, error) {
		return session.Client{Clock: c.Clock}.CreateSession(ctx, request)
	})
	if err != nil {
		return cmdline.Reply{}, reported(c, o.report, request, err)
	}
	out, err := session.ProcessOutput(credentials)
	return cmdline.Reply{Raw: out}, err
}

// reported says of a denial who can find out why, and writes down for them what
// was asked and answered, when there is a file to write to.
func reported(c *cmdline.Call, path string, r session.Request, err error) error {
	var refused *session.Error
	if !errors.As(err, &refused) || !refused.Denied() {
		return err
	}
	if path == "" {
		return hint.With(err, `add "--report denied.json", then run "anchorctl explain --session denied.json" where the estate is: it names the gate that closed`)
	}
	text, failed := r.Denial(refused, c.Clock.Now()).Encode()
	if failed == nil {
		failed = durable.Files{Step: c.Step}.Replace(within(c, path), text, 0o600)
	}
	if failed != nil {
		return errors.Join(err, fmt.Errorf("writing the report: %w", failed))
	}
	return hint.With(err, fmt.Sprintf(`run "anchorctl explain --session %s" where the estate is: it names the gate that closed; nothing in the file is secret`, path))
}

// complete fills in what the estate knows of ENV/WORKLOAD, or holds that
// everything was given.
func (o sessionOptions) complete(ctx context.Context, c *cmdline.Call) (sessionOptions, error) {
	if len(c.Args) == 1 {
		return o.fromEstate(ctx, c)
	}
	for _, f := range []struct{ name, value string }{
		{"certificate", o.certificate}, {"private-key", o.privateKey}, {"trust-anchor-arn", o.anchorARN},
		{"profile-arn", o.profileARN}, {"role-arn", o.roleARN},
	} {
		if f.value == "" {
			return o, terminal.Usage("anchorctl session needs ENV/WORKLOAD or --"+f.name, `run "anchorctl session --help"`)
		}
	}
	return o, nil
}

func (o sessionOptions) fromEstate(ctx context.Context, c *cmdline.Call) (sessionOptions, error) {
	var r issuance.Request
	var err error
	if r.Environment, r.Workload, r.Instance, err = issuance.ParseName(c.Args[0]); err != nil {
		return o, terminal.Usage(err.Error(), hint.Of(err)...)
	}
	if o.out != "" {
		r.Out = within(c, o.out)
	}
	_, err = withEstate(ctx, c, noPassphrase(), func(f *folder.Folder) (cmdline.Reply, error) {
		way, err := issuance.FindWay(ctx, f, r, o.choice)
		for _, field := range []struct {
			to   *string
			from string
		}{
			{&o.certificate, way.CertificateFile}, {&o.privateKey, way.KeyFile}, {&o.anchorARN, way.AnchorARN},
			{&o.profileARN, way.ProfileARN}, {&o.roleARN, way.RoleARN},
		} {
			if *field.to == "" {
				*field.to = field.from
			}
		}
		return cmdline.Reply{}, err
	})
	return o, err
}

// sessionEndpoint honours the variables that AWS's own helper and SDKs honour
// (https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html).
func sessionEndpoint(c *cmdline.Call, flag string) string {
	if flag != "" {
		return flag
	}
	if specific := c.Getenv("AWS_ENDPOINT_URL_ROLESANYWHERE"); specific != "" {
		return specific
	}
	return c.Getenv("AWS_ENDPOINT_URL")
}

// seconds reads a duration as AWS's helper takes it, or with a unit.
func seconds(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	if n, err := strconv.Atoi(text); err == nil {
		return time.Duration(n) * time.Second, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, terminal.Usage(fmt.Sprintf("reading --session-duration: %q is neither seconds nor a duration", text), "write 3600 or 1h")
	}
	return d, nil
}

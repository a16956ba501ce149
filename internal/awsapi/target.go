package awsapi

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/rolesanywhere"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"

	"anchorctl/internal/clock"
	"anchorctl/internal/hint"
)

// Options say which target is opened, and as whom.
type Options struct {
	Account    string
	Region     string
	Profile    string // of the shared configuration files; empty means the SDK's own choice
	AssumeRole string // ARN of a role that is taken with those credentials; empty means none
	// Only, when it is set, is where every request goes and who sends it: nothing is
	// read of the environment and of shared files, so that nothing can lead elsewhere.
	Only *Place
	// NamePrefix is how the names of our own objects begin. An object so named
	// whose tags the tagging API does not show is asked for its tags itself;
	// with no prefix every such object is.
	NamePrefix string
	Clock      clock.Clock
	Pacer      *Pacer      // shared by the targets of a command; nil means one of its own
	Progress   func(Event) // told of waits; may be nil
}

// Place is a sandbox of the program's own, and a key of an account in it.
type Place struct{ URL, KeyID, Secret string }

// Target is an AWS account and region, reached with one set of credentials.
type Target struct {
	account, region string
	profile         string
	namePrefix      string
	pacer           *Pacer
	progress        func(Event)
	endpoint        string

	anywhere *rolesanywhere.Client
	tagging  *resourcegroupstaggingapi.Client
	iam      *iam.Client
	sts      *sts.Client

	mu            sync.Mutex
	identity      *Identity
	taggingDenied bool
	policies      map[string]string // documents of managed policies that were read, by ARN
}

// Open reads the SDK's configuration for a target. It sends nothing.
func Open(ctx context.Context, o Options) (*Target, error) {
	if !regexp.MustCompile(`^[0-9]{12}$`).MatchString(o.Account) || o.Region == "" {
		return nil, fmt.Errorf("opening %s/%s: not of the form ACCOUNT/REGION", o.Account, o.Region)
	}
	if o.Clock.Now == nil || o.Clock.Wait == nil {
		return nil, errors.New("opening a target: there is no clock")
	}
	cfg, err := load(ctx, o)
	if err != nil {
		return nil, err
	}
	t := &Target{
		account: o.Account, region: o.Region, profile: o.Profile, namePrefix: o.NamePrefix,
		pacer: o.Pacer, progress: o.Progress,
	}
	if t.pacer == nil {
		t.pacer = NewPacer(o.Clock)
	}
	t.connect(cfg)
	if t.endpoint, err = t.customEndpoint(); err != nil {
		return nil, err
	}
	return t, nil
}

// load is the SDK's configuration: environment, shared files, and the
// credentials they name. The region is the target's, whatever they say.
func load(ctx context.Context, o Options) (aws.Config, error) {
	if o.Only != nil {
		return aws.Config{
			Region: o.Region, BaseEndpoint: &o.Only.URL, Logger: logging.Nop{}, AppID: "anchorctl",
			Credentials: credentials.NewStaticCredentialsProvider(o.Only.KeyID, o.Only.Secret, ""),
		}, nil
	}
	options := []func(*config.LoadOptions) error{
		config.WithRegion(o.Region), config.WithAppID("anchorctl"),
		config.WithLogger(logging.Nop{}), // the SDK would write its warnings to stderr
	}
	if o.Profile != "" {
		options = append(options, config.WithSharedConfigProfile(o.Profile))
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return aws.Config{}, hint.With(fmt.Errorf("reading the AWS configuration for %s/%s: %w", o.Account, o.Region, err),
			`run "aws configure list-profiles" to see the profiles there are`)
	}
	if o.AssumeRole != "" {
		provider := stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), o.AssumeRole, func(a *stscreds.AssumeRoleOptions) {
			a.RoleSessionName = "anchorctl"
		})
		cfg.Credentials = aws.NewCredentialsCache(provider)
	}
	return cfg, nil
}

// connect makes the clients. None of them repeats a request by itself: the
// SDK cannot tell which may be, and would make duplicates.
func (t *Target) connect(cfg aws.Config) {
	cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	cfg.RetryMaxAttempts = 0
	cfg.APIOptions = append(append([]func(*middleware.Stack) error{}, cfg.APIOptions...), observe)
	t.anywhere = rolesanywhere.NewFromConfig(cfg)
	t.tagging = resourcegroupstaggingapi.NewFromConfig(cfg)
	t.iam = iam.NewFromConfig(cfg)
	t.sts = sts.NewFromConfig(cfg)
}

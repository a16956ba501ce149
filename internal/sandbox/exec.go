package sandbox

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"anchorctl/internal/durable"
)

// Child is what a program needs to know to use a sandbox.
type Child struct {
	URL   string
	Token string // of control; empty when the program may not use it
	Key   Key    // whose account is the default
	// Region is the default region, when the environment has none.
	Region string
	// ConfigFile and CredentialsFile are AWS's; empty is an empty file.
	ConfigFile      string
	CredentialsFile string
}

// Names of the environment a child gets beyond AWS's.
const (
	EnvURL   = "ANCHORCTL_SANDBOX_URL"
	EnvToken = "ANCHORCTL_SANDBOX_TOKEN"
)

// ExecEnv is the environment of a child: all of base but what could lead an
// AWS client somewhere else. Nothing of the user's AWS configuration is left,
// so a mistake cannot reach a real account.
func ExecEnv(base []string, c Child) []string {
	env, region, exempt := keepEnviron(base)
	if region == "" {
		region = c.Region
	}
	if region == "" {
		region = "eu-central-1"
	}
	file := func(path string) string {
		if path == "" {
			return os.DevNull
		}
		return path
	}
	exempt = append(exempt, "127.0.0.1", "localhost", "::1")
	env = append(env,
		"AWS_ENDPOINT_URL="+c.URL,
		"AWS_ENDPOINT_URL_ROLESANYWHERE="+c.URL,
		"AWS_ENDPOINT_URL_IAM="+c.URL,
		"AWS_ENDPOINT_URL_STS="+c.URL,
		"AWS_ENDPOINT_URL_RESOURCE_GROUPS_TAGGING_API="+c.URL,
		"AWS_CONFIG_FILE="+file(c.ConfigFile),
		"AWS_SHARED_CREDENTIALS_FILE="+file(c.CredentialsFile),
		"AWS_ACCESS_KEY_ID="+c.Key.ID,
		"AWS_SECRET_ACCESS_KEY="+c.Key.Secret,
		"AWS_REGION="+region,
		"AWS_DEFAULT_REGION="+region,
		"AWS_EC2_METADATA_DISABLED=true",
		// Not every client leaves loopback out of its proxies by itself.
		"NO_PROXY="+strings.Join(exempt, ","),
		"no_proxy="+strings.Join(exempt, ","),
		EnvURL+"="+c.URL,
	)
	if c.Token != "" {
		env = append(env, EnvToken+"="+c.Token)
	}
	return env
}

// keepEnviron drops all of AWS's variables but how output looks, and returns
// the region and the hosts without proxy beside the rest.
func keepEnviron(base []string) (env []string, region string, exempt []string) {
	looks := []string{"AWS_PAGER", "AWS_DEFAULT_OUTPUT", "AWS_CLI_AUTO_PROMPT"}
	for _, e := range base {
		name, value, _ := strings.Cut(e, "=")
		switch upper := strings.ToUpper(name); {
		case upper == "AWS_REGION" || upper == "AWS_DEFAULT_REGION" && region == "":
			region = value
		case upper == "NO_PROXY":
			for host := range strings.SplitSeq(value, ",") {
				if host = strings.TrimSpace(host); host != "" && !slices.Contains(exempt, host) {
					exempt = append(exempt, host)
				}
			}
		case upper == EnvURL || upper == EnvToken:
		case strings.HasPrefix(upper, "AWS_") && !slices.Contains(looks, upper):
		default:
			env = append(env, e)
		}
	}
	return env, region, exempt
}

// WriteProfiles writes AWS configuration and credentials files into dir, with
// a section for each key under its profile's name, so that a configuration
// that names profiles works on the sandbox too. It returns their paths.
func WriteProfiles(files durable.Files, dir string, keys []Key) (config, credentials string, err error) {
	config, credentials = filepath.Join(dir, "config"), filepath.Join(dir, "credentials")
	var c, k strings.Builder
	seen := map[string]bool{}
	for _, key := range keys {
		if seen[key.Profile] {
			continue
		}
		seen[key.Profile] = true
		fmt.Fprintf(&c, "[profile %s]\n", key.Profile)
		fmt.Fprintf(&k, "[%s]\naws_access_key_id = %s\naws_secret_access_key = %s\n", key.Profile, key.ID, key.Secret)
	}
	if err := files.Replace(config, []byte(c.String()), 0o600); err != nil {
		return "", "", fmt.Errorf("writing AWS profiles for the sandbox: %w", err)
	}
	if err := files.Replace(credentials, []byte(k.String()), 0o600); err != nil {
		return "", "", fmt.Errorf("writing AWS profiles for the sandbox: %w", err)
	}
	return config, credentials, nil
}

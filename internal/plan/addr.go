package plan

import (
	"fmt"
	"strconv"
	"strings"
)

// Kinds of things that have an address.
const (
	KindRoot     = "root"
	KindIssuer   = "issuer"
	KindAnchor   = "anchor"
	KindCRL      = "crl"
	KindProfile  = "profile"
	KindRole     = "role"
	KindWorkload = "workload"
)

// Target is an AWS account and region of an environment.
type Target struct {
	Account string `json:"account"`
	Region  string `json:"region"`
}

// String is "ACCOUNT/REGION".
func (t Target) String() string { return t.Account + "/" + t.Region }

// Partition is the AWS partition the region lies in, by the prefixes of
// https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
func (t Target) Partition() string {
	for _, p := range []struct{ prefix, partition string }{
		{"cn-", "aws-cn"}, {"us-gov-", "aws-us-gov"}, {"eusc-", "aws-eusc"}, {"us-isob-", "aws-iso-b"}, {"us-iso-", "aws-iso"},
	} {
		if strings.HasPrefix(t.Region, p.prefix) {
			return p.partition
		}
	}
	return "aws"
}

// Addr names one thing of an estate. The zero Addr names nothing. Its text
// forms are:
//
//	root#G
//	issuer/ENV#G
//	anchor/ENV@ACCOUNT/REGION
//	crl/ENV/G@ACCOUNT/REGION    (of the issuer's generation G, at the anchor there; a tag cannot carry "#")
//	profile/ENV/NAME@ACCOUNT/REGION
//	role/ACCOUNT/PATH/NAME      (PATH may be empty: role/ACCOUNT/NAME)
//	workload/ENV/NAME
type Addr struct {
	Kind        string
	Environment string
	Name        string // a profile's, a workload's, or a role's path and name without the leading slash
	Target      Target // of an anchor, a profile or a revocation list; a role has only the account
	Generation  int    // of a root, an issuer or a revocation list, from 1
}

// Root is the address of the root's generation g.
func Root(g int) Addr { return Addr{Kind: KindRoot, Generation: g} }

// Issuer is the address of generation g of an environment's issuer.
func Issuer(env string, g int) Addr {
	return Addr{Kind: KindIssuer, Environment: env, Generation: g}
}

// Anchor is the address of an environment's trust anchor in a target.
func Anchor(env string, t Target) Addr {
	return Addr{Kind: KindAnchor, Environment: env, Target: t}
}

// CRL is the address of the revocation list of generation g of an
// environment's issuer, at the environment's anchor in a target.
func CRL(env string, g int, t Target) Addr {
	return Addr{Kind: KindCRL, Environment: env, Generation: g, Target: t}
}

// Profile is the address of a profile of an environment in a target.
func Profile(env, name string, t Target) Addr {
	return Addr{Kind: KindProfile, Environment: env, Name: name, Target: t}
}

// Role is the address of an IAM role by account and by path and name
// ("team/prod-backup", without a leading slash).
func Role(account, pathAndName string) Addr {
	return Addr{Kind: KindRole, Name: pathAndName, Target: Target{Account: account}}
}

// Workload is the address of a workload of an environment.
func Workload(env, name string) Addr {
	return Addr{Kind: KindWorkload, Environment: env, Name: name}
}

// String is the address's text form.
func (a Addr) String() string {
	switch a.Kind {
	case KindRoot:
		return fmt.Sprintf("root#%d", a.Generation)
	case KindIssuer:
		return fmt.Sprintf("issuer/%s#%d", a.Environment, a.Generation)
	case KindAnchor:
		return fmt.Sprintf("anchor/%s@%s", a.Environment, a.Target)
	case KindCRL:
		return fmt.Sprintf("crl/%s/%d@%s", a.Environment, a.Generation, a.Target)
	case KindProfile:
		return fmt.Sprintf("profile/%s/%s@%s", a.Environment, a.Name, a.Target)
	case KindRole:
		return fmt.Sprintf("role/%s/%s", a.Target.Account, a.Name)
	case KindWorkload:
		return fmt.Sprintf("workload/%s/%s", a.Environment, a.Name)
	default:
		return ""
	}
}

// IsZero reports whether a names nothing.
func (a Addr) IsZero() bool { return a == Addr{} }

// MarshalText is String.
func (a Addr) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText is ParseAddr; the empty text is the zero Addr.
func (a *Addr) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*a = Addr{}
		return nil
	}
	parsed, err := ParseAddr(string(text))
	if err != nil {
		return err
	}
	*a = parsed
	return nil
}

// ParseAddr reads the text form of an address.
func ParseAddr(text string) (Addr, error) {
	if a, ok := parse(text); ok {
		return a, nil
	}
	return Addr{}, fmt.Errorf("reading address %q: not of the form root#G, issuer/ENV#G, anchor/ENV@ACCOUNT/REGION, "+
		"crl/ENV/G@ACCOUNT/REGION, "+
		"profile/ENV/NAME@ACCOUNT/REGION, role/ACCOUNT/PATH/NAME or workload/ENV/NAME", text)
}

// parse works without regular expressions: every object of the store comes
// through here at every start, and compiling the patterns would cost more than
// reading all of them.
func parse(text string) (Addr, bool) {
	if g, ok := strings.CutPrefix(text, "root#"); ok {
		n, ok := generation(g)
		return Root(n), ok
	}
	kind, rest, _ := strings.Cut(text, "/")
	switch kind {
	case KindIssuer:
		env, g, _ := strings.Cut(rest, "#")
		n, ok := generation(g)
		return Issuer(env, n), ok && isName(env)
	case KindAnchor:
		env, target, _ := strings.Cut(rest, "@")
		t, ok := parseTarget(target)
		return Anchor(env, t), ok && isName(env)
	case KindCRL:
		env, rest, _ := strings.Cut(rest, "/")
		g, target, _ := strings.Cut(rest, "@")
		n, ok := generation(g)
		t, placed := parseTarget(target)
		return CRL(env, n, t), ok && placed && isName(env)
	case KindProfile:
		env, rest, _ := strings.Cut(rest, "/")
		name, target, _ := strings.Cut(rest, "@")
		t, ok := parseTarget(target)
		return Profile(env, name, t), ok && isName(env) && isName(name)
	case KindRole:
		account, name, _ := strings.Cut(rest, "/")
		return Role(account, name), isAccount(account) && isRole(name)
	case KindWorkload:
		env, name, _ := strings.Cut(rest, "/")
		return Workload(env, name), isName(env) && isName(name)
	default:
		return Addr{}, false
	}
}

func parseTarget(text string) (Target, bool) {
	account, region, _ := strings.Cut(text, "/")
	return Target{account, region}, isAccount(account) && made(region, lower+digits+"-", 32)
}

// generation reads a number from 1 to 999,999,999, without leading zeros.
func generation(text string) (int, bool) {
	if !made(text, digits, 9) || text[0] == '0' {
		return 0, false
	}
	n, err := strconv.Atoi(text)
	return n, err == nil
}

const (
	lower  = "abcdefghijklmnopqrstuvwxyz"
	digits = "0123456789"
)

// made reports whether text is 1 to most characters of an alphabet.
func made(text, alphabet string, most int) bool {
	return text != "" && len(text) <= most && strings.Trim(text, alphabet) == ""
}

// isName: environments, profiles and workloads, as the configuration names them.
func isName(text string) bool {
	return made(text, lower+digits+"-", 32) && strings.Contains(lower, text[:1])
}

func isAccount(text string) bool { return len(text) == 12 && made(text, digits, 12) }

// isRole: a path and a name of IAM are printable ASCII
// (https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html).
func isRole(text string) bool {
	return text != "" && len(text) <= 512 && strings.IndexFunc(text, func(r rune) bool { return r < '!' || r > '~' }) < 0
}

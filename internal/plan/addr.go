package plan

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Kinds of things that have an address.
const (
	KindRoot     = "root"
	KindIssuer   = "issuer"
	KindAnchor   = "anchor"
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
//	profile/ENV/NAME@ACCOUNT/REGION
//	role/ACCOUNT/PATH/NAME      (PATH may be empty: role/ACCOUNT/NAME)
//	workload/ENV/NAME
type Addr struct {
	Kind        string
	Environment string
	Name        string // a profile's, a workload's, or a role's path and name without the leading slash
	Target      Target // of an anchor or a profile; a role has only the account
	Generation  int    // of a root or an issuer, from 1
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

// The shapes of the parts of an address. Names are those of the configuration;
// role paths and names those of IAM
// (https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html).
const (
	namePart       = `([a-z][a-z0-9-]{0,31})`
	generationPart = `#([1-9][0-9]{0,8})`
	targetPart     = `@([0-9]{12})/([a-z0-9-]{1,32})`
	rolePart       = `([!-~]{1,512})`
)

// ParseAddr reads the text form of an address.
func ParseAddr(text string) (Addr, error) {
	kind, _, _ := strings.Cut(text, "/")
	if strings.HasPrefix(text, "root#") {
		kind = KindRoot
	}
	match := func(pattern string) []string {
		return regexp.MustCompile(`^` + pattern + `$`).FindStringSubmatch(text)
	}
	switch kind {
	case KindRoot:
		if m := match(`root` + generationPart); m != nil {
			return Root(number(m[1])), nil
		}
	case KindIssuer:
		if m := match(`issuer/` + namePart + generationPart); m != nil {
			return Issuer(m[1], number(m[2])), nil
		}
	case KindAnchor:
		if m := match(`anchor/` + namePart + targetPart); m != nil {
			return Anchor(m[1], Target{m[2], m[3]}), nil
		}
	case KindProfile:
		if m := match(`profile/` + namePart + `/` + namePart + targetPart); m != nil {
			return Profile(m[1], m[2], Target{m[3], m[4]}), nil
		}
	case KindRole:
		if m := match(`role/([0-9]{12})/` + rolePart); m != nil {
			return Role(m[1], m[2]), nil
		}
	case KindWorkload:
		if m := match(`workload/` + namePart + `/` + namePart); m != nil {
			return Workload(m[1], m[2]), nil
		}
	}
	return Addr{}, fmt.Errorf("reading address %q: not of the form root#G, issuer/ENV#G, anchor/ENV@ACCOUNT/REGION, "+
		"profile/ENV/NAME@ACCOUNT/REGION, role/ACCOUNT/PATH/NAME or workload/ENV/NAME", text)
}

// number converts digits that a pattern has already bounded.
func number(digits string) int {
	n, err := strconv.Atoi(digits)
	if err != nil {
		return 0
	}
	return n
}

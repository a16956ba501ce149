package config

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"anchorctl/internal/plan"
)

// checker holds the values to what the services and the rest of the file
// demand. Every problem is reported; those that only follow from a value that
// could not be read are not.
type checker struct {
	*decoder
	config   *Config
	dir      string // of the file
	readFile func(string) ([]byte, error)
}

// problem reports that the value at path is wrong.
func (c *checker) problem(path, remedy, format string, args ...any) {
	c.report.add(c.place(path), path, remedy, format, args...)
}

// keyProblem reports that the key at path is wrong.
func (c *checker) keyProblem(path, remedy, format string, args ...any) {
	at, ok := c.keys[path]
	if !ok {
		at = c.place(path)
	}
	c.report.add(at, path, remedy, format, args...)
}

// place is where the value at path stands. One that was filled in stands where
// the mapping does that it belongs to.
func (c *checker) place(path string) place {
	for ; path != ""; path = parent(path) {
		if at, ok := c.places[path]; ok {
			return at
		}
	}
	return c.places[""]
}

// given reports whether the file has a readable value at path.
func (c *checker) given(path string) bool {
	_, ok := c.places[path]
	return ok && !c.broken[path]
}

// sound reports whether everything at and below path could be read.
func (c *checker) sound(path string) bool {
	// With keys that were left out for standing twice, nothing is sound.
	return !c.within[path] && !c.broken[""]
}

// shaped checks a text against a pattern, if it is there.
func (c *checker) shaped(path, value string, matches func(string) bool, remedy, must string) {
	if c.given(path) && !matches(value) {
		c.problem(path, remedy, "%q must be %s", value, must)
	}
}

// between checks a duration that the file gives.
func (c *checker) between(path string, value, least, most Duration, why string) {
	switch {
	case !c.given(path):
	case value < least:
		c.problem(path, "", "%s is shorter than %s%s", value, least, why)
	case value > most:
		c.problem(path, "", "%s is longer than %s%s", value, most, why)
	}
}

const nameRule = "a lower-case letter, then up to 31 lower-case letters, digits and hyphens"

// name checks a key that names something.
func (c *checker) name(path, name, what string) {
	if !nameShape().MatchString(name) {
		c.keyProblem(path, "", "the name of %s must be %s", what, nameRule)
	}
}

// reserved keeps a name free that is built in.
func (c *checker) reserved(path, name, builtIn, what string) {
	if name == builtIn {
		c.keyProblem(path, "choose another name; the probe is there wherever a target names a probeRole",
			"%q is the name of the built-in probe %s", name, what)
	}
}

func (c *checker) all() {
	if c.given("version") && c.config.Version != 1 {
		c.problem("version", "write version: 1", "this program reads version 1, not %d", c.config.Version)
	}
	c.estate()
	c.root()
	c.waivers()
	for _, name := range c.config.EnvironmentNames() {
		c.environment(below("environments", name), c.config.Environments[name])
	}
	c.isolation()
}

func (c *checker) estate() {
	e := c.config.Estate
	c.shaped("estate.name", e.Name, is(nameShape), "", nameRule)
	if c.given("estate.organization") {
		if problem := proseProblem(e.Organization, maxOrganization); problem != "" {
			c.problem("estate.organization", fmt.Sprintf("write up to %d characters on one line", maxOrganization), "%q %s", e.Organization, problem)
		} else if i := strings.IndexFunc(e.Organization, notInTag); i >= 0 {
			bad := []rune(e.Organization[i:])[0]
			c.problem("estate.organization", "use letters, digits, spaces and _ . : / = + - @",
				"%q holds %q, which a session tag of STS cannot carry", e.Organization, bad)
		}
	}
	if c.given("estate.trustDomain") {
		if problem := domainProblem(e.TrustDomain, maxTrustDomain); problem != "" {
			c.problem("estate.trustDomain", `write a domain you own, such as "example.internal"`, "%q %s", e.TrustDomain, problem)
		}
	}
	if c.given("roles") && c.config.Roles != Verify && c.config.Roles != Manage {
		c.problem("roles", "", "%q must be %q or %q", c.config.Roles, Verify, Manage)
	}
	c.store()
}

func (c *checker) store() {
	s := c.config.Store
	switch {
	case s == DefaultStore:
	case strings.HasPrefix(s, "postgres://"), strings.HasPrefix(s, "postgresql://"):
		c.problem("store", "leave the key out: the store is "+DefaultStore, "PostgreSQL is not supported in this version")
	default:
		c.problem("store", "leave the key out", "%q must be %q", s, DefaultStore)
	}
}

// The keys of each level: what holds for a decade is stronger than what holds
// for a year.
func rootKeys() []string   { return []string{"ecdsa-p384", "rsa-4096"} }
func issuerKeys() []string { return []string{"ecdsa-p256", "ecdsa-p384", "rsa-3072"} }

func (c *checker) keyType(path, value, level string, allowed []string) {
	if c.given(path) && !slices.Contains(allowed, value) {
		c.problem(path, "", "%q must be %s for %s", value, oneOf(allowed), level)
	}
}

func oneOf(words []string) string {
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

func (c *checker) root() {
	c.keyType("root.key.type", c.config.Root.Key.Type, "a root", rootKeys())
	c.between("root.lifetime", c.config.Root.Lifetime, minAuthority, maxRootLifetime, "")
	c.outerRoot()
}

// maxPath is the most characters of a path in the file.
const maxPath = 1024

// outerRoot reads the certificate of a root whose key is somebody else's.
func (c *checker) outerRoot() {
	const path = "root.certificate"
	r := &c.config.Root
	if !c.given(path) {
		return
	}
	for _, own := range []string{"root.key", "root.lifetime"} {
		if c.given(own) {
			c.problem(own, "remove it", "the root of root.certificate is somebody else's: its key and its lifetime are what they are")
		}
	}
	switch {
	case !filepath.IsLocal(r.Certificate) || len(r.Certificate) > maxPath:
		c.problem(path, "move the file beside the configuration, or below", "%q must be a path relative to the configuration that stays below it", r.Certificate)
		return
	case filepath.Clean(filepath.FromSlash(r.Certificate)) == "root.pem":
		c.problem(path, "call it enterprise-root.pem", "root.pem is the copy that anchorctl writes of the root that signs")
		return
	}
	var err error
	if r.CertificateText, err = c.readFile(filepath.Join(c.dir, filepath.FromSlash(r.Certificate))); err != nil {
		c.problem(path, "", "reading the root's certificate: %s", err)
	}
}

func (c *checker) waivers() {
	seen := map[string]bool{}
	for i, w := range c.config.Waivers {
		path := item("waivers", i)
		c.shaped(path+".rule", w.Rule, is(ruleShape), "", `the number of a rule, such as "ANC303"`)
		if _, err := plan.ParseAddr(w.At); err != nil && c.given(path+".at") {
			c.problem(path+".at", `write what the finding is about, as in "role/111122223333/prod-backup"`, "%q is no address", w.At)
		}
		for _, f := range []struct{ key, value string }{{"reason", w.Reason}, {"owner", w.Owner}} {
			if problem := proseProblem(f.value, maxProse); problem != "" && c.given(path+"."+f.key) {
				c.problem(path+"."+f.key, "", "%s", problem)
			}
		}
		if id := w.Rule + " " + w.At; seen[id] && c.sound(path) {
			c.problem(path, "remove one of the two", "%s is waived for %s a second time", w.Rule, w.At)
		} else {
			seen[id] = true
		}
	}
}

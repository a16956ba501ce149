package gates_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/gates"
)

// Denials written by hand from the pages named: the first gate that closes, the
// service's word for it, and those that would close behind it. Each gate closes
// first in two ways at least.
func TestEachGateClosesFirst(t *testing.T) {
	const (
		signature    = "Invalid signature"
		insufficient = "Untrusted certificate. Insufficient certificate"
		untrusted    = "Untrusted signing certificate"
		noAnchor     = "Specified Trust Anchor wasn't found."
		noProfile    = "Invalid or empty profile provided."
		notListed    = "Requested Role isn't one of those listed in the Profile."
		tooLong      = unable + ". The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
		constraint   = "1 validation error detected: Value '"
	)
	seconds := func(n int) *int { return &n }
	type leaf = func(*x509.Certificate)
	type change = func(t *testing.T, w *world, q *gates.Question)
	for _, c := range []struct {
		name   string
		cite   string
		leaf   leaf
		change change
		first  string
		says   string
		then   []string
	}{
		{"a key of another certificate", signPage, nil, func(t *testing.T, _ *world, q *gates.Question) {
			q.Key = sign(t, caTemplate("x", 7), nil).key.Public()
		}, "key match", signature, nil},
		{"the key of the issuer, and an ended certificate", signPage, nil, func(_ *testing.T, w *world, q *gates.Question) {
			q.Key, q.Now = w.issuer.key.Public(), w.Leaf.NotAfter.Add(time.Hour)
		}, "key match", signature, []string{"certificate dates"}},

		{"version 1", trustModel, nil, func(_ *testing.T, w *world, q *gates.Question) { w.Leaf.Version = 1 }, "certificate version", insufficient, nil},
		{"version 2, not valid yet", trustModel, nil, func(_ *testing.T, w *world, q *gates.Question) {
			w.Leaf.Version, q.Now = 2, w.Leaf.NotBefore.Add(-time.Hour)
		}, "certificate version", insufficient, []string{"certificate dates"}},

		{"no digitalSignature", trustModel, func(l *x509.Certificate) { l.KeyUsage = x509.KeyUsageKeyAgreement }, nil, "certificate usage", insufficient, nil},
		{"a CA's certificate", trustModel, func(l *x509.Certificate) { l.IsCA = true }, nil, "certificate usage", insufficient, nil},
		{"no subject, so that no OU is mapped either", trustModel, func(l *x509.Certificate) { l.Subject = pkix.Name{} }, nil, "certificate usage", insufficient, []string{"trust policy"}},

		{"ended a second ago", issue108, nil, func(_ *testing.T, w *world, q *gates.Question) { q.Now = w.Leaf.NotAfter.Add(time.Second) }, "certificate dates", untrusted, nil},
		{"not valid yet, at an anchor that is disabled", issue108, nil, func(_ *testing.T, w *world, q *gates.Question) {
			q.Now, w.Anchor.Enabled = w.Leaf.NotBefore.Add(-time.Second), false
		}, "certificate dates", untrusted, []string{"trust anchor enabled"}},

		{"ended, of a CA that the anchor does not hold", issue108, nil, func(t *testing.T, w *world, q *gates.Question) {
			q.Now = w.Leaf.NotAfter.Add(time.Second)
			w.Anchor.Certificates = []*x509.Certificate{sign(t, caTemplate("other", 3), nil).Certificate}
		}, "certificate dates", untrusted, []string{"certificate path"}},

		{"no anchor", debugPage, nil, func(_ *testing.T, w *world, q *gates.Question) { q.Anchor = nil }, "trust anchor", noAnchor, nil},
		{"an anchor of another region, and a profile that is disabled", createPage, nil, func(_ *testing.T, w *world, q *gates.Question) {
			w.Anchor.ARN, w.Profile.Enabled = strings.Replace(anchorARN, region, "us-east-1", 1), false
		}, "trust anchor", noAnchor, []string{"profile enabled"}},

		{"another CA of the same name", issue108, nil, func(t *testing.T, w *world, _ *gates.Question) {
			w.Anchor.Certificates = []*x509.Certificate{sign(t, caTemplate("prod issuer 1", 2), nil).Certificate}
		}, "certificate path", untrusted, nil},
		{"a sub-CA between that was not sent", trustModel, nil, func(t *testing.T, w *world, q *gates.Question) {
			sub := sign(t, caTemplate("sub", 5), &w.issuer)
			q.Leaf = sign(t, leafTemplate(t), &sub).Certificate
			q.Key = nil
		}, "certificate path", untrusted, nil},
		{"an anchor that ended, and a session too long", issue108, nil, func(t *testing.T, w *world, q *gates.Question) {
			old := caTemplate("old", 9)
			old.NotAfter = now().Add(-time.Minute)
			ca := sign(t, old, nil)
			q.Leaf, q.Key = sign(t, leafTemplate(t), &ca).Certificate, nil
			w.Anchor.Certificates = []*x509.Certificate{ca.Certificate}
			q.DurationSeconds = seconds(50000)
		}, "certificate path", untrusted, []string{"duration"}},

		{"six certificates that the path does not need", signPage, nil, func(_ *testing.T, w *world, q *gates.Question) {
			for range 6 {
				q.Chain = append(q.Chain, w.issuer.Certificate)
			}
		}, "chain depth", untrusted, nil},
		{"six of which one is needed, and a revoked certificate", signPage, nil, func(t *testing.T, w *world, q *gates.Question) {
			sub := sign(t, caTemplate("sub", 5), &w.issuer)
			q.Leaf, q.Key = sign(t, leafTemplate(t), &sub).Certificate, nil
			for range 5 {
				q.Chain = append(q.Chain, w.issuer.Certificate)
			}
			q.Chain = append(q.Chain, sub.Certificate)
			w.Anchor.CRLs = []gates.CRL{{Enabled: true, List: crl(t, sub, 0x0a1b2c)}}
		}, "chain depth", untrusted, []string{"revocation"}},

		{"a revoked certificate", crlPage, nil, func(t *testing.T, w *world, _ *gates.Question) {
			w.Anchor.CRLs = []gates.CRL{{Enabled: true, List: crl(t, w.issuer, 0x0a1b2c)}}
		}, "revocation", "Certificate revoked", nil},
		{"a revoked sub-CA", crlPage, nil, func(t *testing.T, w *world, q *gates.Question) {
			sub := sign(t, caTemplate("sub", 5), &w.issuer)
			q.Leaf, q.Key, q.Chain = sign(t, leafTemplate(t), &sub).Certificate, nil, []*x509.Certificate{sub.Certificate}
			w.Anchor.CRLs = []gates.CRL{{Enabled: true, List: crl(t, w.issuer, 5)}}
		}, "revocation", "Certificate revoked", nil},

		{"a disabled anchor", debugPage, nil, func(_ *testing.T, w *world, _ *gates.Question) { w.Anchor.Enabled = false }, "trust anchor enabled", "Specified Trust Anchor is disabled.", nil},
		{"a disabled anchor, a disabled profile and a role that trusts another anchor", debugPage, nil, func(_ *testing.T, w *world, _ *gates.Question) {
			w.Anchor.Enabled, w.Profile.Enabled = false, false
			w.Role.Trust = strings.Replace(trustPolicy, "11111111-", "22222222-", 1)
		}, "trust anchor enabled", "Specified Trust Anchor is disabled.", []string{"profile enabled", "trust policy"}},

		{"no profile", debugPage, nil, func(_ *testing.T, _ *world, q *gates.Question) { q.Profile = nil }, "profile", noProfile, nil},
		{"a profile of another account, and no role", createPage, nil, func(_ *testing.T, w *world, q *gates.Question) {
			w.Profile.ARN = strings.Replace(profARN, account, "444455556666", 1)
			q.Role = nil
		}, "profile", noProfile, []string{"role"}},

		{"a disabled profile", debugPage, nil, func(_ *testing.T, w *world, _ *gates.Question) { w.Profile.Enabled = false }, "profile enabled", noProfile, nil},
		{"a disabled profile without roles", debugPage, nil, func(_ *testing.T, w *world, _ *gates.Question) { w.Profile.Enabled, w.Profile.RoleARNs = false, nil },
			"profile enabled", noProfile, []string{"role in profile"}},

		{"another role of the profile", debugPage, nil, func(_ *testing.T, w *world, _ *gates.Question) { w.Profile.RoleARNs = w.Profile.RoleARNs[:1] }, "role in profile", notListed, nil},
		{"a role under another path", debugPage, nil, func(_ *testing.T, w *world, q *gates.Question) {
			q.RoleARN = strings.Replace(roleARN, "role/", "role/team/", 1)
		}, "role in profile", notListed, []string{"role"}},

		{"a session name that the profile does not take", issue19, nil, func(_ *testing.T, _ *world, q *gates.Question) { q.SessionName = "nightly" },
			"session name", "Not authorized to set roleSessionName.", nil},
		{"a session name of one letter", stsPage, nil, func(_ *testing.T, w *world, q *gates.Question) {
			q.SessionName, w.Profile.AcceptRoleSessionName = "x", true
		},
			"session name", constraint + "x' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*", nil},

		{"a session name, and a role that wants the serial number and another unit", issue19, nil, func(_ *testing.T, w *world, q *gates.Question) {
			q.SessionName = "nightly"
			w.Role.Trust = strings.Replace(trustPolicy, `"aws:PrincipalTag/x509Subject/OU": "prod"`, `"sts:RoleSessionName": "0a1b2c", "aws:PrincipalTag/x509Subject/OU": "dev"`, 1)
		}, "session name", "Not authorized to set roleSessionName.", []string{"trust policy"}},
		{"a session name, and a role that wants the serial number", issue19, nil, func(_ *testing.T, w *world, q *gates.Question) {
			q.SessionName = "nightly"
			w.Role.Trust = strings.Replace(trustPolicy, `"aws:PrincipalTag/x509Subject/OU": "prod"`, `"sts:RoleSessionName": "0a1b2c"`, 1)
		}, "session name", "Not authorized to set roleSessionName.", nil},

		{"no role", debugPage, nil, func(_ *testing.T, _ *world, q *gates.Question) { q.Role = nil }, "role", unable, nil},
		{"a role that lies under another path than the profile lists", debugPage, nil, func(_ *testing.T, w *world, _ *gates.Question) {
			w.Role.ARN = strings.Replace(roleARN, "role/", "role/team/", 1)
		}, "role", unable, nil},

		{"longer than the role allows", createPage, nil, func(_ *testing.T, w *world, q *gates.Question) {
			q.DurationSeconds, w.Profile.DurationSeconds = seconds(3601), 43200
		}, "duration", tooLong, nil},
		{"the profile's length, longer than the role allows", createPage, nil, func(_ *testing.T, w *world, q *gates.Question) {
			q.DurationSeconds, w.Profile.DurationSeconds, w.Role.MaxSessionSeconds = nil, 7200, 3600
		}, "duration", tooLong, nil},
		{"a second too short", createPage, nil, func(_ *testing.T, _ *world, q *gates.Question) { q.DurationSeconds = seconds(899) }, "duration",
			constraint + "899' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900", nil},

		{"a comma in the organization", issue77, func(l *x509.Certificate) { l.Subject.Organization = []string{"Example, Inc."} }, nil, "attribute mapping",
			unable + ". Some attributes failed to be mapped into session tags. Issuer: [  ]; Subject: [ O ]; SAN: [  ]", nil},
		{"an asterisk in the DNS name", tagPage, func(l *x509.Certificate) { l.DNSNames = []string{"*.example.internal"} }, nil, "attribute mapping",
			unable + ". Some attributes failed to be mapped into session tags. Issuer: [  ]; Subject: [  ]; SAN: [ DNS ]", nil},

		{"a space in the common name", stsPage, func(l *x509.Certificate) { l.Subject.CommonName = "nightly backup" }, nil, "source identity", unable, nil},
		{"a common name of 65", stsPage, func(l *x509.Certificate) { l.Subject.CommonName = strings.Repeat("b", 65) }, nil, "source identity", unable, nil},

		{"a trust policy that nobody can read", trustModel, nil, func(_ *testing.T, w *world, _ *gates.Question) { w.Role.Trust = "{" }, "trust policy", unable, nil},
		{"eleven managed policies", stsPage, nil, func(_ *testing.T, w *world, _ *gates.Question) { w.Profile.ManagedPolicyARNs = make([]string, 11) }, "session policies", unable, nil},
		{"a session policy longer than STS takes", stsPage, nil, func(_ *testing.T, w *world, _ *gates.Question) {
			w.Profile.SessionPolicy = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"` + strings.Repeat("a", 2000) + `"}}`
		}, "session policies", unable, nil},
		{"a session policy that nobody can read", stsPage, nil, func(_ *testing.T, w *world, _ *gates.Question) { w.Profile.SessionPolicy = "{" }, "session policies", unable, nil},
		{"a trust policy for Lambda, and eleven managed policies", trustModel, nil, func(_ *testing.T, w *world, _ *gates.Question) {
			w.Role.Trust = strings.Replace(trustPolicy, "rolesanywhere", "lambda", 1)
			w.Profile.ManagedPolicyARNs = make([]string, 11)
		}, "trust policy", unable, []string{"session policies"}},
		{"a trust policy for Lambda", trustModel, nil, func(_ *testing.T, w *world, _ *gates.Question) {
			w.Role.Trust = strings.Replace(trustPolicy, "rolesanywhere", "lambda", 1)
		}, "trust policy", unable, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			if c.leaf != nil {
				w = newWorld(t, c.leaf)
			}
			q := gates.Question{Session: w.Session, Key: w.leaf.key.Public()}
			if c.change != nil {
				c.change(t, w, &q)
			}
			got := gates.Explain(q)
			first, closed := got.First()
			if !closed || got.Granted || first.Gate != c.first || first.Message != c.says || got.Error != c.says || first.Detail == "" {
				t.Fatalf("got %+v, granted %v; want %s, %q (%s)", first, got.Granted, c.first, c.says, c.cite)
			}
			if diff := cmp.Diff(c.then, failing(got)[1:], cmp.Transformer("empty", func(s []string) []string { return append([]string{}, s...) })); diff != "" {
				t.Error(diff)
			}
			if single := gates.CreateSession(q.Session); c.first != "key match" && single.Error != c.says {
				t.Errorf("CreateSession says %q", single.Error)
			}
		})
	}
}

func failing(e gates.Explanation) []string {
	names := []string{}
	for _, v := range e.Verdicts {
		if v.Status == gates.Failed {
			names = append(names, v.Gate)
		}
	}
	return names
}

// A trust policy refuses by its first condition that is not met; here each
// condition of the pinned statement in turn, and what a statement may add.
// https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html#trust-policy
func TestTheTrustPolicyRefusesConditionByCondition(t *testing.T) {
	deny := func(condition string) string {
		return strings.TrimSuffix(trustPolicy, "]\n}") + `,{"Sid":"Off","Effect":"Deny","Principal":"*","Action":"sts:*","Condition":` + condition + `}]}`
	}
	for _, c := range []struct {
		name    string
		trust   string
		denied  []string
		sid     string
		effect  string
		failing []string // operator and key, or element
	}{
		{"another anchor", strings.Replace(trustPolicy, "11111111-", "22222222-", 1), all(), "Prod", "Allow", []string{"ArnEquals aws:SourceArn"}},
		{"another account", strings.Replace(trustPolicy, `"aws:SourceAccount": "111122223333"`, `"aws:SourceAccount": "444455556666"`, 1), all(), "Prod", "Allow", []string{"StringEquals aws:SourceAccount"}},
		{"another unit", strings.Replace(trustPolicy, `"prod"`, `"dev"`, 1), all(), "Prod", "Allow", []string{"StringEquals aws:PrincipalTag/x509Subject/OU"}},
		{"another workload", strings.Replace(trustPolicy, "internal/backup", "internal/reports", 1), all(), "Prod", "Allow", []string{"StringEquals aws:PrincipalTag/x509SAN/URI"}},
		{"another unit and another workload", strings.NewReplacer(`"prod"`, `"dev"`, "internal/backup", "internal/reports").Replace(trustPolicy), all(), "Prod", "Allow",
			[]string{"StringEquals aws:PrincipalTag/x509Subject/OU", "StringEquals aws:PrincipalTag/x509SAN/URI"}},
		{"a tag that no certificate gives", strings.Replace(trustPolicy, "x509Subject/OU", "team", 1), all(), "Prod", "Allow", []string{"StringEquals aws:PrincipalTag/team"}},
		{"another service", strings.Replace(trustPolicy, "rolesanywhere.amazonaws.com", "ec2.amazonaws.com", 1), all(), "Prod", "Allow", []string{"Principal"}},
		{"no session tags", strings.Replace(trustPolicy, `"sts:TagSession", `, "", 1), []string{"sts:TagSession"}, "Prod", "Allow", []string{"Action"}},
		{"no source identity", strings.Replace(trustPolicy, `, "sts:SetSourceIdentity"`, "", 1), []string{"sts:SetSourceIdentity"}, "Prod", "Allow", []string{"Action"}},
		{"neither", strings.Replace(trustPolicy, `["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]`, `"sts:AssumeRole"`, 1),
			[]string{"sts:TagSession", "sts:SetSourceIdentity"}, "Prod", "Allow", []string{"Action"}},
		{"a deny for this certificate", deny(`{"StringEquals":{"aws:PrincipalTag/x509Subject/CN":"backup"}}`), all(), "Off", "Deny", nil},
		{"a deny for all", deny(`{}`), all(), "Off", "Deny", nil},
		{"an operator that nobody knows", strings.Replace(trustPolicy, "ArnEquals", "ArnMatches", 1), all(), "Prod", "Allow", []string{"ArnMatches aws:SourceArn"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.Role.Trust = c.trust
			got := gates.Explain(gates.Question{Session: w.Session, Key: w.leaf.key.Public()})
			if diff := cmp.Diff([]string{"trust policy"}, failing(got)); diff != "" {
				t.Fatal(diff)
			}
			if diff := cmp.Diff(c.denied, got.Decision.Denied); diff != "" {
				t.Error(diff)
			}
			reason, found := got.Decision.Deciding(c.denied[0])
			if !found || reason.Name() != "statement "+c.sid || reason.Effect != c.effect {
				t.Fatalf("decided by %+v", reason)
			}
			var names []string
			for _, check := range reason.Failed() {
				if check.Element == "Condition" {
					names = append(names, check.Operator+" "+check.Key)
					continue
				}
				names = append(names, check.Element)
			}
			if diff := cmp.Diff(c.failing, names); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func all() []string { return []string{"sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"} }

func TestWhatIsNotKnownIsNotCheckedAndNeverGranted(t *testing.T) {
	const why = "nobody asked"
	for _, c := range []struct {
		name    string
		change  func(q *gates.Question)
		open    []string
		granted bool
	}{
		{"everything is known", func(*gates.Question) {}, nil, true},
		{"the key alone is not known", func(q *gates.Question) { q.Key = nil }, []string{"key match"}, true},
		{"the anchor", func(q *gates.Question) { q.Anchor, q.Unknown = nil, map[string]string{"trust anchor": why} },
			[]string{"trust anchor", "certificate path", "revocation", "trust anchor enabled", "trust policy"}, false},
		{"whether the anchor is enabled", func(q *gates.Question) { q.Unknown = map[string]string{"trust anchor enabled": why} },
			[]string{"trust anchor enabled"}, false},
		{"the profile", func(q *gates.Question) { q.Profile, q.Unknown = nil, map[string]string{"profile": why} },
			[]string{"profile", "profile enabled", "role in profile", "session name", "duration", "attribute mapping", "trust policy", "session policies"}, false},
		{"the role", func(q *gates.Question) { q.Role, q.Unknown = nil, map[string]string{"role": why} },
			[]string{"role", "duration", "trust policy"}, false},
		{"whether the role is as it should be", func(q *gates.Question) { q.Unknown = map[string]string{"role": why, "duration": why} },
			[]string{"role", "duration"}, false},
		{"the lists", func(q *gates.Question) { q.Unknown = map[string]string{"revocation": why} }, []string{"revocation"}, false},
		{"no certificate: its version fails, and nothing else is asked", func(q *gates.Question) { q.Leaf = nil },
			[]string{"key match", "certificate usage", "certificate dates", "trust anchor", "certificate path", "chain depth", "revocation", "trust anchor enabled",
				"profile", "profile enabled", "role in profile", "session name", "role", "duration", "attribute mapping", "source identity", "trust policy", "session policies"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			q := gates.Question{Session: w.Session, Key: w.leaf.key.Public()}
			c.change(&q)
			got := gates.Explain(q)
			if diff := cmp.Diff(c.open, got.Open()); diff != "" || got.Granted != c.granted {
				t.Errorf("granted %v\n%s", got.Granted, diff)
			}
		})
	}
}

package gates_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/gates"
)

const (
	trustModel = "https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html"
	createPage = "https://docs.aws.amazon.com/rolesanywhere/latest/userguide/authentication-create-session.html"
	signPage   = "https://docs.aws.amazon.com/rolesanywhere/latest/userguide/authentication-sign-process.html"
	crlPage    = "https://docs.aws.amazon.com/rolesanywhere/latest/userguide/revocation.html"
	mapPage    = "https://docs.aws.amazon.com/rolesanywhere/latest/userguide/attribute-mapping.html"
	tagPage    = "https://docs.aws.amazon.com/STS/latest/APIReference/API_Tag.html"
	stsPage    = "https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html"
	debugPage  = "https://docs.aws.amazon.com/rolesanywhere/latest/userguide/security_iam_troubleshoot.html"
	issue19    = "https://github.com/aws/rolesanywhere-credential-helper/issues/19"
	issue77    = "https://github.com/aws/rolesanywhere-credential-helper/issues/77"
	issue108   = "https://github.com/aws/rolesanywhere-credential-helper/issues/108"
	unable     = "Unable to assume role for " + roleARN
)

func TestAGrantedSessionPassesEveryGateInOrder(t *testing.T) {
	got := gates.CreateSession(newWorld(t).Session)
	if !got.Granted || got.Error != "" || got.Code != "" {
		t.Fatalf("not granted: %+v", got)
	}
	var names []string
	for _, g := range got.Gates {
		if !g.Passed {
			t.Errorf("%s: %s", g.Name, g.Detail)
		}
		names = append(names, g.Name)
	}
	want := []string{"certificate version", "certificate usage", "certificate dates", "trust anchor", "certificate path", "chain depth", "revocation",
		"trust anchor enabled", "profile", "profile enabled", "role in profile", "session name", "role", "duration", "attribute mapping",
		"source identity", "trust policy", "session policies"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
	// "IAM Roles Anywhere sets this automatically, using the hex-encoded
	// serial number of the authenticating certificate" (trust model page).
	if got.SessionName != "0a1b2c" || got.SourceIdentity != "CN=backup" || got.Seconds != 3600 {
		t.Errorf("got session %q, source identity %q, %d s", got.SessionName, got.SourceIdentity, got.Seconds)
	}
	tags := map[string]string{
		"x509Subject/CN": "backup", "x509Subject/O": "Example Corp", "x509Subject/OU": "prod",
		"x509Issuer/CN": "prod issuer 1", "x509Issuer/O": "Example Corp",
		"x509SAN/DNS": "backup.prod.example.internal", "x509SAN/URI": "spiffe://prod.example.internal/backup",
	}
	if diff := cmp.Diff(tags, got.Tags); diff != "" {
		t.Errorf("%s (%s)", diff, mapPage)
	}
}

// Refusals written by hand from the pages and threads named; the words are the
// service's as users have pasted them.
func TestRefusals(t *testing.T) {
	seconds := func(n int) *int { return &n }
	for _, c := range []struct {
		name   string
		cite   string
		leaf   func(*x509.Certificate)
		change func(t *testing.T, w *world)
		gate   string
		error  string
		detail string
	}{
		{name: "a CA's certificate", cite: trustModel, gate: gates.GateUsage, error: "Untrusted certificate. Insufficient certificate", detail: "CA",
			leaf: func(c *x509.Certificate) { c.IsCA = true }},
		{name: "no digitalSignature", cite: trustModel, gate: gates.GateUsage, error: "Untrusted certificate. Insufficient certificate", detail: "digitalSignature",
			leaf: func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment }},
		{name: "no key usage at all", cite: trustModel, gate: gates.GateUsage, error: "Untrusted certificate. Insufficient certificate", detail: "digitalSignature",
			leaf: func(c *x509.Certificate) { c.KeyUsage = 0 }},
		{name: "no subject", cite: trustModel, gate: gates.GateUsage, error: "Untrusted certificate. Insufficient certificate", detail: "no subject",
			leaf: func(c *x509.Certificate) { c.Subject = pkix.Name{} }},
		{name: "a SHA-1 signature", cite: trustModel, gate: gates.GateUsage, error: "Untrusted certificate. Insufficient certificate", detail: "SHA1",
			change: func(_ *testing.T, w *world) { w.Leaf.SignatureAlgorithm = x509.ECDSAWithSHA1 }},
		{name: "an X.509 version 1 certificate", cite: trustModel, gate: gates.GateVersion, error: "Untrusted certificate. Insufficient certificate", detail: "version 1",
			change: func(_ *testing.T, w *world) { w.Leaf.Version = 1 }},
		{name: "no certificate", cite: trustModel, gate: gates.GateVersion, error: "Untrusted certificate. Insufficient certificate", detail: "no certificate",
			change: func(_ *testing.T, w *world) { w.Leaf = nil }},
		{name: "an expired certificate", cite: issue108, gate: gates.GateDates, error: "Untrusted signing certificate", detail: "expired",
			change: func(_ *testing.T, w *world) { w.Now = w.Leaf.NotAfter.Add(time.Second) }},
		{name: "a certificate that is not valid yet", cite: issue108, gate: gates.GateDates, error: "Untrusted signing certificate", detail: "not valid before",
			change: func(_ *testing.T, w *world) { w.Now = w.Leaf.NotBefore.Add(-time.Second) }},
		{name: "no anchor", cite: debugPage, gate: gates.GateAnchor, error: "Specified Trust Anchor wasn't found.",
			change: func(_ *testing.T, w *world) { w.Anchor = nil }},
		{name: "an anchor of another region", cite: createPage, gate: gates.GateAnchor, error: "Specified Trust Anchor wasn't found.", detail: "us-east-1",
			change: func(_ *testing.T, w *world) { w.Region = "us-east-1" }},
		{name: "an anchor of another account", cite: createPage, gate: gates.GateAnchor, error: "Specified Trust Anchor wasn't found.", detail: "444455556666",
			change: func(_ *testing.T, w *world) { w.Account = "444455556666" }},
		{name: "an issuer that the anchor does not hold", cite: issue108, gate: gates.GatePath, error: "Untrusted signing certificate",
			change: func(t *testing.T, w *world) {
				other := sign(t, caTemplate("prod issuer 1", 3), nil)
				w.Anchor.Certificates = []*x509.Certificate{other.Certificate}
			}},
		{name: "an anchor that has expired", cite: issue108, gate: gates.GatePath, error: "Untrusted signing certificate", detail: "expired",
			change: func(t *testing.T, w *world) {
				old := caTemplate("old", 9)
				old.NotAfter = now().Add(-time.Minute)
				ca := sign(t, old, nil)
				w.Leaf = sign(t, leafTemplate(t), &ca).Certificate
				w.Anchor.Certificates = []*x509.Certificate{ca.Certificate}
			}},
		{name: "six certificates in the chain header", cite: signPage, gate: gates.GateDepth, error: "Untrusted signing certificate", detail: "more than 5",
			change: func(_ *testing.T, w *world) {
				for range 6 {
					w.Chain = append(w.Chain, w.issuer.Certificate)
				}
			}},
		{name: "a serial number on an enabled list", cite: crlPage, gate: gates.GateRevocation, error: "Certificate revoked", detail: "0a1b2c",
			change: func(t *testing.T, w *world) {
				w.Anchor.CRLs = []gates.CRL{{Enabled: true, List: crl(t, w.issuer, 7)}, {Enabled: true, List: crl(t, w.issuer, 8, 0x0a1b2c)}}
			}},
		{name: "a disabled anchor", cite: debugPage, gate: gates.GateAnchorEnabled, error: "Specified Trust Anchor is disabled.",
			change: func(_ *testing.T, w *world) { w.Anchor.Enabled = false }},
		{name: "no profile", cite: debugPage, gate: gates.GateProfile, error: "Invalid or empty profile provided.",
			change: func(_ *testing.T, w *world) { w.Profile = nil }},
		{name: "a profile of another region", cite: createPage, gate: gates.GateProfile, error: "Invalid or empty profile provided.",
			change: func(_ *testing.T, w *world) { w.Profile.ARN = strings.Replace(profARN, region, "us-east-1", 1) }},
		{name: "a disabled profile", cite: debugPage, gate: gates.GateProfileEnabled, error: "Invalid or empty profile provided.", detail: "disabled",
			change: func(_ *testing.T, w *world) { w.Profile.Enabled = false }},
		{name: "a role that the profile does not list", cite: debugPage, gate: gates.GateRoleListed, error: "Requested Role isn't one of those listed in the Profile.",
			change: func(_ *testing.T, w *world) { w.Profile.RoleARNs = w.Profile.RoleARNs[:1] }},
		{name: "a session name that the profile does not accept", cite: issue19, gate: gates.GateSessionName, error: "Not authorized to set roleSessionName.",
			change: func(_ *testing.T, w *world) { w.SessionName = "nightly" }},
		{name: "a session name with a space", cite: stsPage, gate: gates.GateSessionName, detail: "2 to 64 characters",
			error: "1 validation error detected: Value 'a b' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*",
			change: func(_ *testing.T, w *world) {
				w.SessionName, w.Profile.AcceptRoleSessionName = "a b", true
			}},
		{name: "a role that does not exist", cite: debugPage, gate: gates.GateRole, error: unable, detail: "no such role",
			change: func(_ *testing.T, w *world) { w.Role = nil }},
		{name: "fewer than 900 seconds", cite: createPage, gate: gates.GateDuration,
			error:  "1 validation error detected: Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900",
			change: func(_ *testing.T, w *world) { w.DurationSeconds = seconds(899) }},
		{name: "more than 43200 seconds", cite: createPage, gate: gates.GateDuration,
			error:  "1 validation error detected: Value '43201' at 'durationSeconds' failed to satisfy constraint: Member must have value less than or equal to 43200",
			change: func(_ *testing.T, w *world) { w.DurationSeconds = seconds(43201) }},
		{name: "longer than the role allows", cite: createPage, gate: gates.GateDuration, detail: "7200 s is more than the role's maximum of 3600 s",
			error: unable + ". The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
			change: func(_ *testing.T, w *world) {
				w.DurationSeconds, w.Profile.DurationSeconds = seconds(7200), 7200
			}},
		{name: "the profile's length, longer than the role's default", cite: createPage, gate: gates.GateDuration,
			error: unable + ". The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
			change: func(_ *testing.T, w *world) {
				w.DurationSeconds, w.Profile.DurationSeconds, w.Role.MaxSessionSeconds = nil, 3601, 0
			}},
		{name: "a subject with a comma", cite: issue77, gate: gates.GateMapping,
			error: unable + ". Some attributes failed to be mapped into session tags. Issuer: [  ]; Subject: [ O ]; SAN: [  ]",
			leaf:  func(c *x509.Certificate) { c.Subject.Organization = []string{"Example, Inc."} }},
		{name: "a common name that is no source identity", cite: stsPage, gate: gates.GateSourceIdentity, error: unable, detail: "CN=nightly backup",
			leaf: func(c *x509.Certificate) { c.Subject.CommonName = "nightly backup" }},
		{name: "a trust policy for another anchor", cite: trustModel, gate: gates.GateTrust, error: unable, detail: "aws:SourceArn",
			change: func(_ *testing.T, w *world) { w.Anchor.ARN = strings.Replace(anchorARN, "11111111-", "22222222-", 1) }},
		{name: "a trust policy for another environment", cite: trustModel, gate: gates.GateTrust, error: unable,
			detail: `condition StringEquals aws:PrincipalTag/x509Subject/OU wants "prod": found "dev"`,
			leaf:   func(c *x509.Certificate) { c.Subject.OrganizationalUnit = []string{"dev"} }},
		{name: "a mapping that leaves out what the trust policy needs", cite: mapPage, gate: gates.GateTrust, error: unable,
			detail: `condition StringEquals aws:PrincipalTag/x509Subject/OU wants "prod": it is absent`,
			change: func(_ *testing.T, w *world) {
				w.Profile.Mappings = map[string][]string{gates.FieldSubject: {"CN"}, gates.FieldSAN: {"URI"}}
			}},
		{name: "a trust policy without sts:TagSession", cite: trustModel, gate: gates.GateTrust, error: unable, detail: "sts:TagSession",
			change: func(_ *testing.T, w *world) { w.Role.Trust = strings.Replace(trustPolicy, `"sts:TagSession", `, "", 1) }},
		{name: "a trust policy without sts:SetSourceIdentity", cite: trustModel, gate: gates.GateTrust, error: unable, detail: "sts:SetSourceIdentity",
			change: func(_ *testing.T, w *world) {
				w.Role.Trust = strings.Replace(trustPolicy, `, "sts:SetSourceIdentity"`, "", 1)
			}},
		{name: "a trust policy for another service", cite: trustModel, gate: gates.GateTrust, error: unable, detail: "ec2.amazonaws.com",
			change: func(_ *testing.T, w *world) {
				w.Role.Trust = strings.Replace(trustPolicy, "rolesanywhere.amazonaws.com", "ec2.amazonaws.com", 1)
			}},
		{name: "a trust policy that cannot be read", cite: trustModel, gate: gates.GateTrust, error: unable, detail: "line 1, column 1",
			change: func(_ *testing.T, w *world) { w.Role.Trust = "" }},
		{name: "a deny for this source identity", cite: trustModel, gate: gates.GateTrust, error: unable, detail: "denied by statement 2",
			change: func(_ *testing.T, w *world) {
				w.Role.Trust = strings.TrimSuffix(trustPolicy, "]\n}") + `,{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole",
					"Condition":{"StringEquals":{"sts:SourceIdentity":"CN=backup"}}}]}`
			}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var changes []func(*x509.Certificate)
			if c.leaf != nil {
				changes = append(changes, c.leaf)
			}
			w := newWorld(t, changes...)
			if c.change != nil {
				c.change(t, w)
			}
			got := gates.CreateSession(w.Session)
			if got.Granted {
				t.Fatalf("granted (%s)", c.cite)
			}
			last := got.Gates[len(got.Gates)-1]
			if last.Passed || last.Name != c.gate || got.Error != c.error || !strings.Contains(last.Detail, c.detail) {
				t.Errorf("got %+v, %q; want %s, %q, %q (%s)", last, got.Error, c.gate, c.error, c.detail, c.cite)
			}
			if want := strings.HasPrefix(c.error, "1 validation error"); (got.Code == gates.CodeValidation) != want {
				t.Errorf("got code %s", got.Code)
			}
			for _, g := range got.Gates[:len(got.Gates)-1] {
				if !g.Passed {
					t.Errorf("%s failed before the last gate", g.Name)
				}
			}
		})
	}
}

// What must not stand in the way, from the pages named.
func TestGrants(t *testing.T) {
	seconds := func(n int) *int { return &n }
	for _, c := range []struct {
		name   string
		cite   string
		leaf   func(*x509.Certificate)
		change func(t *testing.T, w *world)
		want   func(r gates.Result) bool
	}{
		{name: "no extended key usage is demanded", cite: trustModel, leaf: func(c *x509.Certificate) { c.ExtKeyUsage = nil }},
		{name: "no basic constraints are demanded", cite: trustModel, leaf: func(c *x509.Certificate) { c.BasicConstraintsValid = false }},
		{name: "at the last moment", cite: trustModel, change: func(_ *testing.T, w *world) { w.Now = w.Leaf.NotAfter }},
		{name: "through a sub-CA in the chain header", cite: trustModel, change: func(t *testing.T, w *world) {
			sub := sign(t, caTemplate("sub", 5), &w.issuer)
			w.Leaf, w.Chain = sign(t, leafTemplate(t), &sub).Certificate, []*x509.Certificate{sub.Certificate}
		}},
		{name: "the second certificate of the anchor", cite: trustModel, change: func(t *testing.T, w *world) {
			other := sign(t, caTemplate("prod issuer 2", 6), nil)
			w.Anchor.Certificates = []*x509.Certificate{other.Certificate, w.issuer.Certificate}
		}},
		{name: "a list that is disabled", cite: crlPage, change: func(t *testing.T, w *world) {
			w.Anchor.CRLs = []gates.CRL{{Enabled: false, List: crl(t, w.issuer, 0x0a1b2c)}}
		}},
		{name: "the serial number on another CA's list", cite: "RFC 5280 section 5.3.3", change: func(t *testing.T, w *world) {
			other := sign(t, caTemplate("another", 4), nil)
			w.Anchor.CRLs = []gates.CRL{{Enabled: true, List: crl(t, other, 0x0a1b2c)}}
		}},
		{name: "an accepted session name", cite: createPage, want: func(r gates.Result) bool { return r.SessionName == "nightly@1" },
			change: func(_ *testing.T, w *world) { w.SessionName, w.Profile.AcceptRoleSessionName = "nightly@1", true }},
		{name: "the request is shorter than the profile", cite: createPage, want: func(r gates.Result) bool { return r.Seconds == 900 },
			change: func(_ *testing.T, w *world) { w.DurationSeconds = seconds(900) }},
		{name: "the profile is shorter than the request", cite: createPage, want: func(r gates.Result) bool { return r.Seconds == 1800 },
			change: func(_ *testing.T, w *world) { w.Profile.DurationSeconds = 1800 }},
		{name: "the profile keeps a long request below the role's maximum", cite: createPage, want: func(r gates.Result) bool { return r.Seconds == 3600 },
			change: func(_ *testing.T, w *world) { w.DurationSeconds = seconds(43200) }},
		{name: "no length in the request", cite: createPage, want: func(r gates.Result) bool { return r.Seconds == 1200 },
			change: func(_ *testing.T, w *world) { w.DurationSeconds, w.Profile.DurationSeconds = nil, 1200 }},
		{name: "no length anywhere", cite: createPage, want: func(r gates.Result) bool { return r.Seconds == 3600 },
			change: func(_ *testing.T, w *world) {
				w.DurationSeconds, w.Profile.DurationSeconds, w.Role.MaxSessionSeconds = nil, 0, 0
			}},
		{name: "a session is not shortened to the certificate's end", cite: createPage, want: func(r gates.Result) bool { return r.Seconds == 3600 },
			change: func(_ *testing.T, w *world) { w.Now = w.Leaf.NotAfter.Add(-time.Minute) }},
		{name: "an absent tag under a negated operator: the guide's dangerous example", cite: mapPage, change: func(_ *testing.T, w *world) {
			w.Profile.Mappings = map[string][]string{gates.FieldSubject: {"CN"}}
			w.Role.Trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"rolesanywhere.amazonaws.com"},
				"Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"],
				"Condition":{"StringNotEquals":{"aws:PrincipalTag/x509Issuer/CN":"Bob"},"ArnEquals":{"aws:SourceArn":["` + anchorARN + `"]}}}]}`
		}},
		{name: "conditions on what the request carries", cite: stsPage, change: func(_ *testing.T, w *world) {
			w.Role.Trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"rolesanywhere.amazonaws.com"},"Action":"sts:*",
				"Condition":{"StringLike":{"sts:SourceIdentity":"CN=*","sts:RoleSessionName":"0a1b2c"},
				"StringEquals":{"aws:RequestTag/x509Subject/CN":"backup"},"ForAnyValue:StringEquals":{"aws:TagKeys":"x509SAN/URI"},
				"DateLessThan":{"aws:CurrentTime":"2026-11-02T12:00:01Z"},"Null":{"sts:ExternalId":"true","aws:PrincipalTag/team":"true"}}}]}`
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var changes []func(*x509.Certificate)
			if c.leaf != nil {
				changes = append(changes, c.leaf)
			}
			w := newWorld(t, changes...)
			if c.change != nil {
				c.change(t, w)
			}
			got := gates.CreateSession(w.Session)
			if !got.Granted || c.want != nil && !c.want(got) {
				t.Errorf("got %+v (%s)", got, c.cite)
			}
		})
	}
}

// https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html
func TestSourceIdentity(t *testing.T) {
	for _, c := range []struct {
		name string
		cn   string
		want string
	}{
		{"a common name", "backup", "CN=backup"},
		{"61 characters with the prefix", strings.Repeat("a", 61), "CN=" + strings.Repeat("a", 61)},
		{"62 characters without", strings.Repeat("a", 62), strings.Repeat("a", 62)},
		{"64 characters without", strings.Repeat("a", 64), strings.Repeat("a", 64)},
		{"no common name", "", "ID=0a1b2c"},
	} {
		w := newWorld(t, func(l *x509.Certificate) { l.Subject.CommonName = c.cn })
		if got := gates.SourceIdentity(w.Leaf); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
		if got := gates.CreateSession(w.Session); !got.Granted || got.SourceIdentity != c.want {
			t.Errorf("%s: got %+v", c.name, got)
		}
	}
	long := newWorld(t, func(l *x509.Certificate) { l.Subject.CommonName = strings.Repeat("a", 65) })
	if got := gates.CreateSession(long.Session); got.Granted || got.Gates[len(got.Gates)-1].Name != gates.GateSourceIdentity {
		t.Errorf("65 characters: got %+v", got)
	}
	one := newWorld(t, func(l *x509.Certificate) { l.SerialNumber = big.NewInt(5) })
	if got := gates.CreateSession(one.Session); got.SessionName != "05" {
		t.Errorf("a serial number below 16 names the session %q", got.SessionName)
	}
}

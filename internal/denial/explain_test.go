package denial

import (
	"crypto/rand"
	"crypto/x509"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/anchors"
	"anchorctl/internal/estate"
	"anchorctl/internal/grants"
	"anchorctl/internal/hint"
	"anchorctl/internal/pki/pkitest"
	"anchorctl/internal/profiles"
	"anchorctl/internal/roles"
	"anchorctl/internal/store"
)

func TestASessionThatWouldBeGranted(t *testing.T) {
	r := newLab(t).explain(t, backup())
	s := r.Sessions[0]
	if !r.Granted || len(r.Sessions) != 1 || s.Verdict != Granted || s.Fails != "" || len(s.NotChecked) != 0 || s.Profile != "backup" || s.ProfileARN != prodARN {
		t.Errorf("got %+v", r)
	}
	want := map[string]string{"x509Subject/CN": "backup", "x509Subject/OU": "prod", "x509SAN/URI": "spiffe://prod.example.internal/backup"}
	if diff := cmp.Diff(want, s.Tags); diff != "" {
		t.Error(diff)
	}
	if s.Certificate.IssuedBy != "issuer/prod#1" || s.Certificate.Workload != "prod/backup" || s.SourceIdentity != "CN=backup" || s.Seconds != 3600 {
		t.Errorf("got %+v", s)
	}
	for _, g := range s.Gates {
		if g.Status != "passed" || len(g.Remedies) != 0 {
			t.Errorf("%+v", g)
		}
	}
}

// What is wrong, the gate that closes first for it, and what the first remedy
// has to say; all by hand.
func TestWhatToChange(t *testing.T) {
	seconds := func(n int) *int { return &n }
	for _, c := range []struct {
		name   string
		leaf   []pkitest.Option
		change func(t *testing.T, l *lab)
		choice Choice
		gate   string
		first  string // remedy
		text   string // what to write
	}{
		{name: "another key", change: func(t *testing.T, l *lab) { l.c.Key = pkitest.ECDSA(t).Public() }, gate: "key match", first: `one run of "anchorctl issue prod/backup"`},
		{name: "no digitalSignature", leaf: []pkitest.Option{pkitest.Usage(x509.KeyUsageKeyEncipherment)}, gate: "certificate usage", first: `run "anchorctl issue prod/backup"`},
		{name: "ended", change: func(_ *testing.T, l *lab) { l.c.Time = l.c.Leaf.NotAfter.Add(time.Minute) }, gate: "certificate dates", first: `run "anchorctl issue prod/backup" and install`},
		{name: "an instance, ended", leaf: []pkitest.Option{pkitest.Name("backup@eu1"), pkitest.Dates(ago(48*time.Hour), ago(time.Hour))}, gate: "certificate dates", first: `run "anchorctl issue prod/backup@eu1"`},
		{name: "not yet valid", change: func(_ *testing.T, l *lab) { l.c.Time = ago(time.Hour) }, gate: "certificate dates", first: "wait until 2026-11-02T11:45:00Z, or set the clock right"},
		{name: "an anchor that is not made yet", change: func(_ *testing.T, l *lab) { l.k.objects = nil }, gate: "trust anchor", first: `run "anchorctl apply": anchor/prod@111122223333/eu-central-1 is not made yet`},
		{name: "an anchor that somebody deleted", change: func(_ *testing.T, l *lab) { l.place.anchors = l.place.anchors[1:] }, gate: "trust anchor", first: `is recorded and not there any more`},
		{name: "another environment's certificate", change: func(t *testing.T, l *lab) {
			leaf := l.made.Leaf(t, "dev", "backup")
			l.c.Leaf, l.c.Key = leaf.Certificate, leaf.Key.Public()
		}, gate: "certificate path", first: "ask at the anchor of dev: this certificate is dev's, issued by issuer/dev#1, and this anchor is prod's"},
		{name: "a certificate of a retired issuer", change: func(t *testing.T, l *lab) {
			l.k.issuers[1].status = store.Retired
			l.place.anchors[0].Bundle = string(l.made.Root.Issuer(t, "prod").PEM())
		}, gate: "certificate path", first: "issuer/prod#1, which issued this one, is retired"},
		{name: "an anchor that does not hold the issuer", change: func(t *testing.T, l *lab) { l.place.anchors[0].Bundle = string(l.made.Root.Issuer(t, "prod").PEM()) },
			gate: "certificate path", first: "the anchor should hold issuer/prod#1 and does not"},
		{name: "a stranger's certificate", change: func(t *testing.T, l *lab) {
			leaf := pkitest.NewEstate(t, "prod").Leaf(t, "prod", "backup")
			l.c.Leaf, l.c.Key = leaf.Certificate, leaf.Key.Public()
		}, gate: "certificate path", first: "with --intermediates"},
		{name: "six certificates where none is needed", change: func(_ *testing.T, l *lab) { l.c.Chain = chain(6, l.made.Issuers["prod"].Certificate) }, gate: "chain depth", first: "leave --intermediates away"},
		{name: "revoked", change: func(t *testing.T, l *lab) { l.place.crls = []estate.CRL{revoking(t, l, l.c.Leaf.SerialNumber)} }, gate: "revocation", first: "find out why it was revoked"},
		{name: "a disabled anchor", change: func(_ *testing.T, l *lab) { l.place.anchors[0].Enabled = false }, gate: "trust anchor enabled", first: `run "anchorctl plan" to see why anchor/prod@111122223333/eu-central-1 is disabled`},
		{name: "a profile that somebody deleted", change: func(_ *testing.T, l *lab) { l.place.profiles = l.place.profiles[1:] }, gate: "profile", first: `profile/prod/backup@111122223333/eu-central-1 is recorded and not there any more`},
		{name: "a disabled profile", change: func(_ *testing.T, l *lab) { l.place.profiles[0].Enabled = false }, gate: "profile enabled", first: `why profile/prod/backup@111122223333/eu-central-1 is disabled`},
		{name: "a role that the profile lost", change: func(_ *testing.T, l *lab) { l.place.profiles[0].RoleARNs = nil }, gate: "role in profile", first: `run "anchorctl plan": the profile does not list what anchorctl.yaml gives it`},
		{name: "another profile of the environment", choice: Choice{Environment: "prod", Profile: "tools", Role: "prod-backup"}, gate: "role in profile", first: "--profile backup"},
		{name: "another environment's role", choice: Choice{Environment: "prod", Profile: "backup", Role: "dev-backup"}, gate: "role in profile", first: "with a certificate of dev"},
		{name: "a role that nobody configured", choice: Choice{Environment: "prod", Profile: "backup", Role: "team/extra"}, gate: "role in profile",
			first: "add it to anchorctl.yaml at environments.prod.profiles.backup.roles", text: "team/extra: {workloads: [backup]}"},
		{name: "a session name", change: func(_ *testing.T, l *lab) { l.c.SessionName = "nightly" }, gate: "session name", first: "leave --role-session-name away"},
		{name: "a session name with a space", change: func(_ *testing.T, l *lab) { l.c.SessionName, l.place.profiles[0].AcceptRoleSessionName = "a b", true }, gate: "session name", first: "2 to 64 of A-Z"},
		{name: "a role that is not there", change: func(_ *testing.T, l *lab) { delete(l.place.roles, "prod-backup") }, gate: "role", first: `"aws iam get-role --role-name prod-backup"`},
		{name: "a role under another path", change: func(_ *testing.T, l *lab) {
			live := l.place.roles["prod-backup"]
			live.ARN, live.Path = "arn:aws:iam::111122223333:role/team/prod-backup", "/team/"
			l.place.roles["prod-backup"] = live
		}, gate: "role", first: "with its path: the one of that name is arn:aws:iam::111122223333:role/team/prod-backup"},
		{name: "longer than the role allows", change: func(_ *testing.T, l *lab) { l.c.Seconds, l.place.profiles[0].DurationSeconds = seconds(7200), 7200 }, gate: "duration", first: "--session-duration 3600"},
		{name: "too short", change: func(_ *testing.T, l *lab) { l.c.Seconds = seconds(60) }, gate: "duration", first: "15 minutes to 12 hours"},
		{name: "a name that is no tag", leaf: []pkitest.Option{pkitest.With(func(c *x509.Certificate) { c.Subject.OrganizationalUnit = []string{"prod, west"} })}, gate: "attribute mapping", first: "letters, digits, spaces"},
		{name: "a common name that is no source identity", leaf: []pkitest.Option{pkitest.Name("back up")}, gate: "source identity", first: "common name has 1 to 61"},
		{name: "more managed policies than STS takes", change: func(_ *testing.T, l *lab) { l.place.profiles[0].ManagedPolicyARNs = make([]string, 11) }, gate: "session policies",
			first: "shorten sessionPolicy and managedPolicies at environments.prod.profiles.backup"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLab(t, c.leaf...)
			if c.change != nil {
				c.change(t, l)
			}
			if c.choice == (Choice{}) {
				c.choice = backup()
			}
			r := l.explain(t, c.choice)
			s := r.Sessions[0]
			if r.Granted || s.Verdict != Denied || s.Fails != c.gate || s.Message == "" {
				t.Fatalf("fails at %q, want %q: %+v", s.Fails, c.gate, s.Gates)
			}
			first := failed(s)[0]
			if len(first.Remedies) == 0 || !strings.Contains(first.Remedies[0].Do, c.first) || first.Remedies[0].Text != c.text {
				t.Errorf("got %+v; want %q, %q", first.Remedies, c.first, c.text)
			}
		})
	}
}

func failed(s Session) []Gate {
	var all []Gate
	for _, g := range s.Gates {
		if g.Status == "failed" {
			all = append(all, g)
		}
	}
	return all
}

func revoking(t *testing.T, l *lab, serial *big.Int) estate.CRL {
	t.Helper()
	by := l.made.Issuers["prod"]
	der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		Number: big.NewInt(1), ThisUpdate: ago(time.Hour), NextUpdate: pkitest.Now().Add(time.Hour),
		RevokedCertificateEntries: []x509.RevocationListEntry{{SerialNumber: serial, RevocationTime: ago(time.Minute)}},
	}, by.Certificate, by.Key)
	if err != nil {
		t.Fatal(err)
	}
	return estate.CRL{ARN: "crl", AnchorARN: prodAnchor, Enabled: true, Data: der}
}

func TestTheTrustPolicyConditionByCondition(t *testing.T) {
	trust := func(l *lab, change func(string) string) {
		live := l.place.roles["prod-backup"]
		live.Trust = change(live.Trust)
		l.place.roles["prod-backup"] = live
	}
	replace := func(old, with string) func(t *testing.T, l *lab) {
		return func(t *testing.T, l *lab) {
			trust(l, func(text string) string {
				if !strings.Contains(text, old) {
					t.Fatalf("no %s in %s", old, text)
				}
				return strings.ReplaceAll(text, old, with)
			})
		}
	}
	for _, c := range []struct {
		name   string
		change func(t *testing.T, l *lab)
		alone  bool // by ARNs, without the estate
		says   string
		failed []string // conditions, or elements
		first  string
		text   string
	}{
		{"the estate's pin was changed", replace(prodAnchor, devAnchor), false, "no statement allows sts:AssumeRole, sts:TagSession, sts:SetSourceIdentity; statement AnchorctlProd comes nearest",
			[]string{"aws:SourceArn"}, `then "anchorctl apply"`, ""},
		{"a stranger's role for another anchor", replace(prodAnchor, devAnchor), true, "comes nearest", []string{"aws:SourceArn"}, "ask at the anchor that the role trusts",
			`"ArnEquals": {"aws:SourceArn": ["` + prodAnchor + `", "` + devAnchor + `"]}`},
		{"a stranger's role for another account", replace(`"aws:SourceAccount": "111122223333"`, `"aws:SourceAccount": "444455556666"`), true, "comes nearest",
			[]string{"aws:SourceAccount"}, `make StringEquals aws:SourceAccount of statement AnchorctlProd hold: it wants "444455556666" and found "111122223333"`, ""},
		{"a stranger's role for another unit", replace(`x509Subject/OU": "prod"`, `x509Subject/OU": "ops"`), true, "comes nearest",
			[]string{"aws:PrincipalTag/x509Subject/OU"}, `use a certificate whose x509Subject/OU is "ops"`, `"StringEquals": {"aws:PrincipalTag/x509Subject/OU": ["ops", "prod"]}`},
		{"without session tags", replace(`"sts:TagSession",`, ``), true, "statement AnchorctlProd fits, and does not allow sts:TagSession: the certificate's names come as session tags",
			[]string{"Action"}, "allow all three actions", `"Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]`},
		{"without a source identity", replace(`"sts:SetSourceIdentity"`, `"sts:GetCallerIdentity"`), true,
			"does not allow sts:SetSourceIdentity: the certificate's common name comes as the source identity", []string{"Action"}, "allow all three actions",
			`"Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]`},
		{"for somebody else", replace("rolesanywhere.amazonaws.com", "lambda.amazonaws.com"), true, "no statement is for rolesanywhere.amazonaws.com", []string{"Principal"}, "add a statement for Roles Anywhere", "*"},
		{"a profile that maps too little", func(_ *testing.T, l *lab) {
			l.place.profiles[0].Mappings = profiles.Mappings{"x509Subject": {"CN"}, "x509SAN": {"URI"}}
		}, false, "comes nearest",
			[]string{"aws:PrincipalTag/x509Subject/OU"}, `the profile does not map OU of x509Subject as anchorctl.yaml wants: run "anchorctl plan"`, ""},
		{"a stranger's profile that maps too little", func(_ *testing.T, l *lab) {
			l.place.profiles[0].Mappings = profiles.Mappings{"x509Subject": {"CN", "OU"}}
		}, true, "comes nearest",
			[]string{"aws:PrincipalTag/x509SAN/URI"}, `aws rolesanywhere put-attribute-mapping --profile-id 00000000-0000-4000-8000-000000000003 --certificate-field x509SAN --mapping-rules specifier=URI --region eu-central-1`, ""},
		{"a tag that the certificate cannot give", replace("x509Subject/OU", "x509Subject/L"), true, "comes nearest", []string{"aws:PrincipalTag/x509Subject/L"}, "use a certificate that has x509Subject/L", ""},
		{"a deny that is meant for others", func(_ *testing.T, l *lab) {
			trust(l, func(text string) string {
				return strings.Replace(text, `"Statement": [`, `"Statement": [{"Sid": "Off", "Effect": "Deny", "Principal": "*", "Action": "sts:*", "Condition": {"StringLike": {"sts:SourceIdentity": "CN=b*"}}},`, 1)
			})
		}, false, "statement Off denies sts:AssumeRole, sts:TagSession, sts:SetSourceIdentity: a Deny wins over every Allow", nil,
			`change the conditions of statement Off, which all hold: StringLike sts:SourceIdentity (wants "CN=b*", found "CN=backup")`, ""},
		{"what nobody can read", func(_ *testing.T, l *lab) { trust(l, func(string) string { return "{" }) }, true, "", nil, "write a trust policy that IAM can read", "*"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLab(t)
			c.change(t, l)
			r := l.explain(t, backup())
			if c.alone {
				r = l.alone(t, prodAnchor, prodARN, backupRole)
			}
			s := r.Sessions[0]
			if s.Fails != "trust policy" || s.Message != "Unable to assume role for "+backupRole {
				t.Fatalf("fails at %q: %+v", s.Fails, s.Gates)
			}
			if c.says != "" {
				checkTrust(t, s, c.says, c.failed)
			}
			remedies := failed(s)[0].Remedies
			if len(remedies) == 0 || !strings.Contains(remedies[0].Do, c.first) {
				t.Fatalf("got %+v", remedies)
			}
			if text := remedies[0].Text; text != c.text && (c.text != "*" || !strings.Contains(text, prodAnchor)) {
				t.Errorf("to write: %s", text)
			}
		})
	}
}

func checkTrust(t *testing.T, s Session, says string, want []string) {
	t.Helper()
	if len(s.Trust) == 0 || !strings.Contains(s.Trust[0].Says, says) {
		t.Fatalf("says %+v", s.Trust)
	}
	var got []string
	for _, check := range s.Trust[0].failed() {
		if check.Element == "Condition" {
			got = append(got, check.Key)
			continue
		}
		got = append(got, check.Element)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// The role is listed for backup alone, and reports asks.
func TestAWorkloadThatTheRoleIsNotFor(t *testing.T) {
	l := newLab(t)
	leaf := l.made.Leaf(t, "prod", "reports")
	l.c.Leaf, l.c.Key = leaf.Certificate, leaf.Key.Public()
	s := l.explain(t, backup()).Sessions[0]
	remedies := failed(s)[0].Remedies
	if s.Fails != "trust policy" || !strings.Contains(remedies[0].Do, "if reports may have the role, add it to anchorctl.yaml at environments.prod.profiles.backup.roles.prod-backup.workloads") ||
		remedies[0].Text != "prod-backup: {workloads: [backup, reports]}" {
		t.Errorf("%s: %+v", s.Fails, remedies)
	}
}

// A workload that left anchorctl.yaml still has a certificate.
func TestAWorkloadThatNobodyConfigures(t *testing.T) {
	l := newLab(t)
	leaf := l.made.Leaf(t, "prod", "former")
	l.c.Leaf, l.c.Key = leaf.Certificate, leaf.Key.Public()
	s := l.explain(t, backup()).Sessions[0]
	if remedies := failed(s)[0].Remedies; s.Fails != "trust policy" || !strings.Contains(remedies[0].Do, "add the workload to environments.prod.workloads") {
		t.Errorf("%s: %+v", s.Fails, remedies)
	}
}

// What is shown to be written has to pass the house's own rules.
func TestTheStatementThatIsShownIsRefusedByNoRule(t *testing.T) {
	for name, leaf := range map[string][]pkitest.Option{
		"a workload's certificate":    nil,
		"a certificate without a URI": {pkitest.With(func(c *x509.Certificate) { c.URIs = nil })},
	} {
		l := newLab(t, leaf...)
		l.place.roles["prod-backup"] = roles.Live{ARN: backupRole, Exists: true, Trust: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`}
		gate := failed(l.alone(t, prodAnchor, prodARN, backupRole).Sessions[0])[0]
		if gate.Name != "trust policy" || gate.Remedies[0].Text == "" {
			t.Fatalf("%s: %+v", name, gate)
		}
		document := []byte(gate.Remedies[0].Text)
		for _, f := range grants.JudgeTrust(grants.TrustCase{At: "x", Document: document, Account: account, Anchors: []string{prodAnchor}}) {
			t.Errorf("%s: %s in\n%s", name, f, document)
		}
		live := l.place.roles["prod-backup"]
		live.Trust = string(document)
		l.place.roles["prod-backup"] = live
		if r := l.alone(t, prodAnchor, prodARN, backupRole); !r.Granted {
			t.Errorf("%s: it lets nobody in: %+v", name, failed(r.Sessions[0]))
		}
		if last := gate.Remedies[len(gate.Remedies)-1].Do; !strings.Contains(last, `"anchorctl check policy FILE --anchor `+prodAnchor+` --account 111122223333"`) {
			t.Errorf("%s: the last remedy is %q", name, last)
		}
	}
}

// A place of the estate has to be reachable; what lies elsewhere is not checked.
func TestAPlaceOfTheEstateThatCannotBeOpenedIsAnError(t *testing.T) {
	l := newLab(t)
	l.place.fail["open"] = errors.New("no credentials")
	x := Explainer{Estate: l.k, Open: l.place.open, Must: true, Now: pkitest.Now()}
	cases, err := l.k.Cases(l.c, backup())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x.Explain(t.Context(), cases); err == nil || !strings.Contains(strings.Join(hint.Of(err), " "), "--offline") {
		t.Errorf("got %v", err)
	}
	elsewhere, err := l.c.ARNs(strings.ReplaceAll(prodAnchor, account, "444455556666"), strings.ReplaceAll(prodARN, account, "444455556666"), strings.ReplaceAll(backupRole, account, "444455556666"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := x.Explain(t.Context(), []Case{elsewhere})
	if err != nil || r.Sessions[0].Verdict != Open || !strings.Contains(strings.Join(r.Sessions[0].Notes, " "), "AWS was not reached: no credentials") {
		t.Errorf("got %+v, %v", r, err)
	}
}

// With roles: verify, somebody else installs the document.
func TestAVerifiedRoleIsShownTheDocumentToInstall(t *testing.T) {
	l := newLab(t)
	l.k.Config.Roles = "verify"
	l.place.roles["prod-backup"] = roles.Live{ARN: backupRole, Exists: true, MaxSessionSeconds: 3600,
		Trust: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`}
	remedies := failed(l.explain(t, backup()).Sessions[0])[0].Remedies
	if !strings.Contains(remedies[0].Do, "have this one installed") || !strings.Contains(remedies[0].Text, `"aws:SourceArn": "`+prodAnchor+`"`) {
		t.Errorf("got %+v", remedies)
	}
}

func TestEveryTargetAndProfileThatFitsIsExplained(t *testing.T) {
	l := newLab(t)
	r := l.explain(t, Choice{Environment: "prod", Role: "nobodys"})
	var got []string
	for _, s := range r.Sessions {
		got = append(got, s.Profile+" "+s.Fails)
	}
	if diff := cmp.Diff([]string{"backup role in profile", "tools role in profile"}, got); diff != "" || r.Granted {
		t.Errorf("granted %v\n%s", r.Granted, diff)
	}
	for _, c := range []struct {
		choice Choice
		want   string
	}{
		{Choice{Environment: "test", Role: "x"}, `there is no environment "test"`},
		{Choice{Environment: "prod", Role: "x", Profile: "y"}, `has no profile "y"`},
		{Choice{Environment: "prod", Role: "x", Target: "1/2"}, `has no target "1/2"`},
	} {
		if _, err := l.k.Cases(l.c, c.choice); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: got %v", c.choice, err)
		}
	}
}

func TestWhatCannotBeReadIsNotChecked(t *testing.T) {
	refused := errors.New("AccessDenied")
	for _, c := range []struct {
		name   string
		change func(l *lab)
		open   []string
	}{
		{"the anchors", func(l *lab) { l.place.fail["anchors"] = refused }, []string{"trust anchor", "certificate path", "revocation", "trust anchor enabled", "trust policy"}},
		{"the profiles", func(l *lab) { l.place.fail["profiles"] = refused },
			[]string{"profile", "profile enabled", "role in profile", "session name", "duration", "attribute mapping", "trust policy", "session policies"}},
		{"the lists", func(l *lab) { l.place.fail["crls"] = refused }, []string{"revocation"}},
		{"a list that is no list", func(l *lab) { l.place.crls = []estate.CRL{{AnchorARN: prodAnchor, Enabled: true, Data: []byte("x")}} }, []string{"revocation"}},
		{"the role", func(l *lab) { l.place.fail["roles"] = refused; delete(l.place.roles, "prod-backup") }, []string{"role", "duration", "trust policy"}},
		{"an anchor of AWS Private CA", func(l *lab) {
			l.place.anchors[0] = anchors.Live{ARN: prodAnchor, Enabled: true, SourceType: "AWS_ACM_PCA"}
		}, []string{"certificate path", "revocation"}},
		{"nothing at all", func(l *lab) { l.place.fail["open"] = refused },
			[]string{"trust anchor", "certificate path", "revocation", "trust anchor enabled", "profile", "profile enabled", "role in profile", "session name",
				"role", "duration", "attribute mapping", "trust policy", "session policies"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLab(t)
			c.change(l)
			r := l.alone(t, prodAnchor, prodARN, backupRole)
			if diff := cmp.Diff(c.open, r.Sessions[0].NotChecked); diff != "" || r.Granted || r.Sessions[0].Verdict != Open {
				t.Errorf("%v %s\n%s", r.Granted, r.Sessions[0].Verdict, diff)
			}
		})
	}
}

func TestOfflineJudgesByConfigurationAndRecord(t *testing.T) {
	l := newLab(t)
	offline := func(choice Choice) Session {
		cases, err := l.k.Cases(l.c, choice)
		if err != nil {
			t.Fatal(err)
		}
		r, err := Explainer{Estate: l.k}.Explain(t.Context(), cases)
		if err != nil || len(r.Notes) != 1 {
			t.Fatalf("%v, %v", r.Notes, err)
		}
		return r.Sessions[0]
	}
	s := offline(backup())
	if diff := cmp.Diff([]string{"revocation", "trust anchor enabled", "profile enabled", "role", "duration"}, s.NotChecked); diff != "" || s.Verdict != Open {
		t.Errorf("%s\n%s", s.Verdict, diff)
	}
	leaf := l.made.Leaf(t, "prod", "reports")
	l.c.Leaf, l.c.Key = leaf.Certificate, leaf.Key.Public()
	if s := offline(backup()); s.Fails != "trust policy" || s.Verdict != Denied {
		t.Errorf("reports asks: %s %s", s.Verdict, s.Fails)
	}
	if s := offline(Choice{Environment: "dev", Role: "dev-backup"}); s.Fails != "certificate path" {
		t.Errorf("prod's certificate at dev's anchor: %s", s.Fails)
	}
}

// A session that would be given is a leak when the configuration does not give
// it, and said to be one.
func TestAGrantedSessionThatNobodyMeantIsALeak(t *testing.T) {
	const open = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"rolesanywhere.amazonaws.com"},"Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"]}]}`
	for name, c := range map[string]struct{ anchor, env, workload, leak string }{
		"its own workload":              {prodAnchor, "prod", "backup", ""},
		"another workload":              {prodAnchor, "prod", "reports", "gives role/111122223333/prod-backup to backup of prod alone"},
		"another environment":           {devAnchor, "dev", "backup", "gives role/111122223333/prod-backup to backup of prod alone"},
		"a name that is not configured": {prodAnchor, "prod", "else", "gives role/111122223333/prod-backup to backup of prod alone"},
	} {
		l := newLab(t)
		live := l.place.roles["prod-backup"]
		live.Trust = open
		l.place.roles["prod-backup"] = live
		leaf := l.made.Leaf(t, c.env, c.workload)
		l.c.Leaf, l.c.Key = leaf.Certificate, leaf.Key.Public()
		asked, err := l.c.ARNs(c.anchor, prodARN, backupRole)
		if err != nil {
			t.Fatal(err)
		}
		r, err := Explainer{Estate: l.k, Open: l.place.open, Must: true, Now: pkitest.Now()}.Explain(t.Context(), []Case{asked})
		if err != nil {
			t.Fatal(err)
		}
		said := strings.Join(r.Sessions[0].Notes, "\n")
		if !r.Granted || (c.leak == "") != (said == "") || !strings.Contains(said, c.leak) {
			t.Errorf("%s: granted %v, notes %q", name, r.Granted, said)
		}
	}
}

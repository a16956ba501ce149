package sandbox_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"anchorctl/internal/durable"
	"anchorctl/internal/sandbox"
)

// tool finds a program that the test cannot do without.
func tool(t *testing.T, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("CI") != "" || os.Getenv("ANCHORCTL_TEST_REQUIRE_TOOLS") != "" {
		t.Fatalf("%s is not installed", names[0])
	}
	t.Skipf("%s is not installed", names[0])
	return ""
}

// run runs a program as a child of the sandbox and returns its output.
func (b *bench) run(env []string, name string, args ...string) (string, error) {
	b.t.Helper()
	cmd := exec.CommandContext(b.t.Context(), name, args...)
	cmd.Env = env
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	return out.String() + errs.String(), err
}

func (b *bench) env() []string {
	b.t.Helper()
	config, creds, err := sandbox.WriteProfiles(durable.Files{}, b.t.TempDir(), b.Keys())
	if err != nil {
		b.t.Fatal(err)
	}
	return sandbox.ExecEnv(os.Environ(), sandbox.Child{URL: b.URL, Key: b.Keys()[0], Region: region, ConfigFile: config, CredentialsFile: creds})
}

// TestTheAWSCommandLineInterface runs every AWS CLI of the machine: Debian's,
// the oldest that knows the service, and the one in the path, if it is another.
func TestTheAWSCommandLineInterface(t *testing.T) {
	found := []string{tool(t, "/usr/bin/aws", "aws")}
	if other, err := exec.LookPath("aws"); err == nil && other != found[0] {
		found = append(found, other)
	}
	for _, aws := range found {
		t.Run(aws, func(t *testing.T) {
			commandLineInterface(t, aws)
			subjectsOfTheCommandLine(t, aws)
		})
	}
}

// commandLine runs the AWS CLI and reads what it prints.
func (b *bench) commandLine(env []string, aws string, out any, args ...string) {
	b.t.Helper()
	text, err := b.run(env, aws, append(args, "--endpoint-url", b.URL, "--output", "json")...)
	if err != nil {
		b.t.Fatalf("aws %s: %v\n%s", strings.Join(args, " "), err, text)
	}
	if err := json.Unmarshal([]byte(text), out); err != nil {
		b.t.Fatalf("aws %s printed %s", strings.Join(args, " "), text)
	}
}

// subjectsOfTheCommandLine asks who had a session.
func subjectsOfTheCommandLine(t *testing.T, aws string) {
	t.Helper()
	e := newEstate(t)
	q := e.question()
	if status, got := e.ask(q); status != http.StatusCreated {
		t.Fatal(got.Message)
	}
	var list struct {
		Subjects []struct {
			SubjectID  string    `json:"subjectId"`
			Name       string    `json:"x509Subject"`
			LastSeenAt time.Time `json:"lastSeenAt"`
		} `json:"subjects"`
	}
	env := append(e.env(), "AWS_PAGER=")
	e.commandLine(env, aws, &list, "rolesanywhere", "list-subjects")
	if len(list.Subjects) != 1 || list.Subjects[0].Name != "CN=backup,OU=prod" || !list.Subjects[0].LastSeenAt.Equal(e.clock.tell()) {
		t.Fatalf("listed %+v", list)
	}
	var one struct {
		Subject struct {
			Credentials []map[string]any `json:"credentials"`
		} `json:"subject"`
	}
	e.commandLine(env, aws, &one, "rolesanywhere", "get-subject", "--subject-id", list.Subjects[0].SubjectID)
	c := one.Subject.Credentials
	if len(c) != 1 || c[0]["x509CertificateData"] != pemOf(q.leaf) || c[0]["serialNumber"] != q.leaf.SerialNumber.String() ||
		c[0]["enabled"] != true || c[0]["failed"] != false {
		t.Errorf("read %+v", one)
	}
}

func commandLineInterface(t *testing.T, aws string) {
	t.Helper()
	b := start(t)
	env := append(b.env(), "AWS_PAGER=")
	cli := func(args ...string) map[string]any {
		t.Helper()
		out := map[string]any{}
		b.commandLine(env, aws, &out, args...)
		return out
	}
	member := func(from map[string]any, path ...string) any {
		var v any = from
		for _, name := range path {
			m, ok := v.(map[string]any)
			if !ok {
				t.Fatalf("%v has no %v", from, path)
			}
			v = m[name]
		}
		return v
	}
	issuer := newRoot(t, "root", b.clock.tell()).child(t, "prod issuer 1", b.clock.tell())
	source := filepath.Join(t.TempDir(), "source.json")
	data := must(json.Marshal(map[string]any{"sourceType": "CERTIFICATE_BUNDLE", "sourceData": map[string]string{"x509CertificateData": pemOf(issuer.cert)}}))
	if err := os.WriteFile(source, data, 0o600); err != nil {
		t.Fatal(err)
	}

	anchor := cli("rolesanywhere", "create-trust-anchor", "--name", "prod", "--enabled", "--source", "file://"+source, "--tags", "key=env,value=prod")
	id, ok := member(anchor, "trustAnchor", "trustAnchorId").(string)
	if !ok || member(anchor, "trustAnchor", "enabled") != true {
		t.Fatalf("created %v", anchor)
	}
	got := cli("rolesanywhere", "get-trust-anchor", "--trust-anchor-id", id)
	if member(got, "trustAnchor", "source", "sourceData", "x509CertificateData") != pemOf(issuer.cert) {
		t.Errorf("read %v", got)
	}
	if all, ok := member(cli("rolesanywhere", "list-trust-anchors"), "trustAnchors").([]any); !ok || len(all) != 1 {
		t.Errorf("listed %v", all)
	}
	profile := cli("rolesanywhere", "create-profile", "--name", "backup", "--role-arns", backupRole, "--duration-seconds", "900", "--no-enabled")
	id, ok = member(profile, "profile", "profileId").(string)
	if !ok || member(profile, "profile", "enabled") != false {
		t.Fatalf("created %v", profile)
	}
	if got := cli("rolesanywhere", "get-profile", "--profile-id", id); member(got, "profile", "durationSeconds") != 900.0 {
		t.Errorf("read %v", got)
	}
	if all, ok := member(cli("rolesanywhere", "list-profiles", "--page-size", "1"), "profiles").([]any); !ok || len(all) != 1 {
		t.Errorf("listed %v", all)
	}
	if who := cli("sts", "get-caller-identity"); who["Account"] != prod {
		t.Errorf("get-caller-identity says %v", who)
	}
	if who := cli("sts", "get-caller-identity", "--profile", dev); who["Account"] != dev {
		t.Errorf("get-caller-identity with another profile says %v", who)
	}
	if role := cli("iam", "get-role", "--role-name", "prod-reports"); member(role, "Role", "Path") != "/team/" {
		t.Errorf("get-role says %v", role)
	}
	if found, ok := member(cli("resourcegroupstaggingapi", "get-resources"), "ResourceTagMappingList").([]any); !ok || len(found) != 1 {
		t.Errorf("get-resources says %v", found)
	}
	for name, args := range map[string][]string{
		"Value 'no/slash' at 'name' failed to satisfy constraint": {"rolesanywhere", "create-profile", "--name", "no/slash", "--role-arns", backupRole},
		"ResourceNotFoundException":                               {"rolesanywhere", "get-profile", "--profile-id", "00000000-0000-4000-8000-000000000000"},
		"NoSuchEntity":                                            {"iam", "get-role", "--role-name", "none"},
		"does not emulate the service":                            {"dynamodb", "list-tables"},
	} {
		text, err := b.run(append(env, "AWS_MAX_ATTEMPTS=1"), aws, append(args, "--endpoint-url", b.URL)...)
		if err == nil || !strings.Contains(text, name) {
			t.Errorf("aws %s said %s", strings.Join(args, " "), text)
		}
	}
}

// TestAWSSigningHelper runs AWS's own client of CreateSession when the
// environment names it: nobody needs it to build or test this program.
func TestAWSSigningHelper(t *testing.T) {
	helper := os.Getenv("ANCHORCTL_TEST_SIGNING_HELPER")
	if helper == "" {
		t.Log("ANCHORCTL_TEST_SIGNING_HELPER names no aws_signing_helper")
		return
	}
	e := newEstate(t)
	cert, key := e.files(e.question())
	ask := func(role string) (string, error) {
		return e.run(e.env(), helper, "credential-process", "--endpoint", e.URL, "--region", region, "--certificate", cert, "--private-key", key,
			"--trust-anchor-arn", e.anchor, "--profile-arn", e.profile, "--role-arn", role)
	}
	text, err := ask(backupRole)
	var out struct {
		Version      int
		AccessKeyID  string `json:"AccessKeyId"`
		SessionToken string
	}
	if err != nil || json.Unmarshal([]byte(text), &out) != nil || out.Version != 1 || !strings.HasPrefix(out.AccessKeyID, "ASIA") || out.SessionToken == "" {
		t.Errorf("the helper said %s (%v)", text, err)
	}
	text, err = ask("arn:aws:iam::111122223333:role/plain")
	if err == nil || !strings.Contains(text, "Requested Role isn't one of those listed in the Profile.") {
		t.Errorf("for a role that is not listed the helper said %s", text)
	}
}

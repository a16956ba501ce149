package rules_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"anchorctl/internal/rules"
)

// fixture is where a rule is met and where it is not, by the words with which
// the cases begin in a file of tests. What is not met lies beside what is: close
// enough to be taken for it.
type fixture struct {
	rule, file, met, unmet string
}

func fixtures() []fixture {
	const (
		anchors     = "../admission/cases_test.go"
		workloads   = "../admission/workload_test.go"
		requests    = "../admission/request_test.go"
		lists       = "../admission/crl_test.go"
		config      = "../scrutiny/configuration_test.go"
		trust       = "../grants/testdata/trust/manifest.txt"
		permissions = "../grants/testdata/permissions/manifest.txt"
		role        = "../grants/role_test.go"
		account     = "../survey/survey_test.go"
		rotations   = "../../cmd/anchorctl/testdata/script/rotate.txtar"
		refusals    = "../../cmd/anchorctl/testdata/script/rotate_refused.txtar"
	)
	return []fixture{
		{"ANC001", anchors, `{"the estate's own root"`, `{"the issuer of an environment, below the root"`},
		{"ANC002", anchors, `{"a public CA's root"`, `{"the issuer of an environment, below the root"`},
		{"ANC003", anchors, `{"a workload's certificate"`, `{"an issuer whose basicConstraints is not critical"`},
		{"ANC004", anchors, `{"no key usage"`, `{"an issuer that cannot sign revocation lists"`},
		{"ANC005", anchors, `{"a serial number of 21 octets"`, `{"a serial number of exactly 20 octets"`},
		{"ANC006", anchors, `{"an issuer of somebody else's root"`, `{"an issuer of a former root that has a successor"`},
		{"ANC007", anchors, `{"an issuer that outlives its root"`, `{"the issuer of an environment, below the root"`},
		{"ANC008", anchors, `{"a third certificate for an anchor"`, `{"the second certificate of an anchor"`},
		{"ANC009", anchors, `{"an anchor by AWS Private CA"`, `{"the second certificate of an anchor"`},
		{"ANC010", anchors, `{"a root with path length 0"`, `{"an issuer below an intermediate that is given"`},
		{"ANC011", anchors, `{"the issuer of another environment"`, `{"an issuer beside those of other environments"`},
		{"ANC012", anchors, `{"an issuer in its last weeks"`, `{"the issuer of an environment, below the root"`},
		{"ANC013", "../admission/corpus/manifest.json", `"several/two.pem"`, `"container/crlf.pem"`},
		{"ANC101", anchors, `{"the estate's own root"`, `{"the issuer of an environment, below the root"`},
		{"ANC201", workloads, `{"longer than the limit"`, `{"a workload's certificate"`},
		{"ANC202", workloads, `{"two OUs"`, `{"an instance's certificate with the workload's DNS name"`},
		{"ANC203", config, `{"a role that nobody may take"`, `{"nothing to find"`},
		{"ANC204", workloads, `{"another key usage"`, `{"a workload's certificate"`},
		{"ANC205", config, `{"a renewal that can come too late"`, `{"a renewal that has room for two runs"`},
		{"ANC206", requests, `{"RSA 1024"`, `{"RSA 2048"`},
		{"ANC301", config, `{"a role of another environment"`, `{"the same role name in two accounts is two roles"`},
		{"ANC302", config, `{"one role too many"`, `{"as many roles as allowed"`},
		{"ANC303", config, `{"a managed session policy that narrows nothing"`, `{"ten managed policies"`},
		{"ANC304", trust, "warned_account_contradicts.json", "fine_two_regions.json"},
		{"ANC305", trust, "warned_organization_alone.json", "fine_source_identity.json"},
		{"ANC306", trust, "warned_not_from_address.json", "fine_deny_hardening.json"},
		{"ANC307", "../grants/trust_test.go", `{"a mapping that drops the URI"`, `{"a mapping that has the name"`},
		{"ANC308", trust, "held_ec2_in_list.json", "fine_deny_hardening.json"},
		{"ANC309", role, `{"sessions a second longer"`, `{"sessions as long as the role allows"`},
		{"ANC310", config, `{"a role for too many workloads"`, `{"nothing to find"`},
		{"ANC311", config, `{"a session policy of one more"`, `{"a session policy of exactly 2,048 characters"`},
		{"ANC312", trust, "unreadable_effect_in_lower_case.json", "fine_no_version.json"},
		{"ANC313", permissions, "held_administrator.json", "fine_s3_writer.json"},
		{"ANC314", permissions, "held_power_user.json", "fine_s3_writer.json"},
		{"ANC315", permissions, "held_power_user.json", "fine_s3_writer.json"},
		{"ANC316", permissions, "held_administrator.json", "fine_s3_writer.json"},
		{"ANC317", permissions, "warned_list_on_objects.json", "fine_s3_separate.json"},
		{"ANC318", role, `{"sensitive, in company"`, `{"sensitive, alone, short, of one workload"`},
		{"ANC319", role, `{"with an attached policy"`, `{"without any policy"`},
		{"ANC401", "../estate/resume_test.go", `refused(t, err, "ANC401")`, "func TestASavedPlanResumes"},
		{"ANC402", "../estate/resume_test.go", `refused(t, err, "ANC402")`, "func TestASavedPlanResumes"},
		{"ANC403", "../estate/isolation_test.go", `{"a profile that got another role"`, "func TestALoosenedStatementOfAManagedRoleIsPutRight"},
		{"ANC501", rotations, "exec exits 4 anchorctl rotate start prod", "exec anchorctl rotate start prod --watch"},
		{"ANC502", "../estate/lastissuer_test.go", `{"going back after a cut-over behind the back"`, `{"going back while the old issuer signs"`},
		{"ANC503", rotations, ": 2 certificates of issuer/prod#1 are still valid", "cmpnorm stdout retired.txt"},
		{"ANC504", rotations, "111122223333/eu-west-1: 1 session since", "cmpnorm stdout cutover.txt"},
		{"ANC505", refusals, "prod/app has a live certificate of issuer/prod#1 and none of issuer/prod#3", "^~ replace  anchor/prod@111122223333/eu-central-1$"},
		{"ANC601", account, `{"with a foreign anchor that is disabled"`, `{"with nothing but the estate"`},
		{"ANC602", account, `{"200 profiles of 250"`, `{"199 profiles of 250"`},
		{"ANC603", account, "hold ANC603 role/111122223333/loose", `{"with nothing but the estate"`},
		{"ANC604", account, "hold ANC604", `{"with nothing but the estate"`},
		{"ANC605", account, "hold ANC605", `{"with nothing but the estate"`},
		{"ANC606", account, `{"with our anchor disabled"`, `{"with nothing but the estate"`},
		{"ANC607", account, "warn ANC607", `{"with nothing but the estate"`},
		{"ANC701", lists, `"one that has less than half of it"`, `"one that has just half of its time"`},
		{"ANC702", lists, `"one that four fifths of the bytes fill"`, `"one of many entries"`},
		{"ANC703", lists, `"one of another environment's issuer"`, `"one that has just half of its time"`},
		{"ANC704", lists, `"one newer than the newest on record"`, `"one that has just half of its time"`},
		{"ANC705", lists, `"one that somebody disabled"`, `"one that is half an interval late"`},
	}
}

// Each rule has a case that meets it and one that does not.
func TestEveryRuleHasFixturesForBothVerdicts(t *testing.T) {
	listed := map[string]bool{}
	for _, f := range fixtures() {
		listed[f.rule] = true
		text, err := os.ReadFile(filepath.FromSlash(f.file))
		if err != nil {
			t.Fatal(err)
		}
		for verdict, words := range map[string]string{"meets": f.met, "does not meet": f.unmet} {
			if !strings.Contains(string(text), words) {
				t.Errorf("%s: no case of %s that %s it begins with %q", f.rule, f.file, verdict, words)
			}
		}
		if !strings.Contains(string(text), f.rule) {
			t.Errorf("%s: %s does not speak of it", f.rule, f.file)
		}
	}
	for _, r := range rules.All() {
		if !listed[r.ID] {
			t.Errorf("%s has no fixtures", r.ID)
		}
	}
}

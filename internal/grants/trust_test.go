package grants_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"anchorctl/internal/grants"
	"anchorctl/internal/iampolicy"
	"anchorctl/internal/rules"
)

// pinnedBy is a trust policy with one statement for Roles Anywhere.
func pinnedBy(conditions string) string {
	return `{"Version":"2012-10-17","Statement":[{"Sid":"Backup","Effect":"Allow","Principal":{"Service":"rolesanywhere.amazonaws.com"},
"Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"],
"Condition":{` + conditions + `}}]}`
}

const (
	byAnchor = `"ArnEquals":{"aws:SourceArn":"` + anchorHere + `"}`
	byName   = `"StringEquals":{"aws:PrincipalTag/x509Subject/CN":"backup"}`
	byURI    = `"StringEquals":{"aws:PrincipalTag/x509SAN/URI":"` + backupURI + `"}`
)

// What the corpus cannot say, because it knows nothing of the role.
func TestJudgeTrustKnowsTheRole(t *testing.T) {
	const region2 = "arn:aws:rolesanywhere:us-east-1:111122223333:trust-anchor/66666666-7777-8888-9999-000000000000"
	const theirs = "arn:aws:rolesanywhere:eu-central-1:444455556666:trust-anchor/11111111-2222-3333-4444-555555555555"
	denied := strings.TrimSuffix(pinnedBy(byAnchor+","+byURI), "]}") + `,{"Effect":"Deny","Principal":"*","Action":"sts:*","Condition":{"%s":{"aws:PrincipalTag/x509Subject/L":"Bonn"}}}]}`
	onlyCN := map[string]map[string][]string{"backup": {iampolicy.FieldSubject: {"CN"}}}
	byDefault := map[string]map[string][]string{"backup": nil}
	for _, c := range []struct {
		name string
		grants.TrustCase
		document string
		verdict  string
		rules    []string
		says     string
	}{
		{"one of the environment's anchors", grants.TrustCase{Anchors: []string{region2, anchorHere}, Account: trustAccount}, pinnedBy(byAnchor + "," + byURI), "fine", nil, ""},
		{"an anchor that is not the environment's", grants.TrustCase{Anchors: []string{region2}}, pinnedBy(byAnchor + "," + byURI), "refused", []string{"ANC304"}, "is not an anchor that may let sessions in here"},
		{"no anchor may stand there", grants.TrustCase{Anchors: []string{}}, pinnedBy(byAnchor + "," + byURI), "refused", []string{"ANC304"}, "is not an anchor that may"},
		{"one anchor of two is not the environment's", grants.TrustCase{Anchors: []string{region2}}, pinnedBy(`"ArnEquals":{"aws:SourceArn":["` + region2 + `","` + anchorHere + `"]},` + byURI), "refused", []string{"ANC304"}, "is not an anchor that may"},
		{"an anchor of another account", grants.TrustCase{Account: trustAccount}, pinnedBy(`"ArnEquals":{"aws:SourceArn":"` + theirs + `"},` + byURI), "refused", []string{"ANC304"}, "is of account 444455556666, the role of 111122223333"},
		{"an anchor of the account", grants.TrustCase{Account: trustAccount}, pinnedBy(byAnchor + "," + byURI), "fine", nil, ""},
		{"the remedy names the anchors", grants.TrustCase{Anchors: []string{anchorHere, region2}}, pinnedBy(byURI), "refused", []string{"ANC304"}, `"ArnEquals": {"aws:SourceArn": ["` + anchorHere + `", "` + region2 + `"]}`},
		{"the remedy names the account", grants.TrustCase{Account: trustAccount}, pinnedBy(byURI), "refused", []string{"ANC304"}, `arn:aws:rolesanywhere:REGION:111122223333:trust-anchor/ID`},

		{"one of the role's workloads", grants.TrustCase{Workloads: []string{"spiffe://prod.example.internal/restore", backupURI}}, pinnedBy(byAnchor + "," + byURI), "fine", nil, ""},
		{"a workload that may not take the role", grants.TrustCase{Workloads: []string{"spiffe://prod.example.internal/restore"}}, pinnedBy(byAnchor + "," + byURI), "warned", []string{"ANC305"}, "is not among the workloads"},
		{"the remedy names the workloads", grants.TrustCase{Workloads: []string{backupURI}}, pinnedBy(byAnchor), "refused", []string{"ANC305"}, `"StringEquals": {"aws:PrincipalTag/x509SAN/URI": "` + backupURI + `"}`},

		{"default mappings", grants.TrustCase{Mappings: byDefault}, pinnedBy(byAnchor + "," + byURI), "fine", nil, ""},
		{"a mapping that drops the URI", grants.TrustCase{Mappings: onlyCN}, pinnedBy(byAnchor + "," + byURI), "refused", []string{"ANC307"}, "profile backup does not map x509SAN/URI, which StringEquals aws:PrincipalTag/x509SAN/URI"},
		{"a mapping that has the name", grants.TrustCase{Mappings: onlyCN}, pinnedBy(byAnchor + "," + byName), "fine", nil, ""},
		{"a key in other letters is mapped, too", grants.TrustCase{Mappings: onlyCN}, pinnedBy(byAnchor + `,"StringEquals":{"AWS:principaltag/X509subject/cn":"backup"}`), "fine", nil, ""},
		{"no mappings at all", grants.TrustCase{Mappings: map[string]map[string][]string{"backup": {}}}, pinnedBy(byAnchor + "," + byName), "refused", []string{"ANC307"}, "nobody is let in"},
		{"one profile of two drops it", grants.TrustCase{Mappings: map[string]map[string][]string{"a": nil, "b": {iampolicy.FieldSAN: {"DNS"}}}}, pinnedBy(byAnchor + "," + byURI), "refused", []string{"ANC307"}, "profile b does not map"},
		{"the source identity needs no mapping", grants.TrustCase{Mappings: map[string]map[string][]string{"backup": {}}}, pinnedBy(byAnchor + `,"StringEquals":{"sts:SourceIdentity":"CN=backup"}`), "fine", nil, ""},
		{"a denial that holds back nobody", grants.TrustCase{Mappings: map[string]map[string][]string{"backup": {iampolicy.FieldSAN: {"URI"}}}}, fmt.Sprintf(denied, "StringEquals"), "refused", []string{"ANC307"}, "nobody is denied"},
		{"a denial that holds back everybody", grants.TrustCase{Mappings: map[string]map[string][]string{"backup": {iampolicy.FieldSAN: {"URI"}}}}, fmt.Sprintf(denied, "StringNotEquals"), "refused", []string{"ANC307"}, "everybody is denied"},
		{"a denial that is mapped", grants.TrustCase{Mappings: byDefault}, fmt.Sprintf(denied, "StringNotEquals"), "fine", nil, ""},
		{"a negation that everybody meets", grants.TrustCase{Mappings: onlyCN}, pinnedBy(byAnchor + "," + byName + `,"StringNotEquals":{"aws:PrincipalTag/x509Subject/OU":"guests"}`), "refused", []string{"ANC306", "ANC307"}, "it is met by everybody"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.At, c.Document = "role/111122223333/prod-backup", []byte(c.document)
			findings := grants.JudgeTrust(c.TrustCase)
			if got := verdictOf(findings); got != c.verdict || !slices.Equal(rulesOf(findings), c.rules) {
				t.Errorf("%s by %v, want %s by %v", got, rulesOf(findings), c.verdict, c.rules)
			}
			if text := remedies(findings); !strings.Contains(text, c.says) {
				t.Errorf("%q is not in %s", c.says, text)
			}
		})
	}
}

func TestTrustFindingsSayWhere(t *testing.T) {
	document := pinnedBy(`"StringEquals":{"aws:SourceAccount":"111122223333"},
"StringLike":{"aws:PrincipalTag/x509Subject/CN":"*",
  "aws:SourceArn":"arn:aws:rolesanywhere:*"}`)
	findings := grants.JudgeTrust(grants.TrustCase{At: "trust.json", Document: []byte(document)})
	var got []string
	for _, f := range findings {
		got = append(got, f.String())
	}
	want := []string{
		`trust.json: statement Backup (line 1, column 38): StringLike aws:SourceArn (line 5, column 3): "arn:aws:rolesanywhere:*" has a wildcard, which stands for others too [ANC304]`,
		`trust.json: statement Backup (line 1, column 38): StringLike aws:PrincipalTag/x509Subject/CN (line 4, column 15): "*" has a wildcard, which stands for others too [ANC305]`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// One statement, one finding of a rule; findings come in the order of the text.
func TestTrustFindingsAreMergedByStatement(t *testing.T) {
	document := strings.TrimSuffix(pinnedBy(byAnchor), "]}") + `,{"Effect":"Allow","Principal":{"Service":["ec2.amazonaws.com","lambda.amazonaws.com"]},"Action":"sts:AssumeRole"},
{"Effect":"Allow","Principal":{"Service":"rolesanywhere.amazonaws.com"},"Action":"sts:*","Condition":{` + byAnchor + `,
"StringNotEquals":{"aws:PrincipalTag/x509Subject/CN":"a","aws:PrincipalTag/x509Subject/OU":"b"}}}]}`
	var got []string
	for _, f := range grants.JudgeTrust(grants.TrustCase{At: "x", Document: []byte(document)}) {
		got = append(got, f.Rule+" "+strings.SplitN(f.Element, " (", 2)[0])
	}
	want := []string{"ANC305 statement Backup", "ANC308 statement 2", "ANC305 statement 3", "ANC306 statement 3"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestEveryFaultOfADocumentIsFound(t *testing.T) {
	findings := grants.JudgeTrust(grants.TrustCase{At: "x", Document: []byte(`{"Version":"2012-10-18","Statement":{"effect":"Allow",
"Principal":{"AWS":111122223333},"Action":"sts:AssumeRole","Resource":"*"}}`)})
	var got []string
	for _, f := range findings {
		got = append(got, f.Element+" "+strings.SplitN(f.Evidence, ":", 2)[0])
	}
	want := []string{
		`line 1, column 12 the Version is "2012-10-18"; it must be "2012-10-17" or "2008-10-17"`,
		`line 1, column 38 unknown element "effect" in a statement; it is spelled "Effect"`,
		`line 2, column 20 AWS principals is a number, not a string`,
		`line 1, column 37 the statement has no Effect`,
		`line 2, column 60 a trust policy has no Resource`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// Whatever anchorctl itself writes is in order: in every partition, for any
// number of anchors and workloads, alone and beside other statements.
func TestWhatAnchorctlWritesIsInOrder(t *testing.T) {
	for region, partition := range map[string]string{"eu-central-1": "aws", "cn-north-1": "aws-cn", "us-gov-west-1": "aws-us-gov", "eusc-de-east-1": "aws-eusc"} {
		for n := 1; n <= 5; n++ {
			trust := iampolicy.Trust{Sid: iampolicy.Sid(fmt.Sprintf("prod-%d", n)), Account: trustAccount, Environment: "prod"}
			for i := range n {
				trust.AnchorARNs = append(trust.AnchorARNs, fmt.Sprintf("arn:%s:rolesanywhere:%s:%s:trust-anchor/00000000-0000-0000-0000-%012x", partition, region, trustAccount, i))
				trust.WorkloadURIs = append(trust.WorkloadURIs, fmt.Sprintf("spiffe://prod.example.internal/w-%d", i))
			}
			c := grants.TrustCase{At: "x", Document: iampolicy.GenerateTrust(trust), Account: trustAccount, Anchors: trust.AnchorARNs,
				Workloads: trust.WorkloadURIs, Mappings: map[string]map[string][]string{"p": {"x509Subject": {"OU"}, "x509SAN": {"URI"}}}}
			if found := grants.JudgeTrust(c); len(found) > 0 {
				t.Errorf("%s\n%v", c.Document, found)
			}
			const other = `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"sts:*","Condition":{"StringNotEquals":{"aws:PrincipalTag/x509Subject/OU":"prod"}}}}`
			document, err := iampolicy.WithStatement([]byte(other), trust)
			if err != nil {
				t.Fatal(err)
			}
			c.Document = document
			if found := grants.JudgeTrust(c); len(found) > 0 {
				t.Errorf("%s\n%v", c.Document, found)
			}
		}
	}
}

// What others wrote does not reach the terminal as it is.
func TestTrustFindingsArePrintable(t *testing.T) {
	document := pinnedBy(`"StringLike":{"aws:SourceArn":"*\u001b[2J\u202e","aws:PrincipalTag/x509Subject/CN":"\u009b*"}`)
	for _, f := range grants.JudgeTrust(grants.TrustCase{At: "x\x1b", Document: []byte(document)}) {
		if strings.ContainsAny(f.String()+f.Element+f.Remedy, "\x1b\u009b\u202e\n") {
			t.Errorf("%q", f.String())
		}
	}
	for _, f := range grants.JudgeTrust(grants.TrustCase{At: "x", Document: []byte("{\"\x1b[2J\u202e")}) {
		if strings.ContainsAny(f.String(), "\x1b\u202e") {
			t.Errorf("%q", f.String())
		}
	}
}

// A long document is judged in time that grows with its length.
func TestHostileSizesAreJudged(t *testing.T) {
	many := strings.Repeat("\n", 200<<10) + `{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8,"i":9,"j":10,"k":11}`
	if got := grants.JudgeTrust(grants.TrustCase{At: "x", Document: []byte(many)}); len(got) != 10 {
		t.Errorf("%d findings", len(got))
	}
	long := `{"` + strings.Repeat("x", 200<<10) + `":1}`
	if got := grants.JudgeTrust(grants.TrustCase{At: "x", Document: []byte(long)}); len(got) == 0 || len(got[0].Evidence) > 1000 {
		t.Errorf("%d findings", len(got))
	}
	if got := grants.JudgeTrust(grants.TrustCase{At: "x", Document: make([]byte, 20<<20)}); len(got) != 1 || got[0].Rule != "ANC312" {
		t.Errorf("%v", got)
	}
}

func remedies(findings []rules.Finding) string {
	var all []string
	for _, f := range findings {
		all = append(all, f.String(), f.Remedy)
	}
	return strings.Join(all, "\n")
}

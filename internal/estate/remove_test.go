package estate_test

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/rolesanywhere"
	"github.com/aws/aws-sdk-go-v2/service/rolesanywhere/types"

	"anchorctl/internal/anchors"
	"anchorctl/internal/estate"
	"anchorctl/internal/iampolicy"
	"anchorctl/internal/keys"
	"anchorctl/internal/ownership"
	"anchorctl/internal/pki"
	"anchorctl/internal/plan"
	"anchorctl/internal/profiles"
	"anchorctl/internal/sandbox"
)

func faultAt(op string, nth int, mode string, count int) sandbox.Fault {
	return sandbox.Fault{Op: op, Nth: nth, Mode: mode, Count: count}
}

// replaceCertificate does by hand what anchorctl's own types do not allow.
func (l *lab) replaceCertificate(t *testing.T, id string, cert *x509.Certificate) error {
	t.Helper()
	cfg, err := awsconfig.LoadDefaultConfig(t.Context(), awsconfig.WithRegion("eu-central-1"))
	if err != nil {
		return err
	}
	_, err = rolesanywhere.NewFromConfig(cfg).UpdateTrustAnchor(t.Context(), &rolesanywhere.UpdateTrustAnchorInput{
		TrustAnchorId: aws.String(id),
		Source: &types.Source{
			SourceType: types.TrustAnchorTypeCertificateBundle,
			SourceData: &types.SourceDataMemberX509CertificateData{Value: string(pki.EncodePEM(cert))},
		},
	})
	return err
}

func TestDestroyTakesOnlyWhatIsOurs(t *testing.T) {
	l := converged(t)
	cloud := l.cloud(t)
	if _, err := cloud.Profiles.Create(t.Context(), profiles.New{Spec: profiles.Spec{
		Name: "example-prod-app", RoleARNs: []string{"arn:aws:iam::" + account + ":role/other"}, DurationSeconds: 3600,
	}}); err != nil {
		t.Fatal(err)
	}
	p := l.plan(t, estate.Options{Destroy: true})
	for _, a := range p.Plan.Actions[:4] {
		if !strings.HasSuffix(string(a.Kind), ".disable") {
			t.Errorf("%s comes before all is disabled", a.ID)
		}
	}
	l.mustApply(t, estate.ApplyOptions{Options: estate.Options{Destroy: true}})
	left := l.live(t)
	if len(left) != 1 {
		t.Errorf("left are %v, want somebody else's profile alone", left)
	}
	role, err := cloud.Roles.Get(t.Context(), "prod-app")
	if err != nil || !strings.Contains(role.Trust, iampolicy.Sid("prod")) {
		t.Errorf("the role's pin is gone: %s %v", role.Trust, err)
	}
	if again := l.plan(t, estate.Options{Destroy: true}); !again.Plan.Empty() {
		t.Errorf("destroying again plans %v", ids(again.Plan.Actions))
	}
	l.mustApply(t, estate.ApplyOptions{})
	if p := l.plan(t, estate.Options{}); !p.Plan.Empty() {
		t.Errorf("applying after destroying leaves %v", ids(p.Plan.Actions))
	}
}

func TestDestroyLeavesARevocationListThatIsNotOurs(t *testing.T) {
	l := converged(t)
	if err := l.importCRL(t); err != nil {
		t.Fatal(err)
	}
	p := l.plan(t, estate.Options{Destroy: true})
	if len(p.Notices) != 1 || !strings.Contains(p.Notices[0], "is not ours and stays") {
		t.Errorf("notices are %v", p.Notices)
	}
}

// importCRL revokes something at prod's anchor behind the estate's back.
func (l *lab) importCRL(t *testing.T) error {
	t.Helper()
	w, done, err := l.world(t.Context(), nil)
	if err != nil {
		return err
	}
	defer done()
	g, _, err := w.Folder.Store.Active(t.Context(), "prod")
	if err != nil {
		return err
	}
	issuer, err := x509.ParseCertificate(g.Certificate)
	if err != nil {
		return err
	}
	key, err := w.Folder.Ring.Open(t.Context(), g.KeyURI, keys.Guard(g.Guard))
	if err != nil {
		return err
	}
	list, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		Number: big.NewInt(1), ThisUpdate: start, NextUpdate: start.AddDate(0, 1, 0),
		RevokedCertificateEntries: []x509.RevocationListEntry{{SerialNumber: big.NewInt(7), RevocationTime: start}},
	}, issuer, key)
	if err != nil {
		return err
	}
	cfg, err := awsconfig.LoadDefaultConfig(t.Context(), awsconfig.WithRegion("eu-central-1"))
	if err != nil {
		return err
	}
	for arn, one := range l.live(t) {
		if one.tags[ownership.TagResource] != prodAnchor.String() {
			continue
		}
		_, err = rolesanywhere.NewFromConfig(cfg).ImportCrl(t.Context(), &rolesanywhere.ImportCrlInput{
			Name: aws.String("somebody-elses"), TrustAnchorArn: aws.String(arn), Enabled: aws.Bool(true),
			CrlData: pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: list}),
		})
	}
	return err
}

func TestDestroyLeavesWhatTheTagsDoNotConfirm(t *testing.T) {
	l := converged(t)
	cloud := l.cloud(t)
	for arn, one := range l.live(t) {
		if one.tags[ownership.TagResource] == prodAnchor.String() {
			id := arn[strings.LastIndex(arn, "/")+1:]
			if err := cloud.Anchors.Change(t.Context(), id, anchors.Change{DropTags: []string{ownership.TagEstate}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	_, err := l.apply(t.Context(), estate.ApplyOptions{Options: estate.Options{Destroy: true}}, nil)
	refused(t, err, "ANC403")
	if len(l.live(t)) != 4 {
		t.Error("something was deleted")
	}
}

func TestAnObjectWithOurTagsThatTheStoreDoesNotKnowIsRefused(t *testing.T) {
	l := converged(t)
	if _, err := l.cloud(t).Profiles.Create(t.Context(), profiles.New{
		Spec: profiles.Spec{Name: "copy", RoleARNs: []string{"arn:aws:iam::" + account + ":role/other"}, DurationSeconds: 3600},
		Tags: ownership.Tags("6f1c2f0e-7d0a-4b8e-9a55-0d5f3a1f7a11", plan.Profile("prod", "app", place)),
	}); err != nil {
		t.Fatal(err)
	}
	_, err := l.apply(t.Context(), estate.ApplyOptions{}, nil)
	refused(t, err, "ANC403")
}

func TestAnEnvironmentThatLeftNeedsAnApproval(t *testing.T) {
	l := converged(t)
	l.write(t, small())
	p := l.plan(t, estate.Options{})
	if len(p.Notices) == 0 || !strings.Contains(p.Notices[0], "--approve-delete prod") {
		t.Errorf("notices are %v", p.Notices)
	}
	for _, a := range p.Plan.Actions {
		if a.Addr.Environment == "prod" {
			t.Errorf("%s is planned without approval", a.ID)
		}
	}
	l.mustApply(t, estate.ApplyOptions{Options: estate.Options{Delete: []string{"prod"}}})
	for _, one := range l.live(t) {
		if strings.Contains(one.tags[ownership.TagResource], "prod") {
			t.Errorf("%s is still there", one.tags[ownership.TagResource])
		}
	}
	role, err := l.cloud(t).Roles.Get(t.Context(), "prod-app")
	if err != nil || strings.Contains(role.Trust, "rolesanywhere") || !strings.Contains(role.Trust, "ec2.amazonaws.com") {
		t.Errorf("the role that left trusts %s (%v)", role.Trust, err)
	}
	l.check(t)
}

func TestARoleMovesFromOneEnvironmentToTheOther(t *testing.T) {
	l := converged(t)
	// prod-app becomes dev's, and prod gets "other".
	moved := strings.NewReplacer("dev-app: {workloads", "prod-app: {workloads", "prod-app: {workloads", "other: {workloads").
		Replace(twoEnvironments("manage"))
	l.write(t, moved)
	l.mustApply(t, estate.ApplyOptions{})
	l.check(t)
	role, err := l.cloud(t).Roles.Get(t.Context(), "prod-app")
	if err != nil || !strings.Contains(role.Trust, iampolicy.Sid("dev")) || strings.Contains(role.Trust, iampolicy.Sid("prod")) {
		t.Errorf("the moved role trusts %s (%v)", role.Trust, err)
	}
}

func TestOnePinNamesTheAnchorsOfAllRegions(t *testing.T) {
	two := strings.ReplaceAll(twoEnvironments("manage"), `region: eu-central-1}]`,
		`region: eu-central-1}, {account: "`+account+`", region: eu-west-1}]`)
	l := newLab(t, two, "dev-app", "prod-app")
	l.mustApply(t, estate.ApplyOptions{})
	if p := l.plan(t, estate.Options{}); !p.Plan.Empty() {
		t.Errorf("still planned: %v", ids(p.Plan.Actions))
	}
	role, err := l.cloud(t).Roles.Get(t.Context(), "prod-app")
	if err != nil || strings.Count(role.Trust, "trust-anchor/") != 2 {
		t.Errorf("the role trusts %s (%v)", role.Trust, err)
	}
}

func TestAnEstateOfOneSandboxRefusesAnother(t *testing.T) {
	l := converged(t)
	other := newLab(t, twoEnvironments("manage"), "dev-app", "prod-app")
	l.Lab = other.Beside(l.Lab)
	_, err := l.apply(t.Context(), estate.ApplyOptions{}, nil)
	if err == nil || !strings.Contains(err.Error(), "this estate lives in the sandbox") {
		t.Errorf("error is %v", err)
	}
	if os.Getenv("AWS_ENDPOINT_URL") != other.URL {
		t.Error("the test did not reach the other sandbox")
	}
}

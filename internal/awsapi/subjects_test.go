package awsapi

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/anchors"
	"anchorctl/internal/hint"
	"anchorctl/internal/pki/pkitest"
	"anchorctl/internal/profiles"
	"anchorctl/internal/sandbox"
	"anchorctl/internal/sigx509"
	"anchorctl/internal/subjects"
)

// sessions is where certificates may ask for one: an anchor and a profile that
// are enabled.
type sessions struct {
	w               *world
	anchor, profile string
}

func (w *world) sessions() sessions {
	w.t.Helper()
	anchor := must[anchors.Live](w.t)(w.target.Anchors().Create(w.t.Context(), w.newAnchor("i-1")))
	n := newProfile("i-2")
	n.SessionPolicy = ""
	profile := must[profiles.Live](w.t)(w.target.Profiles().Create(w.t.Context(), n))
	if err := w.target.Roles().PutTrust(w.t.Context(), "prod-backup", strings.Replace(trust, "a+b c", "backup", 1)); err != nil {
		w.t.Fatal(err)
	}
	if err := w.target.Anchors().Change(w.t.Context(), anchor.ID, anchors.Change{Enable: true}); err != nil {
		w.t.Fatal(err)
	}
	if err := w.target.Profiles().Change(w.t.Context(), profile.ID, profiles.Change{Enable: true}); err != nil {
		w.t.Fatal(err)
	}
	return sessions{w, anchor.ARN, profile.ARN}
}

// leaf is a certificate that is good on the sandbox's clock. The role lets in
// the name "backup" alone.
func (s sessions) leaf(name string) pkitest.Cert {
	now := s.w.v.clock().Now()
	return s.w.estate.Leaf(s.w.t, "prod", "backup", pkitest.Name(name), pkitest.Dates(now.Add(-time.Hour), now.Add(24*time.Hour)))
}

func (s sessions) ask(leaf pkitest.Cert) int {
	s.w.t.Helper()
	body := []byte(`{"durationSeconds":900}`)
	query := url.Values{"trustAnchorArn": {s.anchor}, "profileArn": {s.profile}, "roleArn": {role}}
	req, err := http.NewRequestWithContext(s.w.t.Context(), http.MethodPost, s.w.running.URL+"/sessions?"+query.Encode(), bytes.NewReader(body))
	if err != nil {
		s.w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if err := (sigx509.Signer{Key: leaf.Key, Certificate: leaf.Certificate}).Sign(req, body, region, s.w.v.clock().Now()); err != nil {
		s.w.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.w.t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

func TestContractSubjects(t *testing.T) {
	w := newWorld(t)
	s, api := w.sessions(), w.target.Subjects()
	if all := must[[]subjects.Summary](t)(api.List(t.Context())); len(all) != 0 {
		t.Fatalf("before anybody asked: %+v", all)
	}
	first, refused := s.leaf("backup"), s.leaf("stranger")
	if status := s.ask(first); status != http.StatusCreated {
		t.Fatalf("answered %d", status)
	}
	asked := w.v.clock().Now()
	w.v.advance(time.Minute)
	if status := s.ask(refused); status != http.StatusForbidden {
		t.Fatalf("answered %d", status)
	}
	w.v.advance(time.Minute)
	second := s.leaf("backup")
	if status := s.ask(second); status != http.StatusCreated {
		t.Fatalf("answered %d", status)
	}
	last := w.v.clock().Now()

	seen := map[string]subjects.Summary{}
	for _, one := range must[[]subjects.Summary](t)(api.List(t.Context())) {
		seen[one.Name] = one
	}
	ours := seen[first.Certificate.Subject.String()]
	if len(seen) != 2 || !ours.Enabled || !ours.Created.Equal(asked) || !ours.LastSeen.Equal(last) {
		t.Fatalf("listed %+v", seen)
	}
	got := must[subjects.Subject](t)(api.Get(t.Context(), ours.ID))
	want := subjects.Subject{Summary: ours, Credentials: []subjects.Credential{
		{Seen: asked, PEM: string(first.PEM()), Serial: first.Certificate.SerialNumber.String(), Issuer: got.Credentials[0].Issuer, Enabled: true},
		{Seen: last, PEM: string(second.PEM()), Serial: second.Certificate.SerialNumber.String(), Issuer: got.Credentials[0].Issuer, Enabled: true},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(got.Credentials[0].Issuer, "CN=prod issuer 1") || !got.Credentials[1].Certificate().Equal(second.Certificate) {
		t.Errorf("the issuer is %q", got.Credentials[0].Issuer)
	}
	stranger := must[subjects.Subject](t)(api.Get(t.Context(), seen[refused.Certificate.Subject.String()].ID))
	if len(stranger.Credentials) != 1 || !stranger.Credentials[0].Failed {
		t.Errorf("the one that was refused is %+v", stranger)
	}
	if _, err := api.Get(t.Context(), id); code(err) != "ResourceNotFoundException" || !strings.Contains(err.Error(), id) {
		t.Errorf("a subject that is not there: %v", err)
	}
	w.neverThrottled()
}

func TestContractSubjectsAreAFamilyOfTheirOwn(t *testing.T) {
	w := newWorld(t)
	s, api := w.sessions(), w.target.Subjects()
	for i := range 3 {
		s.ask(s.leaf(fmt.Sprintf("workload-%d", i)))
	}
	w.v.advance(time.Minute)
	w.operations()
	w.events = nil
	// Anchors are asked in between: they do not wait for subjects, nor subjects
	// for them.
	for range 2 {
		must[[]subjects.Summary](t)(api.List(t.Context()))
		must[[]anchors.Live](t)(w.target.Anchors().List(t.Context(), false))
	}
	waited := map[string]int{}
	for _, e := range w.events {
		waited[e.Family]++
		if e.Family == "subjects" && (e.Operation != "ListSubjects" || e.Wait > time.Second || e.Account != account) {
			t.Errorf("waited: %+v", e)
		}
	}
	if waited["subjects"] != 1 {
		t.Errorf("waited %v", waited)
	}
	w.neverThrottled()

	w.fault(sandbox.Fault{Op: "ListSubjects", Mode: sandbox.ModeSmallPages, Count: -1}, sandbox.Fault{Op: "GetSubject", Mode: sandbox.ModeThrottle})
	w.operations()
	all := must[[]subjects.Summary](t)(api.List(t.Context()))
	if len(all) != 3 || all[0].ARN >= all[1].ARN || all[1].ARN >= all[2].ARN {
		t.Errorf("in small pages: %+v", all)
	}
	must[subjects.Subject](t)(api.Get(t.Context(), all[0].ID))
	if diff := cmp.Diff([]string{"ListSubjects", "ListSubjects", "ListSubjects", "GetSubject", "GetSubject"}, w.operations()); diff != "" {
		t.Error(diff)
	}
}

func TestSubjectsThatAreNotTheTargets(t *testing.T) {
	const elsewhere = `{"subjectId":"` + id + `","subjectArn":"arn:aws:rolesanywhere:eu-west-1:111122223333:subject/` + id + `","enabled":true}`
	for name, body := range map[string]string{
		"of another region": `{"subject":` + elsewhere + `,"subjects":[` + elsewhere + `]}`,
		"of another id":     strings.ReplaceAll(`{"subject":`+elsewhere+`,"subjects":[`+elsewhere+`]}`, "000000001", "000000002"),
		"none":              `{"subjects":[{}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t, reply{status: 200, body: body}, reply{status: 200, body: body})
			api := s.target(newVirtual(), nil).Subjects()
			if all, err := api.List(t.Context()); err == nil {
				t.Errorf("listed %+v", all)
			}
			if one, err := api.Get(t.Context(), id); err == nil {
				t.Errorf("got %+v", one)
			}
		})
	}
}

func TestSubjectsThatMayNotBeReadNameTheAction(t *testing.T) {
	no := reply{status: 403, code: "AccessDeniedException", body: `{"message":"no"}`}
	s := newService(t, no, no)
	api := s.target(newVirtual(), nil).Subjects()
	_, errList := api.List(t.Context())
	_, errGet := api.Get(t.Context(), id)
	for action, err := range map[string]error{"rolesanywhere:ListSubjects": errList, "rolesanywhere:GetSubject": errGet} {
		if hints := strings.Join(hint.Of(err), "\n"); !strings.Contains(hints, action) {
			t.Errorf("the hints are %q, want %s", hints, action)
		}
	}
}

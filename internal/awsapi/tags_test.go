package awsapi

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/profiles"
)

// listing is a page of ListProfiles with one profile.
func listing(t *testing.T) reply {
	t.Helper()
	detail := strings.TrimSuffix(strings.TrimPrefix(profileJSON(t, nil), `{"profile":`), "}")
	return reply{status: 200, body: `{"profiles":[` + detail + `]}`}
}

func TestWhereTheTaggingAPIIsDeniedObjectsAreAskedOneByOne(t *testing.T) {
	tags := reply{status: 200, body: `{"tags":[{"key":"anchorctl:estate","value":"e-1"}]}`}
	s := newService(t, listing(t), reply{status: 400, code: "AccessDeniedException"}, tags, listing(t), tags)
	target := s.target(newVirtual(), func(o *Options) { o.NamePrefix = "no-such-" })
	for range 2 {
		all, err := target.Profiles().List(t.Context(), false)
		if err != nil {
			t.Fatal(err)
		}
		if len(all) != 1 || all[0].Tags["anchorctl:estate"] != "e-1" {
			t.Errorf("listed %+v", all)
		}
	}
	var paths []string
	for _, r := range s.sent() {
		paths = append(paths, r.Path)
	}
	want := []string{"/profiles", "/", "/ListTagsForResource", "/profiles", "/ListTagsForResource"}
	if diff := cmp.Diff(want, paths); diff != "" {
		t.Errorf("the tagging API is asked once:\n%s", diff)
	}
}

func TestTagsAreAskedForWhereTheyMayLag(t *testing.T) {
	const arn = "arn:aws:rolesanywhere:eu-central-1:111122223333:profile/" + id
	known := `{"ResourceTagMappingList":[{"ResourceARN":"` + arn + `","Tags":[{"Key":"anchorctl:estate","Value":"e-1"}]}]}`
	others := `{"ResourceTagMappingList":[{"ResourceARN":"` + arn + `","Tags":[{"Key":"owner","Value":"x"}]}]}`
	none := `{"ResourceTagMappingList":[]}`
	for _, tt := range []struct {
		name, prefix, bulk string
		asked              bool
		want               map[string]string
	}{
		{"ours and shown as ours", "example-", known, false, map[string]string{"anchorctl:estate": "e-1"}},
		{"named as ours and not shown", "example-", none, true, map[string]string{"asked": "yes"}},
		{"named as ours and shown with other tags", "example-", others, true, map[string]string{"asked": "yes"}},
		{"named otherwise and not shown", "other-", none, false, map[string]string{}},
		{"named otherwise and shown", "other-", others, false, map[string]string{"owner": "x"}},
		{"named otherwise and shown as ours", "other-", known, false, map[string]string{"anchorctl:estate": "e-1"}},
		{"any name may be ours", "", none, true, map[string]string{"asked": "yes"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			replies := []reply{listing(t), {status: 200, body: tt.bulk}}
			if tt.asked {
				replies = append(replies, reply{status: 200, body: `{"tags":[{"key":"asked","value":"yes"}]}`})
			}
			s := newService(t, replies...)
			all, err := s.target(newVirtual(), func(o *Options) { o.NamePrefix = tt.prefix }).Profiles().List(t.Context(), false)
			if err != nil || len(all) != 1 {
				t.Fatalf("got %v, %v", all, err)
			}
			if diff := cmp.Diff(tt.want, all[0].Tags); diff != "" {
				t.Error(diff)
			}
			if s.left() != 0 {
				t.Error("the tags were not asked for")
			}
		})
	}
}

func TestWhatGoesWhileItIsListedIsNotListed(t *testing.T) {
	s := newService(t, listing(t), reply{status: 404, code: "ResourceNotFoundException"}, listing(t), reply{status: 403, code: "AccessDeniedException"})
	target := s.target(newVirtual(), nil)
	all, err := target.Profiles().List(t.Context(), true)
	if err != nil || len(all) != 0 {
		t.Errorf("got %v, %v", all, err)
	}
	if all, err := target.Profiles().List(t.Context(), true); err == nil {
		t.Errorf("tags that are denied were taken for none: %v", all)
	}
}

func TestIdsThatAreNoneAreNotSent(t *testing.T) {
	s := newService(t)
	err := s.target(newVirtual(), nil).Profiles().Change(t.Context(), "../x", profiles.Change{SetTags: map[string]string{"a": "b"}})
	if err == nil || len(s.sent()) != 0 {
		t.Errorf("got %v, sent %v", err, s.sent())
	}
}

func TestRolesOfOtherAccountsAreRefused(t *testing.T) {
	role := func(arn, path, trust string) reply {
		return reply{status: 200, body: `<GetRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetRoleResult><Role><Path>` + path +
			`</Path><Arn>` + arn + `</Arn><RoleName>r</RoleName><RoleId>AROA</RoleId><CreateDate>2026-01-01T00:00:00Z</CreateDate>` +
			`<AssumeRolePolicyDocument>` + trust + `</AssumeRolePolicyDocument></Role></GetRoleResult></GetRoleResponse>`}
	}
	for _, tt := range []struct {
		name  string
		reply reply
		ok    bool
	}{
		{"the account's own is read", role("arn:aws:iam::111122223333:role/a/r", "/a/", "%7B%22a%2Bb%22%7D+"), true},
		{"another account's is refused", role("arn:aws:iam::444455556666:role/a/r", "/a/", "%7B%7D"), false},
		{"a path that does not fit is refused", role("arn:aws:iam::111122223333:role/a/r", "/", "%7B%7D"), false},
		{"a trust policy that does not decode is refused", role("arn:aws:iam::111122223333:role/a/r", "/a/", "%7"), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			live, err := newService(t, tt.reply).target(newVirtual(), nil).Roles().Get(t.Context(), "r")
			if (err == nil) != tt.ok {
				t.Fatalf("got %+v, %v", live, err)
			}
			if tt.ok && live.Trust != `{"a+b"}+` {
				t.Errorf("trust is %q", live.Trust)
			}
		})
	}
}

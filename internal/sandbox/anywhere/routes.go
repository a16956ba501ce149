package anywhere

import (
	"net/http"
	"net/url"
	"strings"

	"anchorctl/internal/sandbox/wire"
	"anchorctl/internal/sandbox/world"
)

// The families that share a rate limit
// (https://docs.aws.amazon.com/general/latest/gr/rolesanywhere.html).
const (
	FamilyAnchors  = "anchors"
	FamilyProfiles = "profiles"
	FamilyCRLs     = "crls"
	FamilySubjects = "subjects"
	FamilyTags     = "tags"
	FamilySessions = "sessions"
)

// route is one operation of the control plane.
type route struct {
	name, method, path, family string
	status                     int
	reads                      bool
	// decode reads the request; what it returns does the work.
	decode func(r wire.Request, id string) (decoded, error)
}

// decoded is a request whose members were read: in is a pointer to them.
type decoded struct {
	in any
	do func(c *world.Call) (any, error)
}

// on ties an input type to what is done with it.
func on[I any](do func(c *world.Call, in *I) (any, error)) func(wire.Request, string) (decoded, error) {
	return func(r wire.Request, id string) (decoded, error) {
		in := new(I)
		if err := read(r, id, in); err != nil {
			return decoded{}, err
		}
		return decoded{in: in, do: func(c *world.Call) (any, error) { return do(c, in) }}, nil
	}
}

// routes are the 30 operations, in the order of the service's reference.
func routes() []route {
	const (
		get, post, patch, put, del = http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodPut, http.MethodDelete
		created, ok                = http.StatusCreated, http.StatusOK
	)
	return []route{
		{"CreateTrustAnchor", post, "/trustanchors", FamilyAnchors, created, false, on(createAnchor)},
		{"GetTrustAnchor", get, "/trustanchor/*", FamilyAnchors, ok, true, on(getAnchor)},
		{"ListTrustAnchors", get, "/trustanchors", FamilyAnchors, ok, true, on(listAnchors)},
		{"UpdateTrustAnchor", patch, "/trustanchor/*", FamilyAnchors, ok, false, on(updateAnchor)},
		{"DeleteTrustAnchor", del, "/trustanchor/*", FamilyAnchors, ok, false, on(deleteAnchor)},
		{"EnableTrustAnchor", post, "/trustanchor/*/enable", FamilyAnchors, ok, false, on(enableAnchor)},
		{"DisableTrustAnchor", post, "/trustanchor/*/disable", FamilyAnchors, ok, false, on(disableAnchor)},
		{"PutNotificationSettings", patch, "/put-notifications-settings", FamilyAnchors, ok, false, on(putNotifications)},
		{"ResetNotificationSettings", patch, "/reset-notifications-settings", FamilyAnchors, ok, false, on(resetNotifications)},
		{"CreateProfile", post, "/profiles", FamilyProfiles, created, false, on(createProfile)},
		{"GetProfile", get, "/profile/*", FamilyProfiles, ok, true, on(getProfile)},
		{"ListProfiles", get, "/profiles", FamilyProfiles, ok, true, on(listProfiles)},
		{"UpdateProfile", patch, "/profile/*", FamilyProfiles, ok, false, on(updateProfile)},
		{"DeleteProfile", del, "/profile/*", FamilyProfiles, ok, false, on(deleteProfile)},
		{"EnableProfile", post, "/profile/*/enable", FamilyProfiles, ok, false, on(enableProfile)},
		{"DisableProfile", post, "/profile/*/disable", FamilyProfiles, ok, false, on(disableProfile)},
		{"PutAttributeMapping", put, "/profiles/*/mappings", FamilyProfiles, ok, false, on(putMapping)},
		{"DeleteAttributeMapping", del, "/profiles/*/mappings", FamilyProfiles, ok, false, on(deleteMapping)},
		{"ImportCrl", post, "/crls", FamilyCRLs, created, false, on(importCRL)},
		{"GetCrl", get, "/crl/*", FamilyCRLs, ok, true, on(getCRL)},
		{"ListCrls", get, "/crls", FamilyCRLs, ok, true, on(listCRLs)},
		{"UpdateCrl", patch, "/crl/*", FamilyCRLs, ok, false, on(updateCRL)},
		{"DeleteCrl", del, "/crl/*", FamilyCRLs, ok, false, on(deleteCRL)},
		{"EnableCrl", post, "/crl/*/enable", FamilyCRLs, ok, false, on(enableCRL)},
		{"DisableCrl", post, "/crl/*/disable", FamilyCRLs, ok, false, on(disableCRL)},
		{"GetSubject", get, "/subject/*", FamilySubjects, ok, true, on(getSubject)},
		{"ListSubjects", get, "/subjects", FamilySubjects, ok, true, on(listSubjects)},
		{"TagResource", post, "/TagResource", FamilyTags, created, false, on(tagResource)},
		{"UntagResource", post, "/UntagResource", FamilyTags, ok, false, on(untagResource)},
		{"ListTagsForResource", get, "/ListTagsForResource", FamilyTags, ok, true, on(listTags)},
	}
}

// Route finds the operation of a request. The operation is known even when
// the request does not decode: doing it then answers with why.
func Route(r wire.Request) (world.Operation, error) {
	for _, rt := range routes() {
		if rt.method != r.Method {
			continue
		}
		if id, ok := match(rt.path, r.Path); ok {
			return rt.operation(r, id), nil
		}
	}
	return world.Operation{}, wire.NotImplemented("%s %s of rolesanywhere", r.Method, r.Path)
}

func (rt route) operation(r wire.Request, id string) world.Operation {
	return world.Operation{Name: rt.name, Family: rt.family, Reads: rt.reads, Do: func(c *world.Call) (wire.Answer, error) {
		d, err := rt.decode(r, id)
		if err != nil {
			return wire.Answer{}, err
		}
		out, err := d.do(c)
		if err != nil {
			return wire.Answer{}, err
		}
		return wire.JSON(rt.status, "application/json", out)
	}}
}

// match compares a path with a pattern in which * is one segment, the id.
func match(pattern, path string) (id string, ok bool) {
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return "", false
	}
	for i, w := range want {
		if w != "*" {
			if w != got[i] {
				return "", false
			}
			continue
		}
		var err error
		if id, err = url.PathUnescape(got[i]); err != nil || id == "" {
			return "", false
		}
	}
	return id, true
}

// Operations are the names of all operations, the data plane's included.
func Operations() []string {
	names := []string{"CreateSession"}
	for _, r := range routes() {
		names = append(names, r.name)
	}
	return names
}

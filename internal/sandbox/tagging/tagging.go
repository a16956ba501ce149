package tagging

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"anchorctl/internal/sandbox/limits"
	"anchorctl/internal/sandbox/wire"
	"anchorctl/internal/sandbox/world"
)

const (
	target      = "ResourceGroupsTaggingAPI_20170126."
	contentType = "application/x-amz-json-1.1"
	invalid     = "InvalidParameterException"
)

type input struct {
	PaginationToken     string   `json:"PaginationToken"`
	TagFilters          []filter `json:"TagFilters"`
	ResourcesPerPage    *int     `json:"ResourcesPerPage"`
	TagsPerPage         *int     `json:"TagsPerPage"`
	ResourceTypeFilters []string `json:"ResourceTypeFilters"`
	ResourceARNList     []string `json:"ResourceARNList"`
}

type filter struct {
	Key    *string  `json:"Key"`
	Values []string `json:"Values"`
}

type tag struct {
	Key   string `json:"Key"`
	Value string `json:"Value"`
}

type mapping struct {
	ResourceARN string `json:"ResourceARN"`
	Tags        []tag  `json:"Tags"`
}

type output struct {
	PaginationToken        string    `json:"PaginationToken"`
	ResourceTagMappingList []mapping `json:"ResourceTagMappingList"`
}

// Route finds the operation of a request.
func Route(r wire.Request) (world.Operation, error) {
	name, ok := strings.CutPrefix(r.Header.Get("X-Amz-Target"), target)
	if !ok || name != "GetResources" {
		return world.Operation{}, wire.NotImplemented("the operation %q of tagging", r.Header.Get("X-Amz-Target"))
	}
	return world.Operation{Name: name, Reads: true, Do: func(c *world.Call) (wire.Answer, error) {
		var in input
		if err := json.Unmarshal(r.Body, &in); err != nil {
			return wire.Answer{}, wire.Errorf(http.StatusBadRequest, "SerializationException", "the body is not a JSON object of this operation")
		}
		out, err := getResources(c, in)
		if err != nil {
			return wire.Answer{}, err
		}
		return wire.JSON(http.StatusOK, contentType, out)
	}}, nil
}

func getResources(c *world.Call, in input) (output, error) {
	if err := in.check(); err != nil {
		return output{}, err
	}
	var all []mapping
	for _, r := range resources(c.Here()) {
		if len(r.tags) > 0 && in.wants(r) {
			all = append(all, r.mapping())
		}
	}
	slices.SortFunc(all, func(a, b mapping) int { return cmp.Compare(a.ResourceARN, b.ResourceARN) })
	size := limits.Of(limits.ResourcesPerPage).Max
	if in.ResourcesPerPage != nil {
		size = *in.ResourcesPerPage
	}
	page, next, err := wire.Page(all, "resources", in.PaginationToken, c.PageSize(size), func(m mapping) string { return m.ResourceARN })
	if err != nil {
		return output{}, wire.Errorf(http.StatusBadRequest, "PaginationTokenExpiredException", "The pagination token is not valid")
	}
	if page == nil {
		page = []mapping{}
	}
	return output{PaginationToken: next, ResourceTagMappingList: page}, nil
}

func (in input) check() error {
	var check wire.Checks
	check.Number("resourcesPerPage", in.ResourcesPerPage, limits.ResourcesPerPage)
	check.Len("tagFilters", len(in.TagFilters), limits.TagFilters)
	check.Len("resourceTypeFilters", len(in.ResourceTypeFilters), limits.ResourceTypeFilters)
	for _, f := range in.TagFilters {
		check.Required("tagFilters.member.key", f.Key != nil)
		check.Len("tagFilters.member.values", len(f.Values), limits.TagFilterValues)
	}
	if err := check.Err(invalid); err != nil {
		return err
	}
	if len(in.ResourceARNList) > 0 && (len(in.TagFilters) > 0 || len(in.ResourceTypeFilters) > 0 || in.ResourcesPerPage != nil || in.PaginationToken != "") {
		return wire.Errorf(http.StatusBadRequest, invalid, "ResourceARNList cannot be combined with other parameters")
	}
	return nil
}

// wants holds a resource against the filters: every tag filter, each by any
// of its values (none: any value), and one of the types.
func (in input) wants(r resource) bool {
	if len(in.ResourceARNList) > 0 && !slices.Contains(in.ResourceARNList, r.arn) {
		return false
	}
	if len(in.ResourceTypeFilters) > 0 && !slices.Contains(in.ResourceTypeFilters, "rolesanywhere") &&
		!slices.Contains(in.ResourceTypeFilters, "rolesanywhere:"+r.kind) {
		return false
	}
	for _, f := range in.TagFilters {
		v, ok := r.tags[*f.Key]
		if !ok || (len(f.Values) > 0 && !slices.Contains(f.Values, v)) {
			return false
		}
	}
	return true
}

type resource struct {
	kind, arn string
	tags      map[string]string
}

func (r resource) mapping() mapping {
	m := mapping{ResourceARN: r.arn}
	for _, k := range slices.Sorted(maps.Keys(r.tags)) {
		m.Tags = append(m.Tags, tag{k, r.tags[k]})
	}
	return m
}

func resources(here *world.Region) []resource {
	var all []resource
	for _, a := range here.Anchors {
		all = append(all, resource{"trust-anchor", a.ARN, a.Tags})
	}
	for _, p := range here.Profiles {
		all = append(all, resource{"profile", p.ARN, p.Tags})
	}
	for _, l := range here.CRLs {
		all = append(all, resource{"crl", l.ARN, l.Tags})
	}
	return all
}

// Operations are the names of all operations.
func Operations() []string { return []string{"GetResources"} }

package seed

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"anchorctl/internal/sandbox/iam"
	"anchorctl/internal/sandbox/wire"
	"anchorctl/internal/sandbox/world"
)

// apply tries the seed on an empty world, so that a seed that was read is one
// that works.
func (s *Seed) apply(name string) error {
	if err := s.Apply(world.New(), time.Unix(0, 0)); err != nil {
		return fmt.Errorf("reading seed %q: %w", name, err)
	}
	return nil
}

// Apply adds to the world what it lacks of the seed. Roles are made by IAM's
// own CreateRole, so that its rules hold for them too.
func (s *Seed) Apply(w *world.World, now time.Time) error {
	for _, id := range sorted(s.Accounts) {
		if len(id) != 12 || strings.Trim(id, "0123456789") != "" {
			return fmt.Errorf("account %q is not 12 digits", id)
		}
		a := w.Accounts[id]
		if a == nil {
			a = &world.Account{ID: id, Partition: "aws"}
			if p := s.Accounts[id].Partition; p != "" {
				a.Partition = p
			}
			w.Accounts[id] = a
		}
		if !slices.Contains([]string{"aws", "aws-cn", "aws-us-gov", "aws-eusc"}, a.Partition) {
			return fmt.Errorf("account %s: there is no partition %q", id, a.Partition)
		}
		if err := addKeys(w, a, s.Accounts[id].AccessKeys); err != nil {
			return fmt.Errorf("account %s: %w", id, err)
		}
		for _, name := range sorted(s.Accounts[id].Policies) {
			if err := addPolicy(w, a, name, s.Accounts[id].Policies[name], now); err != nil {
				return fmt.Errorf("account %s: policy %s: %w", id, name, err)
			}
		}
		for _, name := range sorted(s.Accounts[id].Roles) {
			if err := addRole(w, a, name, s.Accounts[id].Roles[name], now); err != nil {
				return fmt.Errorf("account %s: role %s: %w", id, name, err)
			}
		}
	}
	return nil
}

func addKeys(w *world.World, a *world.Account, keys []AccessKey) error {
	for _, k := range keys {
		if k.ID == "" || k.Secret == "" || strings.ContainsAny(k.ID+k.Secret+k.User+k.Profile, "/ \t\r\n[]") {
			return fmt.Errorf("access key %q needs an id and a secret, without spaces, slashes and brackets", k.ID)
		}
		if owner, ok := w.Key(k.ID); ok {
			if owner.Identity.Account != a.ID {
				return fmt.Errorf("access key %s is of account %s already", k.ID, owner.Identity.Account)
			}
			i := slices.IndexFunc(a.AccessKeys, func(o world.AccessKey) bool { return o.ID == k.ID })
			a.AccessKeys[i].Secret = k.Secret
			continue
		}
		if k.User == "" {
			k.User = "sandbox"
		}
		if k.Profile == "" {
			k.Profile = a.ID
		}
		id, err := world.NewID("AIDA")
		if err != nil {
			return err
		}
		a.AccessKeys = append(a.AccessKeys, world.AccessKey{ID: k.ID, Secret: k.Secret, User: k.User, UserID: id, Profile: k.Profile})
	}
	return nil
}

func addRole(w *world.World, a *world.Account, name string, r Role, now time.Time) error {
	path, short := split(name)
	if a.Roles[short] != nil {
		return nil
	}
	form := url.Values{"Action": {"CreateRole"}, "RoleName": {short}, "Path": {path}, "AssumeRolePolicyDocument": {r.Trust}}
	if r.Trust == "" {
		form.Set("AssumeRolePolicyDocument", NoTrustYet)
	}
	if r.MaxSessionDuration != 0 {
		form.Set("MaxSessionDuration", strconv.Itoa(r.MaxSessionDuration))
	}
	if r.Description != "" {
		form.Set("Description", r.Description)
	}
	for i, k := range sorted(r.Tags) {
		form.Set(fmt.Sprintf("Tags.member.%d.Key", i+1), k)
		form.Set(fmt.Sprintf("Tags.member.%d.Value", i+1), r.Tags[k])
	}
	forms := []url.Values{form}
	for _, arn := range r.AttachedPolicies {
		forms = append(forms, url.Values{"Action": {"AttachRolePolicy"}, "RoleName": {short}, "PolicyArn": {arn}})
	}
	for _, policy := range sorted(r.InlinePolicies) {
		forms = append(forms, url.Values{
			"Action": {"PutRolePolicy"}, "RoleName": {short}, "PolicyName": {policy}, "PolicyDocument": {r.InlinePolicies[policy]},
		})
	}
	return send(w, a, now, forms...)
}

// addPolicy makes a customer-managed policy as IAM's CreatePolicy does.
func addPolicy(w *world.World, a *world.Account, name, document string, now time.Time) error {
	path, short := split(name)
	if a.Policies[a.ARN("iam", "", "policy"+path+short)] != nil {
		return nil
	}
	return send(w, a, now, url.Values{
		"Action": {"CreatePolicy"}, "PolicyName": {short}, "Path": {path}, "PolicyDocument": {document},
	})
}

// split tells the path of a name from the name itself.
func split(name string) (path, short string) {
	i := strings.LastIndexByte(name, '/')
	if i < 0 {
		return "/", name
	}
	return "/" + strings.Trim(name[:i], "/") + "/", name[i+1:]
}

// send has IAM do what the forms ask for, in order.
func send(w *world.World, a *world.Account, now time.Time, forms ...url.Values) error {
	for _, f := range forms {
		op, err := iam.Route(wire.Request{Method: http.MethodPost, Query: f})
		if err != nil {
			return err
		}
		if _, err := op.Do(&world.Call{World: w, Account: a, Now: now}); err != nil {
			return err
		}
	}
	return nil
}

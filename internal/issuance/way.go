package issuance

import (
	"context"
	"fmt"
	"strings"
	"time"

	"anchorctl/internal/folder"
	"anchorctl/internal/hint"
	"anchorctl/internal/plan"
)

// Way is how a workload takes a role: with which files, at which anchor, by
// which profile.
type Way struct {
	Profile, Role                  string
	Target                         plan.Target
	CertificateFile, KeyFile       string
	AnchorARN, ProfileARN, RoleARN string

	duration time.Duration
}

// Choice picks among the ways of a workload; what is empty fits any.
type Choice struct {
	Profile, Role string
	Target        string // ACCOUNT/REGION
}

// FilesOf are the certificate and the key that issue writes for a workload.
func FilesOf(f *folder.Folder, r Request) (certificate, key string, err error) {
	w, err := hold(f, r)
	if err != nil {
		return "", "", err
	}
	files := w.set(f)
	return files.certificate, files.key, nil
}

// FindWay finds the one way of a workload that fits the choice.
func FindWay(ctx context.Context, f *folder.Folder, r Request, c Choice) (Way, error) {
	way, err := findWay(ctx, f, r, c)
	if err != nil {
		return Way{}, fmt.Errorf("finding how %s/%s takes a role: %w", r.Environment, r.Workload, err)
	}
	return way, nil
}

func findWay(ctx context.Context, f *folder.Folder, r Request, c Choice) (Way, error) {
	w, err := hold(f, r)
	if err != nil {
		return Way{}, err
	}
	objects, err := f.Store.Objects(ctx)
	if err != nil {
		return Way{}, err
	}
	all, missing := w.ways(w.set(f), objects)
	var fitting []Way
	for _, way := range all {
		if c.fits(way) {
			fitting = append(fitting, way)
		}
	}
	switch {
	case len(fitting) == 1:
		return fitting[0], nil
	case len(fitting) > 1:
		return Way{}, hint.With(fmt.Errorf("there are several: %s", wayNames(fitting)), "choose with --profile, --role and --target")
	case len(all) > 0:
		return Way{}, hint.With(fmt.Errorf("none fits what was chosen; there are: %s", wayNames(all)), "choose with --profile, --role and --target")
	default:
		return Way{}, fmt.Errorf("there is none: %s", strings.Join(missing, "; "))
	}
}

func (c Choice) fits(w Way) bool {
	return (c.Profile == "" || c.Profile == w.Profile) && (c.Role == "" || c.Role == w.Role) &&
		(c.Target == "" || c.Target == w.Target.String())
}

func wayNames(ways []Way) string {
	names := make([]string, len(ways))
	for i, w := range ways {
		names[i] = fmt.Sprintf("profile %s, role %s at %s", w.Profile, w.Role, w.Target)
	}
	return strings.Join(names, "; ")
}

// ways are those for which anchor and profile exist, and why others are not
// there.
func (w wanted) ways(files set, objects []plan.Object) (ways []Way, missing []string) {
	arns := map[plan.Addr]string{}
	for _, o := range objects {
		arns[o.Addr] = o.ARN
	}
	missing = []string{}
	uses := w.uses()
	for _, u := range uses {
		target := plan.Target{Account: u.target.Account, Region: u.target.Region}
		anchor, profile := plan.Anchor(w.spec.Environment, target), plan.Profile(w.spec.Environment, u.profile, target)
		absent := ""
		for _, addr := range []plan.Addr{anchor, profile} {
			if arns[addr] == "" && absent == "" {
				absent = addr.String()
			}
		}
		if absent != "" {
			missing = append(missing, fmt.Sprintf(`role %s of profile %s: %s is not there yet, run "anchorctl apply"`, u.role, u.profile, absent))
			continue
		}
		role := arns[plan.Role(u.target.Account, u.role)]
		if role == "" {
			role = fmt.Sprintf("arn:%s:iam::%s:role/%s", partition(arns[anchor]), u.target.Account, u.role)
		}
		ways = append(ways, Way{
			Profile: u.profile, Role: u.role, Target: target, CertificateFile: files.certificate, KeyFile: files.key,
			AnchorARN: arns[anchor], ProfileARN: arns[profile], RoleARN: role, duration: u.duration,
		})
	}
	if len(uses) == 0 {
		missing = append(missing, fmt.Sprintf("no role of environment %s lists the workload %s", w.spec.Environment, w.spec.Workload))
	}
	return ways, missing
}

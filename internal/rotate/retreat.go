package rotate

import (
	"context"
	"crypto/x509"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"anchorctl/internal/config"
	"anchorctl/internal/engine"
	"anchorctl/internal/issuance"
	"anchorctl/internal/pki"
	"anchorctl/internal/plan"
	"anchorctl/internal/store"
	"anchorctl/internal/subjects"
)

// retreat answers the gate of an abort. By the store nothing came from the new
// issuer but the probe's certificates; a store that was restored from a backup of
// before the cut-over says the same. So what no backup brings back is asked: the
// files that issue wrote, and Roles Anywhere.
type retreat struct {
	gatekeeper

	asked bool // nothing was found, and all of a run's actions go by that
}

// back holds all of an abort once a single certificate of the new issuer is found that
// is not the probe's. No target is left before all were asked.
func (r *retreat) back(ctx context.Context, a plan.Action) error {
	if r.asked {
		return nil
	}
	n, err := r.open(ctx, a.Addr.Environment)
	if err != nil {
		return err
	}
	issuer, err := r.certificateOf(ctx, n.Environment, n.To)
	if err != nil {
		return err
	}
	found, err := r.inFiles(n, issuer)
	for _, t := range r.Folder.Config.Environments[n.Environment].Targets {
		if found != "" || err != nil {
			break
		}
		found, err = r.inUse(ctx, plan.Anchor(n.Environment, plan.Target{Account: t.Account, Region: t.Region}), n, issuer)
	}
	if err != nil {
		return fmt.Errorf("finding out whether workloads have certificates of %s: %w", to(n), err)
	}
	if r.asked = found == ""; r.asked {
		return nil
	}
	ends := "it goes on to the end, and denies nobody"
	if n.Kind == store.Emergency {
		ends = "it goes on, and waits for those that have no certificate of " + to(n)
	}
	return &engine.HeldError{
		Action: a.ID, Rule: a.Gate,
		Reason: fmt.Sprintf("%s has signed for workloads: %s; that begins with the cut-over, so the store was restored from a backup of before it, and going back would deny them", to(n), found),
		Hints:  []string{fmt.Sprintf("run %q: %s; to leave %s again, start another rotation afterwards", again(n), ends, to(n))},
	}
}

// inFiles looks for a certificate of the issuer among those that issue and renew wrote
// where nothing else was said. What cannot be read shows nothing: Roles Anywhere is
// asked besides.
func (r *retreat) inFiles(n store.Rotation, issuer *x509.Certificate) (found string, err error) {
	err = filepath.WalkDir(filepath.Join(r.Folder.Dir, "out", n.Environment), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || entry.Name() != issuance.CertificateFile && entry.Name() != issuance.CombinedFile {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return nil
		}
		key, list, err := issuance.ParseCombined(text)
		clear(key)
		clear(text)
		if err == nil && r.forWorkload(n, list[0], issuer) {
			found = fmt.Sprintf("%s, in %s", certificateIn(n, list[0]), path)
			return fs.SkipAll
		}
		return nil
	})
	return found, err
}

// inUse looks for a certificate of the issuer among those that Roles Anywhere has seen
// at a target since the rotation was started, the latest first.
func (r *retreat) inUse(ctx context.Context, anchor plan.Addr, n store.Rotation, issuer *x509.Certificate) (found string, err error) {
	api, err := r.subjects(ctx, anchor)
	if err != nil || api.List == nil {
		return "", err
	}
	all, err := api.List(ctx)
	if err != nil {
		return "", fmt.Errorf("reading the subjects at %s: %w", anchor.Target, err)
	}
	all = slices.DeleteFunc(all, func(s subjects.Summary) bool { return s.LastSeen.Unix() < n.Started })
	slices.SortFunc(all, func(a, b subjects.Summary) int { return b.LastSeen.Compare(a.LastSeen) })
	all = all[:min(len(all), mostAsked)]
	for i, summary := range all {
		r.tell("asking Roles Anywhere for subject %d of %d at %s", i+1, len(all), anchor.Target)
		subject, err := api.Get(ctx, summary.ID)
		if err != nil {
			return "", fmt.Errorf("reading the subject %s: %w", summary.ARN, err)
		}
		for _, credential := range subject.Credentials {
			if c := credential.Certificate(); c != nil && r.forWorkload(n, c, issuer) {
				one := certificateIn(n, c)
				one.Seen = credential.Seen.UTC()
				return fmt.Sprintf("%s at %s", one, anchor.Target), nil
			}
		}
	}
	return "", nil
}

// forWorkload reports whether the issuer signed a certificate, and not for the probe:
// anybody may show Roles Anywhere one that only looks like it.
func (r *retreat) forWorkload(n store.Rotation, c, issuer *x509.Certificate) bool {
	probe := pki.WorkloadURI(n.Environment, r.Folder.Config.Estate.TrustDomain, config.ProbeWorkload)
	return pki.SignedBy(c, issuer) && (len(c.URIs) == 0 || c.URIs[0].String() != probe)
}

// certificateIn is a certificate that is not on record.
func certificateIn(n store.Rotation, c *x509.Certificate) Certificate {
	return Certificate{Workload: n.Environment + "/" + c.Subject.CommonName, Serial: pki.SerialHex(c), NotAfter: c.NotAfter.UTC()}
}

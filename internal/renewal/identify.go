package renewal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"anchorctl/internal/hint"
	"anchorctl/internal/pki"
	"anchorctl/internal/plan"
)

// identify reads whose certificate lies here. One that no record knows, and one
// without its key, is nothing to renew.
func (r *one) identify(ctx context.Context) (known bool, err error) {
	if r.form, err = formOf(r.place.dir); err != nil {
		return false, err
	}
	if r.form == "" {
		return false, r.nothing()
	}
	if r.here, err = certificateIn(r.place.dir); err != nil {
		return false, err
	}
	var found bool
	if r.record, found, err = r.folder.Store.IssuedBySPKI(ctx, pki.SPKIDigest(r.here)); err != nil {
		return false, err
	}
	if !found {
		return false, r.skip("the estate has no record of the certificate")
	}
	r.outcome.Address = plan.Workload(r.record.Environment, r.record.Workload).String()
	r.outcome.Instance = r.record.Instance
	r.describe()
	if w := r.want; w != nil && (w.Environment != r.record.Environment || w.Workload != r.record.Workload || w.Instance != r.record.Instance) {
		return false, fmt.Errorf("%q holds the certificate of %s", r.place.dir, r.name())
	}
	why, err := r.leftAlone()
	if err != nil {
		return false, err
	}
	if why != "" {
		return false, r.skip(why)
	}
	return true, nil
}

// leftAlone says why the certificate is not ours to renew, or "".
func (r *one) leftAlone() (why string, err error) {
	key, err := publicIn(r.place.dir)
	env := r.folder.Config.Environments[r.record.Environment]
	switch {
	case errors.Is(err, errSealed):
		return "its key is encrypted: issue it anew with --format encrypted, and its passphrase", nil
	case err != nil:
		return "", err
	case key == nil:
		return "its key is not here: whoever holds it sends a certificate request, for issue --csr", nil
	case r.record.Revoked != nil && (!r.o.Force || r.want == nil):
		return "it was revoked: name it and add --force, when its host is to have another one", nil
	case env == nil || env.Workloads[r.record.Workload] == nil:
		return "anchorctl.yaml does not name the workload any more", nil
	}
	return "", nil
}

func (r *one) nothing() error {
	return hint.With(fmt.Errorf("there is no certificate in %q", r.place.dir), `run "anchorctl issue ENV/WORKLOAD" first, or name its folder with --out`)
}

// skip leaves a folder of many alone; of the one that was named it is an error.
func (r *one) skip(why string) error {
	if r.want != nil {
		return errors.New(why)
	}
	r.outcome.Action, r.outcome.Why = Skipped, why
	return nil
}

// describe says what is in place.
func (r *one) describe() {
	ends := r.here.NotAfter.UTC()
	due := Due(time.Unix(r.record.Created, 0).UTC(), ends,
		Slot(r.folder.Estate.Lineage, r.record.Environment, r.record.Workload, r.record.Instance))
	r.outcome.SerialHex, r.outcome.NotAfter, r.outcome.Due = pki.SerialHex(r.here), &ends, &due
}

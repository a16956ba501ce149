package renewal

import (
	"context"
	"fmt"
	"time"

	"anchorctl/internal/issuance"
)

// Delivery is a workload's files on their way to its host.
type Delivery struct {
	Environment, Workload, Instance     string
	Folder                              string
	KeyFile, CertificateFile, ChainFile string // ChainFile may be empty
	SerialHex                           string
	NotAfter                            time.Time
}

// Environ are the variables that tell a program of it. None of them is secret.
func (d Delivery) Environ() []string {
	return []string{
		"ANCHORCTL_ENVIRONMENT=" + d.Environment,
		"ANCHORCTL_WORKLOAD=" + d.Workload,
		"ANCHORCTL_INSTANCE=" + d.Instance,
		"ANCHORCTL_FOLDER=" + d.Folder,
		"ANCHORCTL_KEY_FILE=" + d.KeyFile,
		"ANCHORCTL_CERTIFICATE_FILE=" + d.CertificateFile,
		"ANCHORCTL_CHAIN_FILE=" + d.ChainFile,
		"ANCHORCTL_SERIAL=" + d.SerialHex,
		"ANCHORCTL_NOT_AFTER=" + d.NotAfter.UTC().Format(time.RFC3339),
	}
}

// owe makes it known, before the files change, that they have to be pushed: what
// was pushed last is written down, and it is not what will be in place.
func (r *one) owe() error {
	if r.o.Push == nil {
		return nil
	}
	_, kept, err := r.place.pushed()
	if err != nil || kept {
		return err
	}
	return r.place.notePushed("none")
}

// delivery is what is in place. Of a combined file, each of its parts is the file;
// a batch has its chain once for all, elsewhere.
func (r *one) delivery() Delivery {
	d := Delivery{
		Environment: r.record.Environment, Workload: r.record.Workload, Instance: r.record.Instance, Folder: r.place.dir,
		KeyFile: r.place.path(issuance.KeyFile), CertificateFile: r.place.path(issuance.CertificateFile), ChainFile: r.place.path(issuance.ChainFile),
		SerialHex: r.outcome.SerialHex, NotAfter: *r.outcome.NotAfter,
	}
	if there, err := exists(d.ChainFile); err != nil || !there {
		d.ChainFile = ""
	}
	if r.form == issuance.FormatCombined {
		all := r.place.path(issuance.CombinedFile)
		d.KeyFile, d.CertificateFile, d.ChainFile = all, all, all
	}
	return d
}

// push pushes what is in place when that was not pushed yet, be it of this run,
// of an earlier one, or of an issue. Where nothing was ever pushed and nobody
// pushes, nothing is owed.
func (r *one) push(ctx context.Context) error {
	last, kept, err := r.place.pushed()
	if err != nil || last == r.outcome.SerialHex || !kept && r.o.Push == nil {
		return err
	}
	r.outcome.Push = PushOwed
	if r.o.Push == nil {
		return nil
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if err := r.o.Push(ctx, r.delivery()); err != nil {
		return fmt.Errorf("%w; the next run tries it again", err)
	}
	if err := r.place.notePushed(r.outcome.SerialHex); err != nil {
		return err
	}
	r.outcome.Push = PushDone
	return nil
}

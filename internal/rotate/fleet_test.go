package rotate_test

import (
	"context"
	"crypto"
	"crypto/x509"
	"fmt"
	"testing"
	"time"

	"anchorctl/internal/estate/estatetest"
	"anchorctl/internal/folder"
	"anchorctl/internal/issuance"
	"anchorctl/internal/keys"
	"anchorctl/internal/pki"
	"anchorctl/internal/renewal"
	"anchorctl/internal/store"
)

// fleet is many instances of one workload that live while time passes: each renews
// in its slot between two thirds and three quarters of its certificate's life, with
// whatever issuer signs then, and opens a session every few hours. All of them ask the gates
// for it, with what the sandbox holds at that moment; every so many also ask the
// sandbox itself, over the wire.
type fleet struct {
	t       *testing.T
	lab     *lab
	folder  *folder.Folder
	regions []string

	members  []member
	born     int           // how many of them there are by now
	wave     int           // how many are born each time
	every    int           // passes from one session to the next
	wire     int           // of so many, one asks the sandbox itself
	idle     bool          // nobody renews, and nobody asks
	quiet    bool          // nobody asks
	last     time.Time     // pass
	passes   int           // so far
	renewals int           // so far
	sessions int           // by the gates
	real     int           // over the wire
	issuing  time.Duration // wall time
	judging  time.Duration
}

type member struct {
	instance    string
	certificate *x509.Certificate
	key         crypto.Signer
	due         time.Time
}

// settle makes a fleet of n that is born in waves, and has it live in the lab.
func settle(t *testing.T, l *lab, n, waves int, regions ...string) *fleet {
	t.Helper()
	f := &fleet{t: t, lab: l, folder: l.Open(t).Folder, regions: regions, wave: (n + waves - 1) / waves, every: 8, wire: 100}
	for i := range n {
		f.members = append(f.members, member{instance: fmt.Sprintf("i%05d", i)})
	}
	l.Step, l.Passes, l.fleet = time.Hour, f.pass, f
	return f
}

func (f *fleet) pass(now time.Time) {
	if f.idle || now.Sub(f.last) < f.lab.Step {
		return
	}
	f.last = now
	f.passes++
	f.born = min(f.born+f.wave, len(f.members))
	var due []int
	for i := range f.born {
		if m := f.members[i]; m.certificate == nil || !now.Before(m.due) {
			due = append(due, i)
		}
	}
	begun := time.Now()
	if err := f.renew(now, due); err != nil {
		f.t.Errorf("the fleet cannot renew: %v", err)
	}
	renewed := time.Now()
	f.open()
	f.issuing, f.judging = f.issuing+renewed.Sub(begun), f.judging+time.Since(renewed)
}

// hurry renews all of them now.
func (f *fleet) hurry(now time.Time) {
	for i := range f.members {
		f.members[i].due = now
	}
	f.last = time.Time{}
	f.pass(now)
}

// renew gives some of them new keys and certificates, as a batch does.
func (f *fleet) renew(now time.Time, due []int) error {
	if len(due) == 0 {
		return nil
	}
	ctx := context.Background()
	signer, err := issuance.OpenSigner(ctx, f.folder, "prod")
	if err != nil {
		return err
	}
	series, err := pki.NewSeries(signer.Parent, signer.Roots, now)
	if err != nil {
		return err
	}
	var made []store.Issued
	for _, i := range due {
		m := &f.members[i]
		grant, err := issuance.Allow(f.folder, issuance.Request{Environment: "prod", Workload: "app", Instance: m.instance})
		if err != nil {
			return err
		}
		if m.key, err = keys.Generate(grant.KeyType); err != nil {
			return err
		}
		cast, err := series.Issue(grant.Spec, m.key.Public())
		if err != nil {
			return err
		}
		if m.certificate, err = x509.ParseCertificate(cast.DER); err != nil {
			return err
		}
		m.due = renewal.Due(now, m.certificate.NotAfter, renewal.Slot("lab", "prod", "app", m.instance))
		made = append(made, store.Issued{
			Environment: "prod", Workload: "app", Instance: m.instance, Generation: signer.Generation.Number, Serial: cast.Serial,
			Certificate: cast.DER, SPKI: cast.KeyDigest,
			NotBefore: m.certificate.NotBefore.Unix(), NotAfter: m.certificate.NotAfter.Unix(),
		})
	}
	f.renewals += len(due)
	return f.folder.Store.RecordIssued(ctx, made...)
}

// open has those whose turn it is ask for a session.
func (f *fleet) open() {
	if f.quiet {
		return
	}
	stage, err := f.lab.Stage()
	if err != nil {
		f.t.Errorf("the fleet cannot see the sandbox: %v", err)
		return
	}
	for i := f.passes % f.every; i < f.born; i += f.every {
		if f.members[i].certificate == nil {
			continue
		}
		f.sessions++
		region, turn := f.regions[i%len(f.regions)], i/f.every
		if err := f.one(stage, f.members[i], region, turn%f.wire == f.passes/f.every%f.wire); err != nil {
			f.t.Errorf("at %s, %s was denied a session in %s: %v", stage.Now.Format(time.RFC3339), f.members[i].instance, region, err)
		}
	}
}

func (f *fleet) one(stage estatetest.Stage, m member, region string, wire bool) error {
	if r := stage.Ask(m.certificate, "prod", region, "app", "prod-app"); !r.Granted {
		return fmt.Errorf("%s: %s", r.Last().Name, r.Last().Detail)
	}
	if !wire {
		return nil
	}
	f.real++
	return f.lab.askAt(context.Background(), stage, region, issuance.Unfiled{Certificate: m.certificate, Key: m.key})
}

func (f *fleet) String() string {
	return fmt.Sprintf("%d instances in %d passes: %d certificates, %d sessions by the gates, %d of them over the wire too (issuing took %s, asking %s)",
		len(f.members), f.passes, f.renewals, f.sessions, f.real, f.issuing.Round(time.Millisecond), f.judging.Round(time.Millisecond))
}

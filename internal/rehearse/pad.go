package rehearse

import (
	"context"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"time"
)

// pad adds workloads until there are as many as were asked for, each at another
// point of its certificate's life. A fleet without any gets one of each workload.
func (f *fleet) pad(ctx context.Context) error {
	env, now := f.environment(), f.schedule.time()
	names := env.WorkloadNames()
	want := f.Workloads
	if want == 0 && len(f.members) == 0 {
		want = len(names)
	}
	issuer, err := x509.ParseCertificate(f.active.Certificate)
	if err != nil || len(names) == 0 {
		return err
	}
	for n := 0; len(f.members) < want; n++ {
		workload, instance := names[n%len(names)], fmt.Sprintf("rehearsal-%05d", n/len(names)+1)
		lifetime := env.LifetimeOf(workload)
		age := time.Duration(float64(lifetime) * dueShare * fraction(f.lineage, workload, instance))
		issued := later(now.Add(-age), issuer.NotBefore).Truncate(time.Second)
		m, _, err := f.enlist(ctx, life{workload, instance, issued, issued.Add(lifetime)})
		if err != nil {
			return err
		}
		f.members = append(f.members, m)
		f.padded++
		if n%batchSize == batchSize-1 {
			f.tell("made %d of %d simulated workloads", n+1, want)
		}
	}
	return nil
}

// dueShare is the share of its life after which every certificate is renewed.
const dueShare = 2.0 / 3

// fraction is a number in [0, 1) that depends on names alone.
func fraction(names ...string) float64 {
	h := fnv.New64a()
	for _, n := range names {
		_, err := h.Write(append([]byte(n), 0))
		_ = err // a hash takes everything
	}
	sum := h.Sum(nil)
	return float64(binary.BigEndian.Uint64(sum)>>11) / (1 << 53)
}

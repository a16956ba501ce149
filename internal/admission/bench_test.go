package admission_test

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"
	"testing"
	"time"

	"anchorctl/internal/admission"
	"anchorctl/internal/admission/corpus"
	"anchorctl/internal/pki/pkitest"
	"anchorctl/internal/publicca"
)

// BenchmarkVerdict judges every file of the corpus and reports how long all but
// the slowest twentieth take, beside parsing one certificate alone. Machines
// differ, the ratio hardly does.
func BenchmarkVerdict(b *testing.B) {
	made := corpus.Make(b, pkitest.Now())
	public := publicca.Load()
	if err := public.Err(); err != nil { // it is read once, before anything is judged
		b.Fatal(err)
	}
	var verdicts, parses []time.Duration
	for b.Loop() {
		for _, c := range made {
			began := time.Now()
			if _, err := admission.CheckFile(admission.CheckInput{
				At: c.File, File: reader(c.Candidate), Chain: reader(c.Chain), Root: reader(c.Root), Now: pkitest.Now(), Public: public,
			}); err != nil {
				b.Fatal(err)
			}
			verdicts = append(verdicts, time.Since(began))
			if !c.Admitted() {
				continue
			}
			block, _ := pem.Decode(c.Candidate)
			if block == nil || block.Type != "CERTIFICATE" {
				continue
			}
			began = time.Now()
			if _, err := x509.ParseCertificate(block.Bytes); err != nil {
				b.Fatal(err)
			}
			parses = append(parses, time.Since(began))
		}
	}
	verdict, parse := at(verdicts, 95), at(parses, 50)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(at(verdicts, 50).Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(verdict.Microseconds())/1000, "p95-ms")
	b.ReportMetric(float64(verdict)/float64(parse), "p95-parses")
	fmt.Printf("%-70s p50 %6.2f ms  p95 %6.2f ms\n%-70s p50 %6.3f ms\n%-70s p95 %6.0f x, where 50 ms are %.0f x\n",
		fmt.Sprintf("a verdict on each of %d files", len(made)), ms(at(verdicts, 50)), ms(verdict),
		"parsing a certificate alone", ms(parse), "ratio", float64(verdict)/float64(parse), float64(50*time.Millisecond)/float64(parse))
}

func ms(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e6 }

// at is a percentile.
func at(d []time.Duration, percent int) time.Duration {
	slices.Sort(d)
	return max(d[min(len(d)*percent/100, len(d)-1)], 1)
}

package store_test

import (
	"path/filepath"
	"testing"

	"anchorctl/internal/store"
	"anchorctl/internal/store/storetest"
)

// What one issue, as a whole process, asks of the store.
func BenchmarkOpenRecordClose(b *testing.B) {
	path := filepath.Join(b.TempDir(), "state.db")
	s, err := store.Create(b.Context(), path, storetest.Estate(), storetest.Options())
	if err != nil {
		b.Fatal(err)
	}
	if err := s.AddGeneration(b.Context(), storetest.Generation("prod", 1)); err != nil {
		b.Fatal(err)
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	n := 0
	for b.Loop() {
		n++
		s, err := store.Open(b.Context(), path, storetest.Options())
		if err != nil {
			b.Fatal(err)
		}
		if err := s.RecordIssued(b.Context(), storetest.Certificate(n)); err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	path := filepath.Join(b.TempDir(), "state.db")
	s, err := store.Create(b.Context(), path, storetest.Estate(), storetest.Options())
	if err != nil {
		b.Fatal(err)
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		s, err := store.Open(b.Context(), path, storetest.Options())
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// What a batch asks of the store for each certificate.
func BenchmarkRecordInABatch(b *testing.B) {
	s, err := store.Create(b.Context(), filepath.Join(b.TempDir(), "state.db"), storetest.Estate(), storetest.Options())
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // a benchmark
	if err := s.AddGeneration(b.Context(), storetest.Generation("prod", 1)); err != nil {
		b.Fatal(err)
	}
	const size = 500
	batch, n := make([]store.Issued, size), 0
	for b.Loop() {
		for i := range batch {
			n++
			batch[i] = storetest.Certificate(n)
		}
		if err := s.RecordIssued(b.Context(), batch...); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/certificate")
}

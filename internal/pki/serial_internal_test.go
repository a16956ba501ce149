package pki

import (
	"testing"
	"time"
)

func TestSerialsAreInTheOrderOfTheirTime(t *testing.T) {
	times := []time.Time{
		time.Unix(0, 0), time.Unix(1, 0), time.Unix(255, 0), time.Unix(256, 0),
		time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC), time.Date(2026, 11, 2, 12, 0, 1, 0, time.UTC),
		time.Date(2038, 1, 19, 3, 14, 8, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
	}
	before := ""
	for _, at := range times {
		for range 3 {
			n, err := newSerial(at)
			if err != nil {
				t.Fatal(err)
			}
			text := n.Text(16)
			if len(text) != 32 || len(n.Bytes()) != 16 {
				t.Errorf("at %s: the serial %s has %d digits, want 32", at, text, len(text))
			}
			if text[:10] < before {
				t.Errorf("at %s: the serial %s lies before %s", at, text, before)
			}
			before = text[:10]
		}
	}
}

func TestSerialsOfOneSecondHave88RandomBits(t *testing.T) {
	const drawn = 400
	at := time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)
	set := make([]int, 128) // how often each bit was set
	for range drawn {
		n, err := newSerial(at)
		if err != nil {
			t.Fatal(err)
		}
		for i := range set {
			set[i] += int(n.Bit(i))
		}
	}
	for i, n := range set {
		switch {
		case i >= 88 && n != 0 && n != drawn:
			t.Errorf("bit %d, of the time, is set in %d of %d", i, n, drawn)
		case i < 88 && (n < drawn/4 || n > drawn*3/4): // ten standard deviations
			t.Errorf("bit %d, a random one, is set in %d of %d", i, n, drawn)
		}
	}
}

func TestATimeBefore1970HasASerialToo(t *testing.T) {
	n, err := newSerial(time.Time{})
	if err != nil || n.Sign() <= 0 || len(n.Text(16)) != 32 {
		t.Errorf("got %s, %v, want a positive number of 32 digits", n, err)
	}
}

package corpus

import (
	"crypto/x509"
	"encoding/asn1"
	"time"

	"anchorctl/internal/pki/pkitest"
)

const (
	utcTime, generalizedTime = 0x17, 0x18
	day                      = 24 * time.Hour
)

// date is one date in any form.
type date struct {
	kind byte
	text string
}

func utc(t time.Time) date { return date{utcTime, t.UTC().Format("060102150405Z")} }

// dates are validities, in all the forms that one parser or another takes.
func dates() []recipe {
	spelt := func(name string, make func(m *maker) (from, to date)) recipe {
		return recipe{name, func(m *maker) Files {
			from, to := make(m)
			return m.forged(func(f *pkitest.Forgery) {
				f.Validity = asn1.RawValue{FullBytes: pkitest.TLV(0x30, pkitest.TLV(from.kind, []byte(from.text)), pkitest.TLV(to.kind, []byte(to.text)))}
			})
		}}
	}
	end := func(name string, kind byte, layout string) recipe {
		return spelt(name, func(m *maker) (date, date) {
			return utc(m.now.Add(-day)), date{kind, m.now.AddDate(0, 6, 0).Format(layout)}
		})
	}
	between := func(name string, from, to func(now time.Time) time.Time) recipe {
		return recipe{name, func(m *maker) Files { return m.issuer(pkitest.Dates(from(m.now), to(m.now))) }}
	}
	after := func(d time.Duration) func(time.Time) time.Time {
		return func(t time.Time) time.Time { return t.Add(d) }
	}
	return []recipe{
		end("date/no-seconds.pem", utcTime, "0601021504Z"),
		end("date/offset.pem", utcTime, "060102150405+0100"),
		end("date/no-seconds-and-offset.pem", utcTime, "0601021504-0500"),
		end("date/no-zone.pem", utcTime, "060102150405"),
		end("date/generalized-too-early.pem", generalizedTime, "20060102150405Z"),
		end("date/generalized-fraction.pem", generalizedTime, "20060102150405.5Z"),
		end("date/generalized-no-seconds.pem", generalizedTime, "200601021504Z"),
		end("date/generalized-offset.pem", generalizedTime, "20060102150405+0100"),
		end("date/utc-with-century.pem", utcTime, "20060102150405Z"),
		end("date/lower-case-z.pem", utcTime, "060102150405z"),
		end("date/as-text.pem", utf8Kind, "060102150405Z"),
		spelt("date/month-13.pem", func(m *maker) (date, date) { return utc(m.now.Add(-day)), date{utcTime, "281301000000Z"} }),
		spelt("date/february-30.pem", func(m *maker) (date, date) { return utc(m.now.Add(-day)), date{utcTime, "280230000000Z"} }),
		spelt("date/second-60.pem", func(m *maker) (date, date) { return utc(m.now.Add(-day)), date{utcTime, "280101000060Z"} }),
		spelt("date/hour-24.pem", func(m *maker) (date, date) { return utc(m.now.Add(-day)), date{utcTime, "280101240000Z"} }),
		spelt("date/spaces.pem", func(m *maker) (date, date) { return utc(m.now.Add(-day)), date{utcTime, "28 101000000Z"} }),
		spelt("date/reversed.pem", func(m *maker) (date, date) { return utc(m.now.Add(day)), utc(m.now.Add(-day)) }),
		between("date/expired.pem", after(-400*day), after(-time.Hour)),
		between("date/not-yet-valid.pem", after(time.Hour), after(300*day)),
		between("date/one-second-long.pem", after(-time.Hour), after(-time.Hour+time.Second)),
		between("date/ends-in-44-days.pem", after(-300*day), after(44*day+time.Hour)),
		between("date/ends-in-46-days.pem", after(-300*day), after(46*day)),
		between("date/two-years.pem", after(-time.Hour), after(730*day)),
		between("date/five-years.pem", after(-time.Hour), after(5*365*day)),
		{"date/ends-with-root.pem", func(m *maker) Files {
			root := m.newRoot(pkitest.Dates(m.now.Add(-day), m.now.Add(365*day)))
			return below(root, m.issue(root, pkitest.Dates(m.now.Add(-day), m.now.Add(365*day))).PEM())
		}},
		{"date/ends-after-root.pem", func(m *maker) Files {
			root := m.newRoot(pkitest.Dates(m.now.Add(-day), m.now.Add(365*day)))
			return below(root, m.issue(root, pkitest.Dates(m.now.Add(-day), m.now.Add(365*day+time.Second))).PEM())
		}},
		{"date/begins-before-root.pem", func(m *maker) Files {
			root := m.newRoot(pkitest.Dates(m.now.Add(-day), m.now.Add(900*day)))
			return below(root, m.issue(root, pkitest.Dates(m.now.Add(-30*day), m.now.Add(300*day))).PEM())
		}},
		{"date/beyond-2050.pem", func(m *maker) Files {
			far := time.Date(2055, 1, 1, 0, 0, 0, 0, time.UTC)
			root := m.newRoot(pkitest.Dates(m.now.Add(-day), far))
			return below(root, m.issue(root, pkitest.Dates(m.now.Add(-day), far)).PEM())
		}},
		{"date/year-9999.pem", func(m *maker) Files {
			never := time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
			root := m.newRoot(pkitest.Dates(m.now.Add(-day), never))
			return below(root, m.issue(root, pkitest.Dates(m.now.Add(-day), never)).PEM())
		}},
		{"date/root-of-30-years.pem", func(m *maker) Files { return m.under(pkitest.Dates(m.now.AddDate(-10, 0, 0), m.now.AddDate(20, 0, 0))) }},
		{"date/root-expired.pem", func(m *maker) Files { return m.under(pkitest.Dates(m.now.AddDate(-9, 0, 0), m.now.Add(-time.Hour))) }},
		{"date/root-not-yet-valid.pem", func(m *maker) Files { return m.under(pkitest.Dates(m.now.Add(time.Hour), m.now.AddDate(9, 0, 0))) }},
		{"date/middle-expired.pem", func(m *maker) Files {
			return m.throughMiddle(pkitest.Dates(m.now.AddDate(-2, 0, 0), m.now.Add(-time.Hour)))
		}},
		{"date/middle-outlives-root.pem", func(m *maker) Files {
			return m.throughMiddle(pkitest.Dates(m.now.AddDate(0, -1, 0), m.now.AddDate(20, 0, 0)))
		}},
		{"date/outlives-middle.pem", func(m *maker) Files {
			return m.throughMiddle(pkitest.Dates(m.now.AddDate(0, -1, 0), m.now.AddDate(0, 3, 0)), pkitest.With(func(*x509.Certificate) {}))
		}},
	}
}

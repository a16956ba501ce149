package config

import (
	"errors"
	"fmt"
	"strconv"
	"time"
)

const day = 24 * time.Hour

// Duration is a time.Duration that the file writes in days, hours, minutes and
// seconds: "3650d", "1d12h", "90m". It is positive and whole seconds.
type Duration time.Duration

// DurationPattern is the form of a Duration.
const DurationPattern = `^([0-9]{1,6}d)?([0-9]{1,8}h)?([0-9]{1,8}m)?([0-9]{1,8}s)?$`

var durationShape = compiled(DurationPattern)

// maxDuration bounds every sum: a century, and far from an overflow.
const maxDuration = 36525 * day

// ParseDuration reads the text form.
func ParseDuration(text string) (Duration, error) {
	m := durationShape().FindStringSubmatch(text)
	if m == nil || text == "" {
		return 0, errors.New(`must be whole days, hours, minutes and seconds, in this order, such as "365d", "12h" or "1h30m"`)
	}
	var sum time.Duration
	for i, unit := range []time.Duration{day, time.Hour, time.Minute, time.Second} {
		if m[i+1] == "" {
			continue
		}
		n, err := strconv.Atoi(m[i+1][:len(m[i+1])-1])
		if err != nil {
			return 0, fmt.Errorf("reading %q: %w", m[i+1], err)
		}
		if n > int(maxDuration/unit) {
			return 0, errors.New("must be at most 36525d")
		}
		sum += time.Duration(n) * unit
	}
	if sum > maxDuration {
		return 0, errors.New("must be at most 36525d")
	}
	if sum == 0 {
		return 0, errors.New("must be longer than nothing")
	}
	return Duration(sum), nil
}

// String is the shortest text form. One day is "24h", as people say it.
func (d Duration) String() string {
	rest := time.Duration(d)
	text := ""
	add := func(unit time.Duration, letter string) {
		if n := rest / unit; n > 0 {
			text += strconv.FormatInt(int64(n), 10) + letter
			rest -= n * unit
		}
	}
	if rest >= 2*day {
		add(day, "d")
	}
	add(time.Hour, "h")
	add(time.Minute, "m")
	add(time.Second, "s")
	if text == "" {
		return "0s"
	}
	return text
}

// MarshalText is String.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText is ParseDuration.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := ParseDuration(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}

// Date is a day in UTC: "2027-03-31".
type Date struct{ start time.Time }

// DatePattern is the form of a Date.
const DatePattern = `^[0-9]{4}-[0-9]{2}-[0-9]{2}$`

// Time is the moment the day begins.
func (d Date) Time() time.Time { return d.start }

// String is the text form.
func (d Date) String() string { return d.start.Format(time.DateOnly) }

// MarshalText is String.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads the text form.
func (d *Date) UnmarshalText(text []byte) error {
	t, err := time.Parse(time.DateOnly, string(text))
	if err != nil || t.Year() < 1970 {
		return errors.New(`must be a day written as year-month-day, such as "2027-03-31"`)
	}
	d.start = t
	return nil
}

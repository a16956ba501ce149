package main

import (
	"fmt"
	"strconv"
	"time"

	"anchorctl/internal/cmdline"
	"anchorctl/internal/publicca"
	"anchorctl/internal/render"
	"anchorctl/internal/terminal"
)

// publicSet is what --public-set shows.
type publicSet struct {
	Date       time.Time         `json:"date"`
	AgeDays    int               `json:"ageDays"`
	MaxAgeDays int               `json:"maxAgeDays"`
	Stale      bool              `json:"stale"`
	Count      int               `json:"count"`
	Hashed     int               `json:"hashed"` // known by hashes alone
	Kinds      []kindCount       `json:"kinds"`
	Sources    []publicca.Source `json:"sources"`
}

type kindCount struct {
	Kind  publicca.Kind `json:"kind"`
	Count int           `json:"count"`
}

func checkPublicSet(c *cmdline.Call, asked bool) (cmdline.Reply, error) {
	if !asked {
		return cmdline.Reply{}, terminal.Usage("anchorctl check needs a command or --public-set", `run "anchorctl check --help"`)
	}
	set := publicca.Load()
	if err := set.Err(); err != nil {
		return cmdline.Reply{}, err
	}
	warnOfAge(c, set.Date(), set.Stale(c.Clock.Now()))
	s := publicSet{
		Date: set.Date(), AgeDays: days(c.Clock.Now().Sub(set.Date())), MaxAgeDays: days(publicca.MaxAge), Stale: set.Stale(c.Clock.Now()),
		Count: set.Count(), Hashed: set.Hashed(), Sources: set.Sources(),
	}
	for _, kind := range publicca.Kinds() {
		s.Kinds = append(s.Kinds, kindCount{kind, set.CountOf(kind)})
	}
	return cmdline.Reply{Result: s, Page: func(p *render.Page) { publicSetPage(p, s) }}, nil
}

func days(d time.Duration) int { return int(d / (24 * time.Hour)) }

// warnOfAge says that the set has grown old, if it has.
func warnOfAge(c *cmdline.Call, date time.Time, stale bool) {
	if stale {
		c.Voice.Warning(fmt.Sprintf("the list of public CAs is of %s and may miss newer ones", date.Format(time.DateOnly)),
			"use a newer release of anchorctl")
	}
}

func publicSetPage(p *render.Page, s publicSet) {
	fields := []render.Field{
		{Name: "date", Value: fmt.Sprintf("%s, %d days ago; old after %d days", s.Date.Format(time.DateOnly), s.AgeDays, s.MaxAgeDays)},
		{Name: "keys", Value: fmt.Sprintf("%d, of %d only hashes are known", s.Count, s.Hashed)},
	}
	for _, k := range s.Kinds {
		fields = append(fields, render.Field{Name: "  " + string(k.Kind), Value: strconv.Itoa(k.Count)})
	}
	p.Fields(fields...)
	p.Blank()
	rows := make([][]string, len(s.Sources))
	for i, source := range s.Sources {
		date := "not known"
		if !source.Date.IsZero() {
			date = source.Date.Format(time.DateOnly)
		}
		rows[i] = []string{strconv.Itoa(source.Count), date, source.Kind, source.Name, source.Version}
	}
	p.Table([]string{"KEYS", "DATE", "KIND", "SOURCE", "VERSION"}, rows)
}

package rehearse_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/rehearse"
)

var update = flag.Bool("update", false, "rewrite the golden picture")

var start = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)

func at(hours float64) time.Time { return start.Add(time.Duration(hours * float64(time.Hour))) }

// day is a rotation of a day, drawn from made-up numbers.
func day() rehearse.Timeline {
	t := rehearse.Timeline{
		Environment: "prod", From: "issuer/prod#1", To: "issuer/prod#2", Start: start, End: at(26), Opened: 1040, Denied: 3, Workloads: 40,
		Lanes: []rehearse.Lane{
			{Name: "root#1", Segments: []rehearse.Segment{{From: start, To: at(26), Text: "signs issuers", Look: rehearse.LookRoot}}},
			{Name: "issuer/prod#1", Segments: []rehearse.Segment{
				{From: start, To: at(1), Text: "active", Look: rehearse.LookOld}, {From: at(1), To: at(25), Text: "draining", Look: rehearse.LookFading},
			}},
			{Name: "issuer/prod#2", Segments: []rehearse.Segment{
				{From: at(0.5), To: at(1), Text: "next", Look: rehearse.LookIdle}, {From: at(1), To: at(26), Text: "active", Look: rehearse.LookNew},
			}},
			{Name: "waits", Segments: []rehearse.Segment{{From: at(1), To: at(25), Text: "ANC503, not drained", Look: rehearse.LookWait}}},
		},
		Steps: []rehearse.Step{
			{At: at(0.5), Action: "issuer.mint issuer/prod#2", Kind: "issuer.mint"}, {At: at(1), Action: "issuer.activate issuer/prod#2", Kind: "issuer.activate"},
			{At: at(25), Action: "issuer.retire issuer/prod#1", Kind: "issuer.retire"},
		},
	}
	for i := range 13 {
		t.Buckets = append(t.Buckets, rehearse.Bucket{From: at(float64(2 * i)), To: at(float64(2*i + 2)), Old: max(0, 40-4*i), New: 4 * i, Opened: 80})
	}
	t.Buckets[6].Denied = 3
	return t
}

func TestThePictureIsTheOneThatWasLookedAt(t *testing.T) {
	golden := filepath.Join("testdata", "timeline.svg")
	got := day().SVG()
	if *update {
		if err := os.WriteFile(golden, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("the picture has changed; look at it, then run with -update:\n%s", diff)
	}
}

// elements reads a picture as XML, and counts its elements.
func elements(t *testing.T, picture []byte) map[string]int {
	t.Helper()
	count := map[string]int{}
	decoder := xml.NewDecoder(bytes.NewReader(picture))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return count
		}
		if err != nil {
			t.Fatalf("it is not well-formed: %v\n%s", err, picture)
		}
		if e, ok := token.(xml.StartElement); ok {
			count[e.Name.Local]++
			for _, a := range e.Attr {
				if strings.HasPrefix(a.Name.Local, "on") || a.Name.Local == "href" {
					t.Errorf("%s has %s", e.Name.Local, a.Name.Local)
				}
			}
		}
	}
}

func TestAPictureIsWellFormedAndNeedsNothingElse(t *testing.T) {
	hostile := day()
	hostile.Environment = `a"><script>alert(1)</script>&`
	hostile.Lanes[0].Name = "]]></style><image href='x'/>"
	hostile.Steps[0].Action = "<foreignObject>\x00"
	renewal := day()
	renewal.To = renewal.From
	for name, picture := range map[string]rehearse.Timeline{
		"a rotation":                       day(),
		"a renewal":                        renewal,
		"names that are markup":            hostile,
		"nothing happened":                 {Start: start, End: start},
		"an end before the start":          {Start: start, End: at(-1), Buckets: []rehearse.Bucket{{From: start, To: start}}},
		"a rotation of years, with no one": {Start: start, End: at(24 * 900), Buckets: []rehearse.Bucket{{From: start, To: at(24 * 900)}}},
	} {
		t.Run(name, func(t *testing.T) {
			count := elements(t, picture.SVG())
			if count["svg"] != 1 || count["desc"] != 1 || count["title"] == 0 {
				t.Errorf("its elements are %v", count)
			}
			for _, e := range []string{"script", "image", "foreignObject", "a", "use"} {
				if count[e] > 0 {
					t.Errorf("it has %q", e)
				}
			}
		})
	}
}

func TestAPictureSaysInWordsWhatItShows(t *testing.T) {
	picture := string(day().SVG())
	for _, want := range []string{
		`role="img" aria-labelledby="title desc"`,
		"40 workloads, 1040 sessions, 3 denied, from 2026-11-02 12:00 UTC to 2026-11-03 14:00 UTC.",
		"issuer/prod#1: active from 2026-11-02 12:00 UTC to 2026-11-02 13:00 UTC; draining from 2026-11-02 13:00 UTC to 2026-11-03 13:00 UTC.",
		"issuer.activate issuer/prod#2 at 2026-11-02 13:00 UTC.",
		"prefers-color-scheme:dark",
		`class="bad">40 workloads`,
		"<title>2026-11-03 00:00 UTC: 80 opened, 3 denied</title>",
	} {
		if !strings.Contains(picture, want) {
			t.Errorf("it lacks %q", want)
		}
	}
}

func TestStepsThatLieNearEachOtherShareABadge(t *testing.T) {
	near := day()
	near.Steps = near.Steps[:1]
	for i := range 19 {
		near.Steps = append(near.Steps, rehearse.Step{At: at(0.5).Add(time.Duration(i) * time.Minute), Action: "anchor.publish"})
	}
	near.Steps = append(near.Steps, rehearse.Step{At: at(25), Action: "issuer.retire"})
	picture := string(near.SVG())
	for _, want := range []string{">1–20</text>", ">21</text>", ">and 5 more</text>"} {
		if !strings.Contains(picture, want) {
			t.Errorf("it lacks %q", want)
		}
	}
}

package house

import (
	"errors"
	"fmt"
	"go/doc"
	"slices"
	"strings"
)

// The marks between which ARCHITECTURE.md lists the rooms.
const (
	roomsBegin = "<!-- rooms: written by make docs -->\n"
	roomsEnd   = "<!-- rooms end -->\n"
)

// Rooms is the list of the packages by floor, from the top, each with the first
// sentence of its comment.
func Rooms(packages []Package) string {
	var b strings.Builder
	floors := Floors()
	for i := len(floors) - 1; i >= 0; i-- {
		fmt.Fprintf(&b, "\n**%d %s**\n\n", floors[i].Level, floors[i].Name)
		for _, p := range packages {
			outer, _ := split(p.Room)
			if slices.Contains(floors[i].Rooms, outer) && !slices.Contains(Workshop(), p.Room) {
				line(&b, p)
			}
		}
	}
	b.WriteString("\n**beside the house**\n\n")
	for _, p := range packages {
		if slices.Contains(Workshop(), p.Room) {
			line(&b, p)
		}
	}
	return b.String() + "\n"
}

func line(b *strings.Builder, p Package) {
	sentence := new(doc.Package).Synopsis(p.Doc())
	for _, begin := range []string{"Package ", "Command "} {
		if rest, ok := strings.CutPrefix(sentence, begin); ok {
			sentence = rest
			break
		}
	}
	_, what, _ := strings.Cut(sentence, " ")
	fmt.Fprintf(b, "- `%s` %s\n", p.Room, what)
}

// WithRooms is the text of ARCHITECTURE.md with its list of rooms brought up to
// date.
func WithRooms(text string, packages []Package) (string, error) {
	before, rest, found := strings.Cut(text, roomsBegin)
	_, after, ended := strings.Cut(rest, roomsEnd)
	if !found || !ended {
		return "", errors.New("updating ARCHITECTURE.md: it has no marks for the list of rooms")
	}
	return before + roomsBegin + Rooms(packages) + roomsEnd + after, nil
}

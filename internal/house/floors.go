package house

import (
	"fmt"
	"slices"
	"strings"
)

// Module is the path that every import of ours begins with.
const Module = "anchorctl"

// Floor is a set of rooms that know nothing of each other. Imports go to lower
// floors only.
type Floor struct {
	Level int
	Name  string
	Rooms []string
}

// Floors are the floors, from the ground up.
func Floors() []Floor {
	return []Floor{
		{0, "ground", []string{"clock", "durable", "hint", "iamactions", "plan", "printable", "signature"}},
		{1, "craft", []string{"iampolicy", "keys", "ownership", "pki", "publicca", "sigx509"}},
		{2, "machinery", []string{"config", "engine", "rules", "store"}},
		{3, "judgement", []string{"admission", "folder", "gates", "grants", "objects", "verdict"}},
		{4, "resources", []string{"anchors", "crls", "issuers", "profiles", "roles", "scrutiny", "subjects", "vetting"}},
		{5, "features", []string{"ceremony", "estate", "inventory", "issuance", "operator", "revocation", "session"}},
		{6, "runbook", []string{"batch", "calendar", "denial", "prove", "renewal", "rotate", "survey", "wallet"}},
		{7, "windows", []string{"awsapi", "render", "sandbox", "terminal"}},
		{8, "frame", []string{"cmdline", "rehearse"}},
		{9, "door", []string{"cmd/anchorctl"}},
	}
}

// Chambers are the floors inside a room that has several: its own packages
// only import those on lower floors inside it, and nobody outside imports them.
func Chambers() map[string][]Floor {
	return map[string][]Floor{
		"sandbox": {
			{0, "limits", []string{"limits", "sigv4"}},
			{1, "wire", []string{"wire"}},
			{2, "state", []string{"world"}},
			{3, "services", []string{"anywhere", "iam", "sts", "tagging"}},
			{4, "seed", []string{"seed"}},
		},
	}
}

// Workshop are the packages that stand beside the house: tests and tools. No
// room imports them outside its tests.
func Workshop() []string {
	return []string{"bench", "config/schema", "estate/estatetest", "folder/foldertest", "house", "house/cmd/generate", "house/cmd/testreport", "iamactions/cmd/generate", "pki/pkitest", "publicca/cmd/publicset", "admission/corpus", "admission/corpus/write", "store/storetest"}
}

// Room is the name of the package of an import path: what comes after
// "anchorctl/" and "internal/".
func Room(importPath string) string {
	return strings.TrimPrefix(strings.TrimPrefix(importPath, Module+"/"), "internal/")
}

// split is the room of a package and the chamber inside it, if any.
func split(room string) (outer, chamber string) {
	if strings.HasPrefix(room, "cmd/") {
		return room, ""
	}
	outer, chamber, _ = strings.Cut(room, "/")
	return outer, chamber
}

// level is the level of a name among floors.
func level(floors []Floor, name string) (Floor, bool) {
	i := slices.IndexFunc(floors, func(f Floor) bool { return slices.Contains(f.Rooms, name) })
	if i < 0 {
		return Floor{}, false
	}
	return floors[i], true
}

// MayImport says why the package at from may not import that at to, or "".
func MayImport(from, to string) string {
	if slices.Contains(Workshop(), from) {
		return ""
	}
	if slices.Contains(Workshop(), to) {
		return fmt.Sprintf("%s stands beside the house: only tests use it", to)
	}
	fromOuter, fromInner := split(from)
	toOuter, toInner := split(to)
	if fromOuter == toOuter {
		return withinRoom(fromOuter, fromInner, toInner)
	}
	if toInner != "" {
		return fmt.Sprintf("%s is a chamber of %s: others know the room, not what is inside", to, toOuter)
	}
	below, ok := level(Floors(), toOuter)
	above, found := level(Floors(), fromOuter)
	if !ok || !found {
		return "one of them has no floor: give it one in internal/house/floors.go"
	}
	if below.Level >= above.Level {
		return fmt.Sprintf("%s is on floor %d (%s), %s on floor %d (%s): imports go strictly downward, so that what lies below can be understood, tested and changed without what lies above",
			from, above.Level, above.Name, to, below.Level, below.Name)
	}
	return ""
}

func withinRoom(room, from, to string) string {
	floors := Chambers()[room]
	below, ok := level(floors, to)
	if to == "" || !ok {
		return fmt.Sprintf("the chambers of %s know nothing of the room, and each has a floor in internal/house/floors.go", room)
	}
	if from == "" {
		return ""
	}
	above, ok := level(floors, from)
	if !ok || below.Level >= above.Level {
		return fmt.Sprintf("inside %s, imports go strictly downward too: %s is not below %s", room, to, from)
	}
	return ""
}

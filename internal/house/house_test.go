package house_test

import (
	"go/ast"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"anchorctl/internal/house"
)

const root = "../.."

func packages(t *testing.T) []house.Package {
	t.Helper()
	list, err := house.Read(root)
	if err != nil {
		t.Fatal(err)
	}
	if len(list) < 30 {
		t.Fatalf("only %d packages were found: are these the right folders?", len(list))
	}
	return list
}

func inWorkshop(room string) bool { return slices.Contains(house.Workshop(), room) }

func TestImportsGoStrictlyDownward(t *testing.T) {
	for _, p := range packages(t) {
		for _, f := range p.Files {
			for _, target := range f.Imports {
				if !strings.HasPrefix(target, house.Module+"/") {
					continue
				}
				if reason := house.MayImport(p.Room, house.Room(target)); reason != "" {
					t.Errorf("%s imports %s: %s", f.Path, target, reason)
				}
			}
		}
	}
}

func TestEveryRoomOfTheFloorsIsThereAndEveryPackageHasAFloor(t *testing.T) {
	known := map[string]bool{}
	for _, f := range house.Floors() {
		for _, room := range f.Rooms {
			known[room] = true
		}
	}
	for outer, floors := range house.Chambers() {
		for _, f := range floors {
			for _, chamber := range f.Rooms {
				known[outer+"/"+chamber] = true
			}
		}
	}
	for _, room := range house.Workshop() {
		known[room] = true
	}
	for _, p := range packages(t) {
		if !known[p.Room] {
			t.Errorf("%s has no floor: give it one in internal/house/floors.go", p.Room)
		}
		delete(known, p.Room)
	}
	for room := range known {
		t.Errorf("internal/house/floors.go names %s, which is not there", room)
	}
}

func TestMayImport(t *testing.T) {
	for _, test := range []struct {
		from, to string
		may      bool
	}{
		{"estate", "anchors", true},
		{"cmd/anchorctl", "plan", true},
		{"anchors", "estate", false},
		{"anchors", "profiles", false},
		{"rules", "gates", false},
		{"sandbox", "sandbox/anywhere", true},
		{"sandbox/anywhere", "sandbox/world", true},
		{"sandbox/anywhere", "gates", true},
		{"sandbox/anywhere", "sandbox/iam", false},
		{"sandbox/world", "sandbox/anywhere", false},
		{"sandbox/world", "sandbox", false},
		{"sandbox/world", "terminal", false},
		{"cmd/anchorctl", "sandbox/world", false},
		{"rules", "pki/pkitest", false},
		{"bench", "pki/pkitest", true},
		{"estate", "nowhere", false},
		{"nowhere", "plan", false},
	} {
		if reason := house.MayImport(test.from, test.to); (reason == "") != test.may {
			t.Errorf("%s imports %s: may is %v, the reason is %q", test.from, test.to, !test.may, reason)
		}
	}
}

func TestPackageNamesSayWhatIsInThem(t *testing.T) {
	drawers := []string{"util", "utils", "common", "helper", "helpers", "shared", "misc", "base", "lib", "types", "models", "core"}
	for _, p := range packages(t) {
		for _, word := range strings.Split(p.Room, "/") {
			if slices.Contains(drawers, word) {
				t.Errorf("%s: %q says nothing of what is inside, so everything ends up there; move each thing to the room of its noun", p.Room, word)
			}
		}
		if p.Name != "main" && p.Name != path.Base(p.Room) && len(p.Files) > 0 {
			t.Errorf("%s holds package %s: folder and package have one name", p.Room, p.Name)
		}
	}
}

func TestEveryPackageSaysWhatItKnowsAndMustNotKnow(t *testing.T) {
	for _, p := range packages(t) {
		if len(p.Files) == 0 {
			t.Errorf("%s has tests only: it needs a doc.go", p.Room)
			continue
		}
		doc := strings.Join(strings.Fields(p.Doc()), " ")
		begin := "Package " + p.Name + " "
		if p.Name == "main" {
			begin = "Command " + path.Base(p.Room) + " "
		}
		switch {
		case doc == "":
			t.Errorf("%s: doc.go has no package comment", p.Room)
		case !strings.HasPrefix(doc, begin) && !strings.HasPrefix(doc, "Anchorctl "):
			t.Errorf("%s: the package comment does not begin with %q", p.Room, begin)
		case !strings.Contains(doc, "It knows ") || !strings.Contains(doc, "must not "):
			t.Errorf("%s: the package comment lacks %q or %q: a room is understood by what it does not have to know", p.Room, "It knows", "must not")
		}
		for _, f := range p.Files {
			if path.Base(f.Path) != "doc.go" && f.AST.Doc != nil {
				t.Errorf("%s has a package comment: it belongs in doc.go, once", f.Path)
			}
			if path.Base(f.Path) == "doc.go" && len(f.AST.Decls) > 0 {
				t.Errorf("%s holds more than the package comment", f.Path)
			}
		}
	}
}

func TestNothingRunsBeforeMain(t *testing.T) {
	for _, p := range packages(t) {
		for _, f := range p.Files {
			for _, d := range f.AST.Decls {
				fn, ok := d.(*ast.FuncDecl)
				if ok && fn.Recv == nil && fn.Name.Name == "init" {
					t.Errorf("%s: init runs for everybody who imports the package, in an order nobody sees; call a function", f.At(fn))
				}
			}
		}
	}
}

func TestInterfacesAreFewAndSmall(t *testing.T) {
	const most, mostMethods = 8, 4
	var all []string
	for _, p := range packages(t) {
		for _, f := range p.Files {
			ast.Inspect(f.AST, func(n ast.Node) bool {
				named, ok := n.(*ast.TypeSpec)
				if !ok {
					return true
				}
				i, ok := named.Type.(*ast.InterfaceType)
				if !ok || inWorkshop(p.Room) || isConstraint(i) {
					return true
				}
				all = append(all, p.Room+"."+named.Name.Name)
				if n := methods(i); n > mostMethods {
					t.Errorf("%s: interface %s has %d methods, at most %d: what takes it cannot need them all", f.At(named), named.Name.Name, n, mostMethods)
				}
				return true
			})
		}
	}
	if len(all) > most {
		t.Errorf("the house has %d interfaces, at most %d: return structs, and let the one who consumes say what it needs\n%s", len(all), most, strings.Join(all, "\n"))
	}
}

// isConstraint tells the type sets of generics from interfaces.
func isConstraint(i *ast.InterfaceType) bool {
	for _, m := range i.Methods.List {
		switch m.Type.(type) {
		case *ast.BinaryExpr, *ast.UnaryExpr:
			return true
		}
	}
	return false
}

func methods(i *ast.InterfaceType) int {
	n := 0
	for _, m := range i.Methods.List {
		n += max(len(m.Names), 1)
	}
	return n
}

func TestTheListOfRoomsIsFresh(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "ARCHITECTURE.md"))
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := house.WithRooms(string(text), packages(t))
	if err != nil {
		t.Fatal(err)
	}
	if fresh != string(text) {
		t.Error(`the list of rooms in ARCHITECTURE.md is not what the packages say: run "go run ./internal/house/cmd/generate"`)
	}
}

package house

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Package is a package as its source text says it is, for every operating
// system at once: build constraints are not looked at.
type Package struct {
	Room  string
	Name  string
	Files []File // without tests
	Tests []File
}

// File is a source file.
type File struct {
	Path    string // from the repository's root, with slashes
	AST     *ast.File
	Imports map[string]string // by the name the file uses
	fset    *token.FileSet
}

// At is the place of a node.
func (f File) At(n ast.Node) string {
	return f.Path + ":" + strconv.Itoa(f.fset.Position(n.Pos()).Line)
}

// Read reads the packages below cmd and internal of the repository at root, in
// the order of their rooms.
func Read(root string) ([]Package, error) {
	found := map[string]*Package{}
	for _, top := range []string{"cmd", "internal"} {
		err := filepath.WalkDir(filepath.Join(root, top), func(name string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case entry.IsDir() && entry.Name() == "testdata":
				return fs.SkipDir
			case entry.IsDir() || filepath.Ext(name) != ".go":
				return nil
			}
			return add(found, root, name)
		})
		if err != nil {
			return nil, fmt.Errorf("reading packages: %w", err)
		}
	}
	var list []Package
	for _, p := range found {
		list = append(list, *p)
	}
	slices.SortFunc(list, func(a, b Package) int { return strings.Compare(a.Room, b.Room) })
	return list, nil
}

func add(found map[string]*Package, root, name string) error {
	relative, err := filepath.Rel(root, name)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	fset := token.NewFileSet()
	tree, err := parser.ParseFile(fset, filepath.ToSlash(relative), text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	file := File{Path: filepath.ToSlash(relative), AST: tree, Imports: imports(tree), fset: fset}
	room := Room(Module + "/" + path.Dir(file.Path))
	p := found[room]
	if p == nil {
		p = &Package{Room: room}
		found[room] = p
	}
	if strings.HasSuffix(file.Path, "_test.go") {
		p.Tests = append(p.Tests, file)
		return nil
	}
	p.Name = tree.Name.Name
	p.Files = append(p.Files, file)
	return nil
}

// imports are a file's imports by the name it uses for them. Without a name of
// its own, an import is known by its last element that is not a version.
func imports(tree *ast.File) map[string]string {
	all := map[string]string{}
	for _, spec := range tree.Imports {
		target, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue // the parser has seen to it
		}
		name := path.Base(target)
		if len(name) > 1 && name[0] == 'v' && strings.Trim(name[1:], "0123456789") == "" {
			name = path.Base(path.Dir(target))
		}
		if spec.Name != nil {
			name = spec.Name.Name
		}
		if name == "_" || name == "." {
			name += target
		}
		all[name] = target
	}
	return all
}

// Doc is the package comment of doc.go, or "".
func (p Package) Doc() string {
	for _, f := range p.Files {
		if path.Base(f.Path) == "doc.go" {
			return f.AST.Doc.Text()
		}
	}
	return ""
}

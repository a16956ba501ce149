package house_test

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
	"testing"

	"anchorctl/internal/house"
)

// A ban keeps what it names out of every room but some, and says why.
type ban struct {
	what   []string // import paths, or "package.Name"
	except []string
	reason string
}

func (b ban) covers(room string) bool {
	return slices.ContainsFunc(b.except, func(e string) bool { return e == room || strings.HasPrefix(room, e+"/") })
}

func bannedImports() []ban {
	return []ban{
		{[]string{"github.com/aws"}, []string{"awsapi"}, "only awsapi speaks to AWS, so that pacing, single sending of Create and errors have one place"},
		{[]string{"github.com/smallstep", "go.step.sm"}, []string{"pki", "keys"}, "only pki and keys may depend on smallstep, whose packages know clocks, prompts and files of their own"},
		{[]string{"github.com/zmap"}, []string{"pki"}, "linting belongs where certificates are made"},
		{[]string{"net/http"}, []string{"sandbox", "session", "awsapi", "sigx509"}, "whoever speaks HTTP can block, redirect and leak; nobody else needs to"},
		{[]string{"net/http/httptest", "testing"}, house.Workshop(), "test code does not belong in the program"},
		{[]string{"database/sql", "modernc.org/sqlite"}, []string{"store"}, "only store knows SQL"},
		{[]string{"github.com/urfave/cli"}, []string{"cmd/anchorctl", "cmdline"}, "what a command does must not know how it was typed"},
		{[]string{"golang.org/x/term", "os/signal", "os/user"}, []string{"terminal"}, "only terminal touches the process"},
		{[]string{"os/exec"}, []string{"terminal"}, "starting programs is an effect on the process; it has one place"},
		{[]string{"github.com/goccy/go-yaml"}, []string{"config", "sandbox/seed"}, "YAML is read where a file is, once"},
		{[]string{"github.com/invopop/jsonschema"}, nil, "the schema is made beside the house; the program would start later with it"},
		{[]string{"golang.org/x/crypto/x509roots"}, nil, "the public set is made beside the house, from more lists than this one"},
		{[]string{"github.com/pkg/errors"}, nil, "errors are wrapped with %w; two ways to wrap are one too many"},
		{[]string{"math/rand"}, nil, "what is random here is security; use crypto/rand"},
		{[]string{"log", "log/slog"}, nil, "results go to stdout and the rest to stderr, through terminal"},
		{[]string{"io/ioutil", "unsafe", "plugin", "expvar", "net/http/pprof", "text/template", "html/template"}, nil,
			"deprecated, unsafe, listening, or linking every method of the program"},
	}
}

func TestImportsStayInTheirRooms(t *testing.T) {
	for _, p := range packages(t) {
		for _, b := range bannedImports() {
			if b.covers(p.Room) || inWorkshop(p.Room) {
				continue
			}
			for _, f := range p.Files {
				for _, target := range f.Imports {
					if slices.ContainsFunc(b.what, func(w string) bool { return w == target || strings.HasPrefix(target, w+"/") }) {
						t.Errorf("%s imports %s: %s", f.Path, target, b.reason)
					}
				}
			}
		}
	}
}

func bannedNames() []ban {
	return []ban{
		{[]string{"os.Getenv", "os.LookupEnv", "os.Environ", "os.Setenv", "os.ExpandEnv", "os.UserHomeDir", "os.UserCacheDir", "os.UserConfigDir"}, []string{"terminal"},
			"the environment is read once, in terminal, and handed down; else a verdict depends on what nobody sees"},
		{[]string{"os.Exit", "syscall.Exit", "runtime.Goexit"}, []string{"terminal", "cmd/anchorctl"}, "exit numbers have one place, and deferred calls must run"},
		{[]string{"os.Stdin", "os.Stdout", "os.Stderr", "os.Args"}, []string{"terminal", "cmd/anchorctl"}, "the streams are handed down"},
		{[]string{"time.Now", "time.Since", "time.Until"}, []string{"terminal"}, "the clock is built once and handed down; else no test can move it"},
		{[]string{"time.Sleep", "time.After", "time.AfterFunc", "time.Tick", "time.NewTimer", "time.NewTicker"}, []string{"terminal"}, "waiting is the clock's: Clock.Wait ends with its context, and tests make it jump"},
		{[]string{"fmt.Print", "fmt.Println", "fmt.Printf"}, []string{"terminal"}, "stdout carries the result only, written by the one who has the stream"},
		{[]string{"context.TO" + "DO"}, nil, "a context comes from the caller"},
		{[]string{"context.Background"}, []string{"terminal", "cmdline"}, "a context comes from the caller, so that an interrupt reaches everything"},
		{[]string{"elliptic.Marshal", "elliptic.Unmarshal"}, nil, "deprecated: they do not check that a point is on its curve"},
	}
}

func TestTheProcessIsTouchedInItsRoomsOnly(t *testing.T) {
	for _, p := range packages(t) {
		if inWorkshop(p.Room) {
			continue
		}
		for _, f := range p.Files {
			ast.Inspect(f.AST, func(n ast.Node) bool {
				name := qualified(f, n)
				for _, b := range bannedNames() {
					if slices.Contains(b.what, name) && !b.covers(p.Room) {
						t.Errorf("%s uses %s: %s", f.At(n), name, b.reason)
					}
				}
				return true
			})
		}
	}
}

// qualified is "package.Name" of a selector on an import, or "".
func qualified(f house.File, n ast.Node) string {
	s, ok := n.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	x, ok := s.X.(*ast.Ident)
	if !ok {
		return ""
	}
	target, ok := f.Imports[x.Name]
	if !ok {
		return ""
	}
	return target[strings.LastIndexByte(target, '/')+1:] + "." + s.Sel.Name
}

// Panics of ours would end the program in the middle of a run.
func TestNothingPanics(t *testing.T) {
	for _, p := range packages(t) {
		if inWorkshop(p.Room) {
			continue
		}
		for _, f := range p.Files {
			ast.Inspect(f.AST, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok {
					return true
				}
				name, ok := call.Fun.(*ast.Ident)
				if ok && slices.Contains([]string{"panic", "print", "println"}, name.Name) {
					t.Errorf("%s calls %s: return an error", f.At(call), name.Name)
				}
				return true
			})
		}
	}
}

// frozen are package variables that hold a value nobody changes: only what
// cannot be a constant.
func frozen(f house.File, v ast.Expr) bool {
	call, ok := v.(*ast.CallExpr)
	if !ok {
		return false
	}
	if name, ok := call.Fun.(*ast.Ident); ok {
		return name.Name == "compiled" // a pattern, compiled when it is first used
	}
	// A sentinel is compared, never assigned; a pattern is compiled once.
	return slices.Contains([]string{"errors.New", "fmt.Errorf", "regexp.MustCompile", "sync.OnceValue"}, qualified(f, call.Fun))
}

// tables are the package variables that no rule covers, with what makes them
// harmless.
func tables() map[string]string {
	return map[string]string{}
}

func TestPackageVariablesDoNotChange(t *testing.T) {
	for _, p := range packages(t) {
		if inWorkshop(p.Room) {
			continue
		}
		for _, f := range p.Files {
			for _, d := range f.AST.Decls {
				if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.VAR {
					variables(t, p, f, g)
				}
			}
		}
	}
}

func variables(t *testing.T, p house.Package, f house.File, g *ast.GenDecl) {
	t.Helper()
	for _, s := range g.Specs {
		spec := s.(*ast.ValueSpec)
		for i, name := range spec.Names {
			embedded := g.Doc != nil && strings.Contains(commentText(g.Doc), "//go:embed ") || spec.Doc != nil && strings.Contains(commentText(spec.Doc), "//go:embed ")
			_, listed := tables()[p.Room+"."+name.Name]
			ok := name.Name == "_" || embedded || listed || i < len(spec.Values) && frozen(f, spec.Values[i])
			if !ok {
				t.Errorf("%s: the package variable %s can be changed by anybody at any time: make it a constant, a function that returns it, or a field", f.At(name), name.Name)
			}
		}
	}
}

func commentText(g *ast.CommentGroup) string {
	var lines []string
	for _, c := range g.List {
		lines = append(lines, c.Text)
	}
	return strings.Join(lines, "\n") + "\n"
}

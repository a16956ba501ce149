package house_test

import (
	"bytes"
	"errors"
	"go/ast"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"anchorctl/internal/house"
)

// committed are the files of the repository with their text; those that are
// not text are left out.
func committed(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, name := range names(t) {
		text, err := os.ReadFile(filepath.Join(root, name))
		if errors.Is(err, fs.ErrNotExist) { // removed, and not yet committed
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.ContainsRune(text, 0) {
			files[name] = string(text)
		}
	}
	if len(files) < 100 {
		t.Fatalf("only %d files were found: is this the right folder?", len(files))
	}
	return files
}

// names are what git lists, or every file where there is no git.
func names(t *testing.T) []string {
	t.Helper()
	out, err := exec.Command("git", "-C", root, "ls-files", "-z").Output()
	if err == nil {
		return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
	}
	var list []string
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && slices.Contains([]string{".git", "bin", "out", ".anchorctl"}, entry.Name()) {
			return fs.SkipDir
		}
		name, err := filepath.Rel(root, path)
		if entry.Type().IsRegular() {
			list = append(list, filepath.ToSlash(name))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// lines calls found for every line of a committed file that the pattern is in.
func lines(t *testing.T, pattern *regexp.Regexp, skip func(name string) bool, report func(place, match string)) {
	t.Helper()
	for name, text := range committed(t) {
		if skip(name) {
			continue
		}
		for i, line := range strings.Split(text, "\n") {
			if match := pattern.FindString(line); match != "" {
				report(name+":"+strconv.Itoa(i+1), match)
			}
		}
	}
}

func nothing(string) bool { return false }

// The patterns are put together so that this file does not match them.
func TestNoFileNamesTheMachineItWasWrittenOn(t *testing.T) {
	paths := regexp.MustCompile(`(^|[^A-Za-z0-9_./-])/(` + strings.Join([]string{"work", "root", "home", "Users"}, "|") + `)/[A-Za-z0-9.]|/tmp/` + `(bash|c/|go-build)`)
	lines(t, paths, nothing, func(place, match string) {
		t.Errorf("%s: %q is a path of one machine; nobody else has it", place, match)
	})
}

func TestNoFileNamesARegistryHost(t *testing.T) {
	hosts := []string{"proxy.golang", "sum.golang", "goproxy", "registry.npmjs", "registry.yarnpkg", "pypi", "pythonhosted", "deb.debian", "security.debian",
		"archive.ubuntu", "crates", "static.rust-lang", "rubygems", "repo.maven.apache", "repo1.maven", "docker", "ghcr", "quay", "gcr"}
	pattern := regexp.MustCompile(`(?i)\b(` + strings.Join(hosts, "|") + `)\.(org|io|com|cn)\b|GOPROXY=` + `https?:`)
	lines(t, pattern, nothing, func(place, match string) {
		t.Errorf("%s: %q: where modules and packages come from is the machine's business, not the repository's", place, match)
	})
}

func TestNoFilePutsThingsOff(t *testing.T) {
	pattern := regexp.MustCompile(`\b(` + "TO" + `DO|` + "FIX" + `ME|` + "HA" + `CK|` + "XX" + `X)\b`)
	skip := func(name string) bool { return strings.Contains(name, "testdata/") || name == "go.sum" }
	lines(t, pattern, skip, func(place, match string) {
		t.Errorf("%s: %q: do it, or write down in docs what is left out and why", place, match)
	})
}

func TestNoFileHoldsAPrivateKey(t *testing.T) {
	pattern := regexp.MustCompile(`-----BEGIN ` + `([A-Z]+ )*PRIVATE KEY-----\s*$`)
	lines(t, pattern, nothing, func(place, match string) {
		t.Errorf("%s: %q: tests make their keys, or a key that leaked here is believed to be harmless", place, match)
	})
}

// Errors say the operation and the thing, once; a chain of "failed to" says
// nothing. Wrapping with %s loses what the caller decides by.
func TestErrorsReadAsOneSentence(t *testing.T) {
	begins := regexp.MustCompile(`^(failed|unable|could not|cannot|can't|error|couldn't)\b`)
	for _, p := range packages(t) {
		for _, f := range p.Files {
			ast.Inspect(f.AST, func(n ast.Node) bool {
				text, call := errorText(f, n)
				switch {
				case call == nil || text == "":
				case begins.MatchString(text):
					t.Errorf(`%s: %q: begin with the operation, as in "reading config %%q: %%w"`, f.At(call), text)
				case strings.HasSuffix(text, ".") || strings.HasSuffix(text, "\n"):
					t.Errorf("%s: %q ends a sentence that goes on", f.At(call), text)
				case capital(text):
					t.Errorf("%s: %q begins with a capital letter in the middle of a sentence", f.At(call), text)
				}
				return true
			})
		}
	}
}

// errorText is the literal an error is made from.
func errorText(f house.File, n ast.Node) (string, *ast.CallExpr) {
	call, ok := n.(*ast.CallExpr)
	if !ok || len(call.Args) == 0 || !slices.Contains([]string{"errors.New", "fmt.Errorf"}, qualified(f, call.Fun)) {
		return "", nil
	}
	literal, ok := call.Args[0].(*ast.BasicLit)
	if !ok || literal.Kind != token.STRING {
		return "", nil
	}
	text, err := strconv.Unquote(literal.Value)
	if err != nil {
		return "", nil
	}
	return text, call
}

// capital reports whether a text begins like a sentence. Names that are written
// in capitals, or with a capital inside, are names.
func capital(text string) bool {
	word, _, _ := strings.Cut(text, " ")
	if word == "" || word[0] < 'A' || word[0] > 'Z' {
		return false
	}
	rest := strings.TrimRight(word[1:], ",;:")
	return rest == strings.ToLower(rest) && len(rest) > 1 && !slices.Contains(properNames(), word)
}

func properNames() []string { return []string{"Roles", "Anchorctl"} }

// Tests are part of what is read: no mocks, no assertion libraries, no waiting
// for time to pass, no chance that cannot be repeated.
func TestTestsKeepTheirManners(t *testing.T) {
	libraries := []string{"github.com/stretchr", "github.com/onsi", "github.com/golang/mock", "go.uber.org/mock", "gopkg.in/check.v1"}
	for _, p := range packages(t) {
		for _, f := range p.Tests {
			for _, target := range f.Imports {
				if slices.ContainsFunc(libraries, func(l string) bool { return strings.HasPrefix(target, l) }) {
					t.Errorf("%s imports %s: the standard library and go-cmp are enough, and say more when they fail", f.Path, target)
				}
			}
			if f.Imports["synctest"] != "" { // there, sleeping takes no time
				continue
			}
			ast.Inspect(f.AST, func(n ast.Node) bool {
				if qualified(f, n) == "time.Sleep" {
					t.Errorf("%s sleeps: a test that waits for time to pass is slow and sometimes wrong; use a clock that jumps, a channel, or testing/synctest", f.At(n))
				}
				return true
			})
		}
	}
}

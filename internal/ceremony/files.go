package ceremony

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"anchorctl/internal/config"
	"anchorctl/internal/hint"
)

// prepareConfig reads and checks the configuration that is there, or makes a
// starter and checks that. It returns what is to be written, if anything is.
func (a *attempt) prepareConfig(ctx context.Context) ([]byte, error) {
	path := a.layout.Config()
	there, err := exists(path)
	if err != nil {
		return nil, err
	}
	if there {
		if a.config, err = config.Load(path); err != nil {
			return nil, err
		}
		return nil, a.agree()
	}
	if err := a.askNames(ctx); err != nil {
		return nil, err
	}
	text := config.Starter(config.StarterOptions{
		Name: a.o.Name, Organization: a.o.Organization, TrustDomain: a.o.TrustDomain,
		Environments: a.o.Environments, Account: a.o.Account, Region: a.o.Region, Roles: a.o.Roles,
	})
	// What the flags say is judged by the same reader that judges the file.
	a.config, err = config.Parse(path, text, os.ReadFile)
	return text, err
}

// askNames completes the names. A placeholder would stay for ever.
func (a *attempt) askNames(ctx context.Context) error {
	var missing []Name
	var into []*string
	for _, n := range []struct {
		name  Name
		value *string
	}{{EstateName, &a.o.Name}, {Organization, &a.o.Organization}, {TrustDomain, &a.o.TrustDomain}} {
		if *n.value == "" {
			missing, into = append(missing, n.name), append(into, n.value)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	if a.o.Ask == nil {
		return fmt.Errorf("%w: %v", ErrUnnamed, missing)
	}
	answers, err := a.o.Ask(ctx, missing)
	if err != nil {
		return err
	}
	if len(answers) != len(missing) || slices.Contains(answers, "") {
		return fmt.Errorf("%w: %v", ErrUnnamed, missing)
	}
	for i, answer := range answers {
		*into[i] = answer
	}
	return nil
}

// agree refuses flags that contradict the configuration that is there.
func (a *attempt) agree() error {
	for _, flag := range []struct{ what, given, have string }{
		{"name", a.o.Name, a.config.Estate.Name},
		{"organization", a.o.Organization, a.config.Estate.Organization},
		{"trustDomain", a.o.TrustDomain, a.config.Estate.TrustDomain},
	} {
		if flag.given != "" && flag.given != flag.have {
			return hint.With(
				fmt.Errorf("%q is there already and says estate.%s: %q, not %q", a.layout.Config(), flag.what, flag.have, flag.given),
				"edit the file, or leave out what it says already")
		}
	}
	return nil
}

// writeConfig writes the starter configuration, or makes durable the one that
// an earlier attempt may not have lived to.
func (a *attempt) writeConfig(text []byte) error {
	path := a.layout.Config()
	if err := a.files.MkdirAll(a.layout.Dir, 0o755); err != nil {
		return err
	}
	if text == nil {
		a.note(path, false)
		return a.files.Sync(path)
	}
	err := a.files.Create(path, text, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return hint.With(fmt.Errorf("%q has appeared meanwhile", path), `run "anchorctl init" again`)
	}
	if err != nil {
		return err
	}
	a.note(path, true)
	return nil
}

const gitignoreHead = "# anchorctl: private keys, the store, and what is issued"

// ignored are the lines of .gitignore that keep private files out of git.
func ignored() []string { return []string{"/.anchorctl/", "/out/"} }

// writeGitignore writes .gitignore; to one that is there already, it adds the
// lines that are missing and leaves every other byte as it is.
func (a *attempt) writeGitignore() error {
	path := a.layout.Gitignore()
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		text := gitignoreHead + "\n" + strings.Join(ignored(), "\n") + "\n"
		if err := a.files.Create(path, []byte(text), 0o644); err != nil {
			return err
		}
		a.note(path, true)
		return nil
	}
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return hint.With(fmt.Errorf("%q is not a regular file", path), "make it one, with the lines "+strings.Join(ignored(), " and "))
	}
	have, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	missing := missingLines(string(have))
	if len(missing) == 0 {
		a.note(path, false)
		return a.files.Sync(path)
	}
	text := string(have)
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	text += gitignoreHead + "\n" + strings.Join(missing, "\n") + "\n"
	a.result.Added = missing
	return a.files.Replace(path, []byte(text), info.Mode().Perm())
}

// missingLines are those of ours that a .gitignore does not have in any of the
// forms that mean as much.
func missingLines(text string) []string {
	var have []string
	for line := range strings.Lines(text) {
		have = append(have, strings.Trim(strings.TrimRight(line, " \t\r\n"), "/"))
	}
	var missing []string
	for _, line := range ignored() {
		if !slices.Contains(have, strings.Trim(line, "/")) {
			missing = append(missing, line)
		}
	}
	return missing
}

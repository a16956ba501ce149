package cmdline

import (
	"fmt"
	"slices"
	"strings"

	"anchorctl/internal/terminal"
)

// Completion is a script that teaches a shell the commands and flags of the
// tree. It is data made once: completing never starts the program.
func Completion(root *Command, shell string) (string, error) {
	t := tableOf(root)
	switch shell {
	case "bash":
		return t.bash(), nil
	case "zsh":
		return t.zsh(), nil
	case "fish":
		return t.fish(), nil
	}
	return "", terminal.Usage(fmt.Sprintf("there is no completion for the shell %q", shell), "name bash, zsh or fish")
}

// place is a command as completion sees it.
type place struct {
	path  string // anchorctl/check/cert
	subs  []*Command
	flags []completed
}

type completed struct {
	name, usage string
	value       bool
}

type table struct {
	name   string
	places []place
}

func tableOf(root *Command) table {
	t := table{name: root.Name}
	var walk func(path string, c *Command)
	walk = func(path string, c *Command) {
		t.places = append(t.places, place{path, c.Sub, flagsOf(c)})
		for _, s := range c.Sub {
			walk(path+"/"+s.Name, s)
		}
	}
	walk(root.Name, root)
	return t
}

func flagsOf(c *Command) []completed {
	var all []completed
	for _, f := range slices.Concat(c.Flags, new(settings).flags()) {
		name := f.Names()[0]
		if c.Plain != "" && name == "json" {
			continue
		}
		all = append(all, completed{name, flagRow(f)[1], takesValue(f)})
	}
	return append(all, completed{"help", "print help", false})
}

// steps are the lines of a case statement that follows the words typed.
func (t table) steps(indent string) string {
	var b strings.Builder
	for _, p := range t.places[1:] {
		fmt.Fprintf(&b, "%s%s) at=%s ;;\n", indent, p.path, p.path)
	}
	return b.String()
}

func (t table) bash() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# bash completion for %s\n_%s() {\n", t.name, t.name)
	b.WriteString("    local current=\"${COMP_WORDS[COMP_CWORD]}\" at=" + t.name + " commands= flags= i\n")
	b.WriteString("    for ((i = 1; i < COMP_CWORD; i++)); do\n        case \"$at/${COMP_WORDS[i]}\" in\n")
	b.WriteString(t.steps("        "))
	b.WriteString("        esac\n    done\n    case \"$at\" in\n")
	for _, p := range t.places {
		fmt.Fprintf(&b, "    %s)\n        commands=%q\n        flags=%q\n        ;;\n", p.path, p.commandNames(), p.flagNames())
	}
	b.WriteString("    esac\n    case \"$current\" in\n")
	b.WriteString("    -*) COMPREPLY=($(compgen -W \"$flags\" -- \"$current\")) ;;\n")
	b.WriteString("    *) COMPREPLY=($(compgen -W \"$commands\" -- \"$current\")) ;;\n    esac\n}\n")
	fmt.Fprintf(&b, "complete -o default -F _%s %s\n", t.name, t.name)
	return b.String()
}

func (p place) commandNames() string {
	names := make([]string, len(p.subs))
	for i, s := range p.subs {
		names[i] = s.Name
	}
	return strings.Join(names, " ")
}

func (p place) flagNames() string {
	names := make([]string, len(p.flags))
	for i, f := range p.flags {
		names[i] = "--" + f.name
	}
	return strings.Join(names, " ")
}

func (t table) zsh() string {
	var b strings.Builder
	fmt.Fprintf(&b, "#compdef %s\n# zsh completion for %s\n_%s() {\n", t.name, t.name, t.name)
	b.WriteString("    local at=" + t.name + " word\n    local -a commands flags\n")
	b.WriteString("    for word in ${words[2,CURRENT-1]}; do\n        case \"$at/$word\" in\n")
	b.WriteString(t.steps("        "))
	b.WriteString("        esac\n    done\n    case \"$at\" in\n")
	for _, p := range t.places {
		fmt.Fprintf(&b, "    %s)\n", p.path)
		if len(p.subs) > 0 {
			b.WriteString("        commands=(\n")
			for _, s := range p.subs {
				fmt.Fprintf(&b, "            %s\n", quoted(s.Name+":"+s.Summary))
			}
			b.WriteString("        )\n")
		}
		b.WriteString("        flags=(\n")
		for _, f := range p.flags {
			fmt.Fprintf(&b, "            %s\n", quoted("--"+f.name+":"+f.usage))
		}
		b.WriteString("        )\n        ;;\n")
	}
	b.WriteString("    esac\n    if [[ \"${words[CURRENT]}\" == -* ]]; then\n        _describe flag flags\n")
	b.WriteString("    elif (( ${#commands} )); then\n        _describe command commands\n    else\n        _files\n    fi\n}\n")
	fmt.Fprintf(&b, "compdef _%s %s\n", t.name, t.name)
	return b.String()
}

func (t table) fish() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# fish completion for %s\nfunction __%s_at\n    set -l at %s\n", t.name, t.name, t.name)
	b.WriteString("    for word in (commandline -opc)[2..-1]\n        switch \"$at/$word\"\n")
	for _, p := range t.places[1:] {
		fmt.Fprintf(&b, "            case %s\n                set at %s\n", p.path, p.path)
	}
	b.WriteString("        end\n    end\n    test \"$at\" = $argv[1]\nend\n")
	for _, p := range t.places {
		condition := quoted("__" + t.name + "_at " + p.path)
		for _, s := range p.subs {
			fmt.Fprintf(&b, "complete -c %s -n %s -f -a %s -d %s\n", t.name, condition, s.Name, quoted(s.Summary))
		}
		for _, f := range p.flags {
			value := ""
			if f.value {
				value = " -r"
			}
			fmt.Fprintf(&b, "complete -c %s -n %s -l %s%s -d %s\n", t.name, condition, f.name, value, quoted(f.usage))
		}
	}
	return b.String()
}

// quoted is a word in single quotes, as all three shells read it. Summaries
// and usages hold no backslash.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

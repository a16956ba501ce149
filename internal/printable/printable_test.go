package printable_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"anchorctl/internal/printable"
)

func TestLine(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"plain text stays as it is", "CN=backup, O=Example Corp", "CN=backup, O=Example Corp"},
		{"letters of other scripts stay", "Größe 東京 ñ", "Größe 東京 ñ"},
		{"an escape sequence loses its escape", "a\x1b[2Jb", `a\x1b[2Jb`},
		{"a bell, a backspace and a delete are written out", "\a\b\x7f", `\x07\x08\x7f`},
		{"line feeds and carriage returns do not make new lines", "a\r\nb", `a\x0d\x0ab`},
		{"an eight-bit control sequence introducer is written out", "\u009b2J", `\u009b2J`},
		{"a right-to-left override is written out", "gnp\u202eexe", `gnp\u202eexe`},
		{"a zero-width joiner is written out", "a\u200db", `a\u200db`},
		{"a tag character is written out", "\U000e0041", `\U000e0041`},
		{"bytes that are no UTF-8 are written out", "a\xffb", `a\xffb`},
		{"the replacement character itself stays", "\ufffd", "\ufffd"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := printable.Line(c.in); got != c.want {
				t.Errorf("Line(%q) = %q, want %q", c.in, got, c.want)
			}
		})
	}
}

func TestTextKeepsLines(t *testing.T) {
	if got, want := printable.Text("a\n\tb\x1b\r\n"), "a\n    b\\x1b\\x0d\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func FuzzPrintable(f *testing.F) {
	for _, s := range []string{"", "a", "\x1b]0;title\a", "\u009b", "a\xc3", "\u2028", "x\ny\tz", "\U000e0001", "\ufeff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		line, text := printable.Line(s), printable.Text(s)
		for _, out := range []string{line, text} {
			if !utf8.ValidString(out) {
				t.Fatalf("%q became invalid UTF-8: %q", s, out)
			}
		}
		for _, r := range line {
			if !unicode.IsPrint(r) {
				t.Fatalf("Line(%q) kept %U", s, r)
			}
		}
		for _, r := range text {
			if r != '\n' && !unicode.IsPrint(r) {
				t.Fatalf("Text(%q) kept %U", s, r)
			}
		}
		if again := printable.Line(line); again != line {
			t.Fatalf("Line is not stable: %q, then %q", line, again)
		}
		if strings.Count(text, "\n") != strings.Count(s, "\n") {
			t.Fatalf("Text(%q) changed the number of lines: %q", s, text)
		}
	})
}

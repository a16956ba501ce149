package batch_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/batch"
	"anchorctl/internal/keys"
)

func TestABatchIsReadFromCSVAndJSONLines(t *testing.T) {
	want := []batch.Line{
		{At: 2, Workload: "backup", Instance: "web-1"},
		{At: 3, Workload: "backup", Instance: "web-2", Lifetime: time.Hour},
		{At: 5, Workload: "reports", KeyType: keys.P384},
	}
	for name, text := range map[string]string{
		"CSV":                   "workload,instance,lifetime,key_type\nbackup,web-1,,\nbackup,web-2,1h,\n\nreports,,,ecdsa-p384\n",
		"CSV in another order":  "key_type,workload,lifetime,instance\n,backup,,web-1\n,backup,1h,web-2\n\necdsa-p384,reports,,\n",
		"CSV with lines of DOS": "\ufeffworkload,instance,lifetime,key_type\r\nbackup,web-1,,\r\n\"backup\",web-2,1h,\r\n\r\nreports,,,ecdsa-p384",
	} {
		got, err := batch.Read(strings.NewReader(text), "hosts")
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(batch.Line{})); diff != "" || err != nil {
			t.Errorf("%s: %v %s", name, err, diff)
		}
	}
	text := "{\"workload\":\"first\"}\n{\"workload\":\"backup\",\"instance\":\"web-1\"}\n" +
		" { \"instance\" : \"web-2\", \"workload\" : \"backup\", \"lifetime\":\"1h\" } \n\n{\"workload\":\"reports\",\"key_type\":\"ecdsa-p384\"}"
	got, err := batch.Read(strings.NewReader(text), "hosts")
	if diff := cmp.Diff(append([]batch.Line{{At: 1, Workload: "first"}}, want...), got, cmp.AllowUnexported(batch.Line{})); diff != "" || err != nil {
		t.Errorf("JSON lines: %v %s", err, diff)
	}
}

func TestWhatIsWrongWithABatchIsToldWithItsLine(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"an empty file", "", `reading batch "hosts": it is empty`},
		{"a header alone", "workload\n", `reading batch "hosts": it asks for no certificate`},
		{"no header", "backup,web-1\n", `reading batch "hosts": line 1: the header names a column "backup"; there are workload, instance, lifetime, key_type, csr`},
		{"a header in other letters", "Workload\nbackup\n", `line 1: the header names a column "Workload"`},
		{"a column twice", "workload,workload\na,b\n", `line 1: the header names the column "workload" twice`},
		{"no workloads", "instance\nweb-1\n", `line 1: the header names no column "workload"`},
		{"a field more", "workload\nbackup\nbackup,x\n", "line 3: it has 2 fields, the header has 1"},
		{"a field less", "workload,instance\nbackup\n", "line 2: it has 1 fields, the header has 2"},
		{"no workload in a line", "workload,instance\n,web-1\n", "line 2: there is no workload"},
		{"a lifetime that is none", "workload,lifetime\nbackup,soon\n", "line 2: "},
		{"a lifetime of nothing", "workload,lifetime\nbackup,0s\n", `line 2: reading lifetime "0s": must be longer than nothing`},
		{"a key type that is none", "workload,key_type\nbackup,dsa\n", `line 2: reading key type "dsa": there are`},
		{"a quote that does not end", "workload\nbackup\n\"back", "line 3: "},
		{"a field over several lines", "workload\n\"back\nup\"\n", "line 2: the field workload goes over several lines"},
		{"no UTF-8", "workload\nback\xff\n", "line 2: the field workload is not UTF-8"},
		{"a zero byte", "workload\nback\x00up\n", "line 2: it holds a zero byte"},
		{"a line without end", "workload\n" + strings.Repeat("x", 5000), "line 2: it is longer than 4096 bytes"},
		{"several mistakes", "workload,lifetime\n,1h\nbackup,x\n", "line 2: there is no workload\nline 3: "},
		{"JSON that does not end", "{\"workload\":\"backup\"}\n{\"workload\":\n", "line 2: it is no JSON object"},
		{"JSON of another kind", "{\"workload\":\"backup\"}\n[]\n", "line 2: it is no JSON object"},
		{"two objects in a line", "{\"workload\":\"backup\"}{}\n", "line 1: something follows the object"},
		{"a member twice", "{\"workload\":\"a\",\"workload\":\"b\"}\n", `line 1: it has the member "workload" twice`},
		{"a member that is unknown", "{\"workload\":\"a\",\"dns\":\"b\"}\n", `line 1: it has a member "dns"; there are`},
		{"a member in other letters", "{\"Workload\":\"a\"}\n", `line 1: it has a member "Workload"`},
		{"a number for a text", "{\"workload\":7}\n", `line 1: the member "workload" is not a text`},
		{"null for a text", "{\"workload\":null}\n", `line 1: the member "workload" is not a text`},
	} {
		t.Run(test.name, func(t *testing.T) {
			lines, err := batch.Read(strings.NewReader(test.text), "hosts")
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v and %d lines, want an error with %q", err, len(lines), test.want)
			}
		})
	}
}

func TestOnlyTheFirstMistakesAreTold(t *testing.T) {
	_, err := batch.Read(strings.NewReader("workload\n"+strings.Repeat("\"\"\n", 1_000)), "hosts")
	if err == nil || strings.Count(err.Error(), "\n") != 10 || !strings.HasSuffix(err.Error(), "\nand 990 more") {
		t.Errorf("got %v", err)
	}
}

func TestACountNamesInstances(t *testing.T) {
	for text, want := range map[string]string{
		"backup=3":           "backup@1 backup@2 backup@3",
		"backup@web-%03d=2":  "backup@web-001 backup@web-002",
		"backup@%d.eu=2":     "backup@1.eu backup@2.eu",
		"backup@%01d=1":      "backup@1",
		"backup@%03d=1":      "backup@001",
		"backup@a%09dz=1":    "backup@a000000001z",
		"reports@x=1":        "",
		"backup":             "",
		"backup=":            "",
		"backup=0":           "",
		"backup=-1":          "",
		"backup=1e3":         "",
		"backup=01":          "",
		"backup=1000001":     "",
		"=3":                 "",
		".%d=3":              "",
		"backup@%d%d=3":      "",
		"backup@%s=3":        "",
		"backup@%4d=3":       "",
		"backup@%010d=3":     "",
		"backup@%-3d=3":      "",
		"backup@%0d=3":       "",
		"backup@%00d=3":      "",
		"backup@=3":          "",
		"backup@%%d=3":       "",
		"backup@web%5=3":     "",
		"backup@web-%03d= 2": "",
	} {
		lines, err := batch.Counts(text)
		var names []string
		for _, l := range lines {
			names = append(names, l.Workload+"@"+l.Instance)
		}
		if got := strings.Join(names, " "); got != want || (err == nil) == (want == "") {
			t.Errorf("%q: got %q, %v; want %q", text, got, err, want)
		}
	}
	lines, err := batch.Counts("backup=2", "reports=1")
	if err != nil || len(lines) != 3 || lines[2].At != 3 || lines[2].Workload != "reports" {
		t.Errorf("two counts gave %v, %v", lines, err)
	}
}

// Whatever is read: no panic, every line has a workload, and what is taken as CSV
// is never taken as something else when it is written again.
func FuzzRead(f *testing.F) {
	f.Add([]byte("workload,instance,lifetime,key_type\nbackup,web-1,1h,ecdsa-p256\n"))
	f.Add([]byte("{\"workload\":\"backup\",\"instance\":\"1\"}\n{\"workload\":\"reports\"}"))
	f.Add([]byte("\ufeffworkload\r\n\"a,b\"\r\n"))
	f.Add([]byte("workload\n\"a\"\"b\"\n"))
	f.Add([]byte("{\"workload\":\"\\u0000\"}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		lines, err := batch.Read(bytes.NewReader(data), "fuzz")
		if err != nil && len(lines) > 0 {
			t.Fatal("an error came with lines")
		}
		last := 0
		for _, l := range lines {
			if l.Workload == "" || l.At <= last || l.Lifetime < 0 {
				t.Fatalf("%+v follows line %d", l, last)
			}
			if last = l.At; last > bytes.Count(data, []byte("\n"))+1 {
				t.Fatalf("line %d of %d", last, bytes.Count(data, []byte("\n"))+1)
			}
		}
	})
}

func FuzzCounts(f *testing.F) {
	for _, text := range []string{"backup=3", "backup@web-%03d=2", "backup@%d.eu=2", "backup@%00d=1", "=1"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Count(text, "=") == 1 && len(text)-strings.IndexByte(text, '=') > 4 {
			t.Skip("many lines take long and show nothing more")
		}
		lines, err := batch.Counts(text)
		if (err == nil) != (len(lines) > 0) {
			t.Fatalf("%d lines with %v", len(lines), err)
		}
		names := map[string]bool{}
		for _, l := range lines {
			if l.Workload == "" || l.Instance == "" || names[l.Instance] {
				t.Fatalf("%q is no name of its own", l.Instance)
			}
			names[l.Instance] = true
		}
	})
}

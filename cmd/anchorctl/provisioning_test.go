package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// userData is what of cloud-init's user-data the example uses
// (https://cloudinit.readthedocs.io/en/latest/reference/modules.html).
type userData struct {
	WriteFiles []struct{ Path, Permissions, Content string } `yaml:"write_files"`
	RunCmd     [][]string                                    `yaml:"runcmd"`
}

// host is a machine: a folder that is its root.
type host struct {
	t    *testing.T
	root string
}

// below moves the machine's folders below its root.
func (h host) below(text string) string {
	return strings.NewReplacer("/etc/workload", h.root+"/etc/workload", "/usr/local/sbin", h.root+"/usr/local/sbin", "/etc/profile.d", h.root+"/etc/profile.d").Replace(text)
}

// boot does what cloud-init would.
func (h host) boot(text []byte) {
	h.t.Helper()
	if !bytes.HasPrefix(text, []byte("#cloud-config\n")) {
		h.t.Fatal("the user-data does not begin as cloud-init wants it")
	}
	var data userData
	if err := yaml.UnmarshalWithOptions(text, &data, yaml.Strict()); err != nil {
		h.t.Fatal(err)
	}
	for _, f := range data.WriteFiles {
		mode, err := strconv.ParseUint(f.Permissions, 8, 32)
		if err != nil {
			h.t.Fatal(err)
		}
		path := h.below(f.Path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			h.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(h.below(f.Content)), os.FileMode(mode)); err != nil {
			h.t.Fatal(err)
		}
	}
	for _, command := range data.RunCmd {
		for i := range command {
			command[i] = h.below(command[i])
		}
		if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			h.t.Fatalf("%q: %v\n%s", command, err, out)
		}
	}
}

// session runs the credential_process of the host's AWS configuration.
func (h host) session(r *rig) {
	h.t.Helper()
	text, err := os.ReadFile(h.below("/etc/workload/aws/config"))
	if err != nil {
		h.t.Fatal(err)
	}
	line := after(h.t, string(text), "credential_process = ")
	out, said, err := r.run("sh", "-c", line+" --no-cache")
	opens(h.t, filepath.Base(h.root), out, said, err)
}

// file is a file of the host.
func (h host) file(name string) string {
	h.t.Helper()
	text, err := os.ReadFile(filepath.Join(h.root, "etc", "workload", "aws", name))
	if err != nil {
		h.t.Fatal(err)
	}
	return string(text)
}

// blocks are the lines of the shell blocks of an example's README, by block.
func blocks(t *testing.T, readme string) [][]string {
	t.Helper()
	var all [][]string
	for i, part := range strings.Split(readme, "```") {
		if block, ok := strings.CutPrefix(part, "sh\n"); ok && i%2 == 1 {
			all = append(all, strings.Split(strings.TrimSpace(block), "\n"))
		}
	}
	return all
}

// TestProvisioningExample does what the README says, block by block.
func TestProvisioningExample(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		if required := os.Getenv("CI") != "" || os.Getenv("ANCHORCTL_TEST_REQUIRE_TOOLS") != ""; required {
			t.Fatal("openssl is not installed, and skipping is not allowed here")
		}
		t.Skip("openssl is not installed")
	}
	r := newRig(t, example(t, "provisioning", "anchorctl.yaml"), "prod-web")
	examples, err := filepath.Abs(filepath.Join("..", "..", "examples"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(examples, filepath.Join(r.dir, "examples")); err != nil {
		t.Fatal(err)
	}
	hosts := filepath.Join(r.dir, "hosts")
	r.env = append(r.env, "HOSTS="+hosts)
	web1, web2 := host{t, filepath.Join(hosts, "web-1")}, host{t, filepath.Join(hosts, "web-2")}
	r.must("init", "--passphrase-file", "passphrase")
	r.must("apply", "--approve", "--passphrase-file", "passphrase")
	said := blocks(t, example(t, "provisioning", "README.md"))
	if len(said) != 3 || len(said[0]) != 1 || len(said[1]) != 1 {
		t.Fatalf("the README says %q", said)
	}
	holds := func(line string, want int, says ...string) {
		t.Helper()
		out, code := r.sh(line)
		for _, s := range says {
			if !strings.Contains(out, s) {
				t.Errorf("%s: no %q in\n%s", line, s, out)
			}
		}
		if code != want {
			t.Fatalf("%s: exit %d, want %d:\n%s", line, code, want, out)
		}
	}
	holds(said[0][0], 0)
	data, err := os.ReadFile(filepath.Join(r.dir, "user-data.yaml"))
	if err != nil || bytes.Contains(data, []byte("PRIVATE")) {
		t.Fatalf("the user-data holds a key, or is not there: %v", err)
	}
	web1.boot(data)

	// A host that is down does not keep the other one from its certificate.
	provision := said[1][0]
	holds(provision, 1, "prod/web@web-1: not due", "pushed", "1 failed; run it again")
	web1.session(r)
	web2.boot(data)
	own := web2.file("key.pem")
	holds(provision, 0, "prod/web@web-2: pushed its certificate")
	web2.session(r)
	holds(provision, 0, "prod/web@web-1: not due before", "prod/web@web-2: nothing to do")
	if web2.file("key.pem") != own {
		t.Error("the key that a host made was replaced, with nothing to do")
	}

	// Hosts that are set up anew get what they need, long before it would be renewed.
	for _, h := range []host{web1, web2} {
		if err := os.RemoveAll(h.root); err != nil {
			t.Fatal(err)
		}
		h.boot(data)
	}
	own = web2.file("key.pem")
	holds(provision, 0, "prod/web@web-1: not due before", ", pushed\n", "prod/web@web-2: pushed its certificate")
	web1.session(r)
	web2.session(r)

	before := [2]string{web1.file("cert.pem"), web2.file("cert.pem")}
	r.clock("18h")
	holds(provision, 0, "prod/web@web-1: renewed", "prod/web@web-2: pushed its certificate")
	if web1.file("cert.pem") == before[0] || web2.file("cert.pem") == before[1] {
		t.Error("a host still has its old certificate")
	}
	if web2.file("key.pem") != own {
		t.Error("the key that a host made was replaced")
	}
	r.clock("6h") // the first ones have ended
	web1.session(r)
	web2.session(r)
	onlyTheWorkloads(t, hosts)
	if found, _ := filepath.Glob(filepath.Join(r.dir, "out", "prod", "web@web-2", "key.pem")); len(found) > 0 {
		t.Error("the key that a host made came to the issuing machine")
	}
}

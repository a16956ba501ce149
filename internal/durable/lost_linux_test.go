package durable_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"anchorctl/internal/durable"
)

// diskVar names a disk that takes writes and cannot keep them, in a test binary that
// failingDisk has started.
const diskVar = "DURABLE_FAILING_DISK"

// failingDisk runs what follows it beside such a disk: one in a file, on a file
// system that is full. Its mounts are seen by no other process, and end with it.
const failingDisk = `set -e
mkdir back disk
mount -t tmpfs -o size=4m tmpfs back
truncate -s 32m back/image
mkfs.ext4 -q -F -O ^has_journal back/image
mount -o loop back/image disk
mkdir disk/fleet
sync -f disk
head -c 8m /dev/zero >back/rest 2>/dev/null || true
exec "$@"`

// TestAGroupIsToldOfWhatAnotherSyncLost: the system tells who syncs first what it
// could not write back, and after that only those who had the file system open.
func TestAGroupIsToldOfWhatAnotherSyncLost(t *testing.T) {
	if disk := os.Getenv(diskVar); disk != "" {
		loseAndSync(t, filepath.Join(disk, "fleet"))
		return
	}
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	sh := []string{"--mount", "sh", "-c", failingDisk, "sh"}
	if out, err := command(dir, append(sh, "true")...).CombinedOutput(); err != nil {
		t.Skipf("no disk can be mounted here, which takes root, mkfs.ext4 and a loop device: %v %s", err, out)
	}
	dir = t.TempDir()
	out, err := command(dir, append(sh, self, "-test.run", "^"+t.Name()+"$", "-test.v")...).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("%v\n%s", err, out)
	}
}

func command(dir string, args ...string) *exec.Cmd {
	cmd := exec.Command("unshare", args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), diskVar+"="+filepath.Join(dir, "disk"))
	return cmd
}

func loseAndSync(t *testing.T, root string) {
	g := group(t, durable.Files{}, root)
	if err := g.Write(filepath.Join(root, "file"), make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	other, err := os.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	lost := unix.Syncfs(int(other.Fd()))
	if err := other.Close(); lost == nil || err != nil {
		t.Fatalf("the disk has kept what was written: %v", err)
	}
	if err := g.Sync(); !errors.Is(err, lost) {
		t.Errorf("another sync met %v; then the group's had %v", lost, err)
	}
}

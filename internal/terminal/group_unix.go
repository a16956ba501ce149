//go:build unix

package terminal

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// ownGroup makes a program that is about to start the leader of a process group
// of its own.
func ownGroup(cmd *exec.Cmd) bool {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return true
}

// signalGroup signals all of the group that a process leads.
func signalGroup(leader *os.Process, s os.Signal) error {
	number, ok := s.(syscall.Signal)
	if !ok {
		return errors.New("signalling a process group: it is no signal of this system")
	}
	return syscall.Kill(-leader.Pid, number)
}

// groupLives reports whether the group has a member.
func groupLives(leader *os.Process) bool { return syscall.Kill(-leader.Pid, 0) == nil }

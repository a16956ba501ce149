//go:build !unix

package terminal

import (
	"os"
	"os/exec"
)

// Process groups are Unix's; elsewhere the program alone gets signals.

func ownGroup(*exec.Cmd) bool { return false }

func signalGroup(leader *os.Process, s os.Signal) error { return leader.Signal(s) }

func groupLives(*os.Process) bool { return false }

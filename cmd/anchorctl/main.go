package main

import (
	"os"
	"runtime/debug"

	"anchorctl/internal/cmdline"
	"anchorctl/internal/terminal"
)

// collectAt lets the heap grow to five times what lives before it is collected.
// What libraries make when the program starts fills most of the 4 MB at which Go
// would begin: a command of milliseconds would pay for collections that free
// next to nothing. It bounds the sandbox, which stays, as well.
const collectAt = 400

func main() {
	if set := debug.SetGCPercent(collectAt); set != 100 {
		debug.SetGCPercent(set) // whoever runs it chose with GOGC
	}
	os.Exit(run(terminal.System()))
}

func run(env terminal.Env) int { return cmdline.Run(env, commands()) }

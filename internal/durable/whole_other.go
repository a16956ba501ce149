//go:build !linux

package durable

import (
	"errors"
	"os"
)

func syncsWhole() bool { return false }

func syncWhole(*os.File) error { return errors.New("this system syncs files one by one") }

//go:build !linux

package durable

import "errors"

func syncsWhole() bool { return false }

func syncWhole(string) error { return errors.New("this system syncs files one by one") }

package config

import (
	"fmt"
	"strings"
)

// UnknownEnvironmentError says that no environment has the name that somebody
// gave: the name was mistyped, and nothing was done.
type UnknownEnvironmentError struct {
	Name  string
	Known []string // those that there are, sorted
}

func (e *UnknownEnvironmentError) Error() string {
	if len(e.Known) == 0 {
		return fmt.Sprintf("there is no environment %q; there are none", e.Name)
	}
	return fmt.Sprintf("there is no environment %q; there are %s", e.Name, strings.Join(e.Known, ", "))
}

// Environment is the one that somebody names; otherwise the error is an
// *UnknownEnvironmentError.
func (c *Config) Environment(name string) (*Environment, error) {
	if env := c.Environments[name]; env != nil {
		return env, nil
	}
	return nil, &UnknownEnvironmentError{Name: name, Known: c.EnvironmentNames()}
}

package config_test

import (
	"os"
	"testing"

	"anchorctl/internal/config"
)

func TestStarterLoads(t *testing.T) {
	text := config.Starter(config.StarterOptions{})
	c, err := config.Parse("anchorctl.yaml", text, os.ReadFile)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if got := c.EnvironmentNames(); len(got) != 3 {
		t.Errorf("environments are %v", got)
	}
}

package schema_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"anchorctl/internal/config"
)

const small = `version: 1
estate: {name: example, organization: Example Corp, trustDomain: example.internal}
environments: {}
`

// noFiles is for configurations that name no other file.
func noFiles(path string) ([]byte, error) { return nil, fmt.Errorf("nobody should read %q", path) }

func full(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../testdata/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// parse reads a configuration with a policy in whatever file it names.
func parse(text string) (*config.Config, error) {
	return config.Parse("anchorctl.yaml", []byte(text), func(path string) ([]byte, error) {
		if !strings.HasSuffix(path, ".json") {
			return nil, os.ErrNotExist
		}
		return []byte(`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}`), nil
	})
}

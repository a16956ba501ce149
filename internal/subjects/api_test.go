package subjects_test

import (
	"testing"

	"anchorctl/internal/pki/pkitest"
	"anchorctl/internal/subjects"
)

func TestCertificate(t *testing.T) {
	leaf := pkitest.NewEstate(t, "prod").Leaf(t, "prod", "backup")
	for name, text := range map[string]string{"as it is": string(leaf.PEM()), "with text around it": "subject\n" + string(leaf.PEM()) + "\n\n"} {
		if got := (subjects.Credential{PEM: text}).Certificate(); got == nil || !got.Equal(leaf.Certificate) {
			t.Errorf("%s: read %v", name, got)
		}
	}
	for name, text := range map[string]string{
		"nothing": "", "no certificate": "hello", "half of one": string(leaf.PEM()[:200]),
		"another block": "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
	} {
		if got := (subjects.Credential{PEM: text}).Certificate(); got != nil {
			t.Errorf("%s: read %v", name, got.Subject)
		}
	}
}

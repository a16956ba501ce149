package pki

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadSerial(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"hexadecimal as anchorctl prints it": {"4f3a00c1", []string{"4f3a00c1"}},
		"as openssl x509 -serial prints it":  {"4F3A00C1", []string{"4f3a00c1"}},
		"as openssl x509 -text prints it":    {"4f:3a:00:c1", []string{"4f3a00c1"}},
		"digits between colons":              {"12:34", []string{"1234"}},
		"marked as hexadecimal":              {"0x12", []string{"12"}},
		"with the sign octet of DER":         {"00:cf:3a", []string{"cf3a"}},
		"with an odd number of digits":       {"f3a", []string{"0f3a"}},
		"digits that may be either":          {"1234", []string{"1234", "04d2"}},
		"a digit that is the same in both":   {"7", []string{"07"}},
		"decimal that is too long for hex":   {"17014118346046923173168730371588410572800", []string{"32" + strings.Repeat("00", 16)}},
		"decimal of a real one":              {"105246604526733362342867563426423875653", []string{"0105246604526733362342867563426423875653", "4f2dc23b7e8d8ed9f2a9518b16f5a845"}},
		"with a space that was copied along": {" 4f3a\n", []string{"4f3a"}},
	} {
		got, err := ReadSerial(c.text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	for name, text := range map[string]string{
		"nothing": "", "zero": "0", "a name": "backup", "a negative one": "-5", "a signed one": "+5a", "digits grouped": "4f_3a",
		"more than twenty bytes": strings.Repeat("f", 42), "only the mark": "0x", "a path": "cert.pem",
	} {
		if got, err := ReadSerial(text); err == nil {
			t.Errorf("%s: got %q, want an error", name, got)
		}
	}
}

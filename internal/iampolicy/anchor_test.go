package iampolicy_test

import (
	"testing"

	"anchorctl/internal/iampolicy"
)

func TestParseAnchorARN(t *testing.T) {
	const id = "11111111-2222-3333-4444-555555555555"
	got, ok := iampolicy.ParseAnchorARN("arn:aws-cn:rolesanywhere:cn-north-1:111122223333:trust-anchor/" + id)
	if want := (iampolicy.AnchorARN{Partition: "aws-cn", Region: "cn-north-1", Account: "111122223333", ID: id}); !ok || got != want || !got.Made() {
		t.Errorf("got %+v, %v", got, ok)
	}
	for _, text := range []string{
		"", id, "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/", "arn:aws:rolesanywhere:eu-central-1:111122223333:profile/" + id,
		"arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/*", "arn:aws:rolesanywhere:*:111122223333:trust-anchor/" + id,
		"arn:aws:rolesanywhere:eu-central-1:11112222333:trust-anchor/" + id, "arn:aws:rolesanywhere:eu-central-1::trust-anchor/" + id,
		"arn:aws:rolesanywhere::111122223333:trust-anchor/" + id, "arn::rolesanywhere:eu-central-1:111122223333:trust-anchor/" + id,
		"arn:aws:iam:eu-central-1:111122223333:trust-anchor/" + id, "ARN:AWS:ROLESANYWHERE:EU-CENTRAL-1:111122223333:TRUST-ANCHOR/" + id,
		"arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/" + id + "/x", " arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/" + id,
		"arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/" + id + ":x", "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/${a:b}",
		"arn:aws:rolesanywhere:eu-central-1:\u0661\u0661\u0661\u0661\u0662\u0662\u0662\u0662\u0663\u0663\u0663\u0663:trust-anchor/" + id,
	} {
		if got, ok := iampolicy.ParseAnchorARN(text); ok {
			t.Errorf("%q is %+v", text, got)
		}
	}
	for _, other := range []string{"TA_ID", "abc", "11111111222233334444555555555555", "11111111-2222-3333-4444-55555555555A", id + "0"} {
		got, ok := iampolicy.ParseAnchorARN("arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/" + other)
		if !ok || got.Made() {
			t.Errorf("%q: %v, made %v", other, ok, got.Made())
		}
	}
}

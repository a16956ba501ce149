package grants_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"anchorctl/internal/grants"
	"anchorctl/internal/iamactions"
	"anchorctl/internal/iampolicy"
)

// longestManaged is a policy of 6,144 characters, the most that a managed
// policy can have, such as teams write it.
func longestManaged() []byte {
	var statements []string
	size := func() int { return len(`{"Version":"2012-10-17","Statement":[]}`) + len(strings.Join(statements, ",")) }
	for i := 0; ; i++ {
		next := fmt.Sprintf(`{"Sid":"S%d","Effect":"Allow","Action":["s3:Get*","s3:ListBucket","s3:PutObject","dynamodb:Query","kms:Decrypt"],`+
			`"Resource":["arn:aws:s3:::example-%d","arn:aws:s3:::example-%d/*","arn:aws:dynamodb:*:111122223333:table/t%d","arn:aws:kms:*:111122223333:key/%d"]}`, i, i, i, i, i)
		if size()+len(next) > 6000 {
			break
		}
		statements = append(statements, next)
	}
	statements = append(statements, `{"Effect":"Allow","Action":["ec2:Describe*","logs:*"],"Resource":"*"}`)
	text := `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
	return []byte(text + strings.Repeat(" ", 6144-len(text)))
}

// BenchmarkJudgePermissions compares judging a policy with parsing it, and
// reading the table of actions, which is done once, with both.
func BenchmarkJudgePermissions(b *testing.B) {
	document := longestManaged()
	packed, err := os.ReadFile("../iamactions/actions.gz")
	if err != nil {
		b.Fatal(err)
	}
	c := grants.PermissionCase{At: "x", Document: document, Kind: grants.RolePermissions}
	if got := rulesOf(grants.JudgePermissions(c)); !slices.Equal(got, []string{"ANC313", "ANC314"}) {
		b.Fatalf("found %v", got)
	}
	const rounds = 101
	var parsing, judging, loading []time.Duration
	clock := func(times *[]time.Duration, do func()) {
		start := time.Now()
		do()
		*times = append(*times, time.Since(start))
	}
	for range rounds {
		clock(&parsing, func() {
			if _, err := iampolicy.Parse(document); err != nil {
				b.Fatal(err)
			}
		})
		clock(&judging, func() { grants.JudgePermissions(c) })
		clock(&loading, func() { iamactions.Decode(packed) })
	}
	at := func(times []time.Duration, percent int) float64 {
		slices.Sort(times)
		return float64(times[(len(times)-1)*percent/100].Microseconds()) / 1000
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(at(parsing, 50), "parse-ms")
	b.ReportMetric(at(judging, 50), "judge-ms")
	b.ReportMetric(at(judging, 95), "judge-p95-ms")
	b.ReportMetric(at(loading, 50), "load-ms")
	b.ReportMetric(at(judging, 50)/at(parsing, 50), "judge/parse")
	b.ReportMetric(at(loading, 50)/at(parsing, 50), "load/parse")
}

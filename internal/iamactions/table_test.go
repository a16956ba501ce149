package iamactions_test

import (
	"bytes"
	"compress/gzip"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/iamactions"
)

func TestTheTableIsWhole(t *testing.T) {
	table := iamactions.Load()
	if err := table.Whole(); err != nil {
		t.Fatal(err)
	}
	source := table.Source()
	if source.Services < 400 || source.Actions < 20_000 {
		t.Errorf("it has %d services and %d actions: is it all of them?", source.Services, source.Actions)
	}
	if !regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString(source.SHA256) || source.Name == "" || source.Version == "" {
		t.Errorf("it does not say where it comes from: %+v", source)
	}
	if source.Licence != "MIT" {
		t.Errorf("the licence is %q: may the data be handed on?", source.Licence)
	}
	if !slices.IsSorted(table.Services()) || len(table.Services()) != source.Services {
		t.Error("the services are not in order, or not all there")
	}
}

func TestWhatEachActionTakes(t *testing.T) {
	table := iamactions.Load()
	for _, test := range []struct {
		name      string
		level     string
		resources []string // that are among those it takes; none: it takes none
	}{
		{"s3:ListBucket", "List", []string{"arn:${Partition}:s3:::${BucketName}"}},
		{"S3:GETOBJECT", "Read", []string{"arn:${Partition}:s3:::${BucketName}/${ObjectName}"}},
		{"s3:ListAllMyBuckets", "List", nil},
		{"sts:GetCallerIdentity", "Read", nil},
		{"ec2:DescribeInstances", "List", nil},
		{"iam:PassRole", "Write", []string{"arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}"}},
		{"iam:PutRolePolicy", "Write, Permissions management", []string{"arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}"}},
		{"kms:Decrypt", "Write", []string{"arn:${Partition}:kms:${Region}:${Account}:key/${KeyId}"}},
		{"ec2:CreateTags", "Write, Tagging", []string{"arn:${Partition}:ec2:${Region}:${Account}:instance/${InstanceId}"}},
		{"apigateway:GET", "Read", []string{"arn:${Partition}:apigateway:${Region}::/restapis/${RestApiId}/stages/${StageName}",
			"arn:${Partition}:apigateway:${Region}::/apis/${ApiId}/stages/${StageName}"}},
	} {
		a, known := table.Action(test.name)
		if !known || !strings.EqualFold(a.String(), test.name) || a.Level.String() != test.level {
			t.Errorf("%s: known %v, %s, %q, want %q", test.name, known, a, a.Level, test.level)
		}
		if len(test.resources) == 0 && len(a.Resources) > 0 {
			t.Errorf("%s takes %v, and should take none", test.name, a.Resources)
		}
		for _, want := range test.resources {
			if !slices.ContainsFunc(a.Resources, func(r iamactions.Resource) bool { return r.ARN == want }) {
				t.Errorf("%s does not take %s, but %v", test.name, want, a.Resources)
			}
		}
	}
	for _, name := range []string{"", ":", "s3", "s3:", "s3:ListObjects", "s4:GetObject", "s3:*", "getobject"} {
		if a, known := table.Action(name); known {
			t.Errorf("%q is %s", name, a)
		}
	}
}

func TestMatching(t *testing.T) {
	table := iamactions.Load()
	names := func(pattern string) (list []string) {
		for a := range table.Matching(pattern) {
			list = append(list, a.String())
		}
		return list
	}
	for pattern, want := range map[string][]string{
		"IAM:Pass*":         {"iam:PassRole"},
		"iam:?assRole":      {"iam:PassRole"},
		"s3:GetObject":      {"s3:GetObject"},
		"s3:*ListAllMy*":    {"s3:ListAllMyBuckets"},
		"rds-db:*":          {"rds-db:connect"},
		"*:GetCallerIdent*": {"sts:GetCallerIdentity"},
		"no-such-service:*": nil,
		"s3:NoSuchAction":   nil,
		"s3":                nil,
	} {
		if diff := cmp.Diff(want, names(pattern)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", pattern, diff)
		}
	}
	if got, want := len(names("*")), table.Source().Actions; got != want {
		t.Errorf("* is %d actions, want %d", got, want)
	}
	if got, want := len(names("s3:**")), len(table.Actions("S3")); got != want || got < 100 {
		t.Errorf("s3:** is %d actions, want %d", got, want)
	}
}

func TestKinds(t *testing.T) {
	table := iamactions.Load()
	if diff := cmp.Diff([]string{"arn:${Partition}:sqs:${Region}:${Account}:${QueueName}"}, table.Kinds("SQS")); diff != "" {
		t.Errorf("of sqs (-want +got):\n%s", diff)
	}
	if got := table.Kinds("no-such-service"); got != nil {
		t.Errorf("of no service: %v", got)
	}
}

func TestAge(t *testing.T) {
	table := iamactions.Load()
	date := table.Date()
	if date.IsZero() || table.Source().Date != date.Format(time.DateOnly) {
		t.Fatalf("the date is %s", date)
	}
	if table.Stale(date.Add(iamactions.MaxAge)) || !table.Stale(date.Add(iamactions.MaxAge+time.Hour)) {
		t.Error("180 days are not the limit")
	}
}

func TestABrokenTableIsAnErrorNotAGap(t *testing.T) {
	pack := func(text string) []byte {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		if _, err := z.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	const head = `{"services":1,"actions":1}`
	good := pack(head + "\n=s3\n-arn:x\nGet R 0!")
	if err := iamactions.Decode(good).Whole(); err != nil {
		t.Fatalf("the whole one: %v", err)
	}
	for name, file := range map[string][]byte{
		"nothing":                      nil,
		"not packed":                   []byte("s3"),
		"cut off":                      good[:len(good)/2],
		"no source":                    pack("=s3\n-arn:x\nGet R 0!"),
		"a service too few":            pack(`{"services":2,"actions":1}` + "\n=s3\n-arn:x\nGet R 0!"),
		"a service twice":              pack(`{"services":2,"actions":2}` + "\n=s3\nGet R\n=s3\nGet R"),
		"an action too few":            pack(`{"services":1,"actions":2}` + "\n=s3\n-arn:x\nGet R 0!"),
		"an unknown level":             pack(head + "\n=s3\nGet X"),
		"no level":                     pack(head + "\n=s3\nGet"),
		"a resource that is not there": pack(head + "\n=s3\n-arn:x\nGet R 1"),
		"a resource that is no number": pack(head + "\n=s3\n-arn:x\nGet R x"),
	} {
		if err := iamactions.Decode(file).Whole(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

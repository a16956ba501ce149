package session

import (
	"fmt"
	"regexp"
	"strings"

	"anchorctl/internal/hint"
)

// arn is an ARN in parts: arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE.
type arn struct {
	partition, service, region, account, resource string
}

// The resources that a session names.
const (
	anchorResource  = `trust-anchor/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`
	profileResource = `profile/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`
	roleResource    = `role/([!-~]{0,510}/)?[\w+=,.@-]{1,64}`
)

// parseARN reads an ARN of one service and kind of resource. A role's has no
// region, all others have one.
func parseARN(what, text, service, resource string) (arn, error) {
	region := `[a-z]{2}[a-z0-9-]{1,30}`
	if service == "iam" {
		region = ""
	}
	pattern := `^arn:(aws(?:-[a-z]{1,10}){0,3}):(` + service + `):(` + region + `):([0-9]{12}):(` + resource + `)$`
	m := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if m == nil {
		example := "arn:aws:rolesanywhere:eu-central-1:111122223333:" + strings.SplitN(resource, "/", 2)[0] + "/1b2c3d4e-0000-4000-8000-000000000000"
		if service == "iam" {
			example = "arn:aws:iam::111122223333:role/prod-backup"
		}
		return arn{}, hint.With(fmt.Errorf("reading the %s ARN %q: not of the form %s", what, text, example),
			`run "anchorctl status" where the estate is to see the ARNs`)
	}
	return arn{partition: m[1], service: m[2], region: m[3], account: m[4], resource: m[5]}, nil
}

// name is the last part of the resource: of a role, its name without the path.
func (a arn) name() string {
	return a.resource[strings.LastIndexByte(a.resource, '/')+1:]
}

// dnsSuffix is the domain of a partition's endpoints
// (https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html).
func dnsSuffix(partition string) (string, bool) {
	switch partition {
	case "aws", "aws-us-gov":
		return "amazonaws.com", true
	case "aws-cn":
		return "amazonaws.com.cn", true
	case "aws-eusc":
		return "amazonaws.eu", true
	default:
		return "", false
	}
}

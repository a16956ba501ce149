package grants

import (
	"slices"
	"strings"

	"anchorctl/internal/iampolicy"
)

// checkOthers: a role for Roles Anywhere is for nothing else (ANC308).
func checkOthers(j *trustJudgement) {
	for _, s := range j.statements {
		if s.Effect != iampolicy.Allow {
			continue
		}
		if s.NotPrincipal != nil {
			j.find("ANC308", s, "NotPrincipal with Allow trusts everybody but those it names").Remedy =
				`name whom the role is for: "Principal": {"Service": "` + iampolicy.RolesAnywhere + `"}`
			continue
		}
		if others := otherPrincipals(s.Principal); len(others) > 0 {
			j.find("ANC308", s, others...)
		}
	}
}

// otherPrincipals are those of a Principal element that are not Roles Anywhere,
// in words.
func otherPrincipals(p *iampolicy.Principals) []string {
	if p == nil {
		return nil
	}
	var words []string
	if p.All || slices.Contains(p.AWS, "*") {
		words = append(words, "it trusts everybody who meets its conditions, every AWS account and service among them")
	}
	for _, v := range p.Service {
		switch {
		case likeRolesAnywhere(v) && !strings.ContainsAny(v, "*?") && strings.HasPrefix(strings.ToLower(v), "rolesanywhere."):
		case runsCode(v):
			words = append(words, "it trusts the service "+v+", which runs the code of whoever may pass it the role")
		default:
			words = append(words, "it trusts the service "+v)
		}
	}
	for _, v := range p.AWS {
		if v != "*" {
			words = append(words, "it trusts the AWS principal "+v)
		}
	}
	for _, v := range p.Federated {
		words = append(words, "it trusts the identity provider "+v)
	}
	for _, v := range p.CanonicalUser {
		words = append(words, "it trusts the canonical user "+v)
	}
	return words
}

// runsCode reports whether a service runs code with the roles it is given:
// whoever may start that code and pass the role has what the workload has.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
func runsCode(service string) bool {
	name, _, _ := strings.Cut(strings.ToLower(service), ".amazonaws.")
	return slices.Contains([]string{"ec2", "ec2fleet", "spotfleet", "autoscaling", "lambda", "edgelambda", "ecs", "ecs-tasks", "eks", "pods.eks",
		"eks-fargate-pods", "batch", "codebuild", "codepipeline", "glue", "sagemaker", "elasticmapreduce", "emr-serverless", "apprunner",
		"tasks.apprunner", "build.apprunner", "elasticbeanstalk", "cloudformation", "datapipeline", "states", "ssm", "greengrass", "bedrock",
		"bedrock-agentcore"}, name)
}

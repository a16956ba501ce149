package main

import (
	"context"
	"fmt"

	"anchorctl/internal/cmdline"
	"anchorctl/internal/folder"
	"anchorctl/internal/operator"
	"anchorctl/internal/render"
)

func policyCommand() *cmdline.Command {
	return &cmdline.Command{
		Name:    "policy",
		Summary: "print IAM policies that go with the estate",
		Sub:     []*cmdline.Command{policyOperatorCommand()},
	}
}

func policyOperatorCommand() *cmdline.Command {
	return &cmdline.Command{
		Name: "operator", Args: "[ACCOUNT]", Max: 1,
		Summary: "print the policy that whoever runs anchorctl needs, and no more",
		About: `Prints an IAM policy document. Where anchorctl.yaml has several accounts, it
prints several documents, each under its account; ACCOUNT picks one, which is
then all that is printed. What changes an object is allowed on this estate's
objects only; roles are named one by one.`,
		Example: "anchorctl policy operator 111122223333 >operator.json",
		Run: func(ctx context.Context, c *cmdline.Call) (cmdline.Reply, error) {
			return withEstate(ctx, c, noPassphrase(), func(f *folder.Folder) (cmdline.Reply, error) {
				return operatorPolicies(ctx, c, f)
			})
		},
	}
}

func operatorPolicies(ctx context.Context, c *cmdline.Call, f *folder.Folder) (cmdline.Reply, error) {
	objects, err := f.Store.Objects(ctx)
	if err != nil {
		return cmdline.Reply{}, fmt.Errorf("reading what is recorded: %w", err)
	}
	all, err := operator.Policies(f.Config, f.Estate.Lineage, objects)
	if err != nil {
		return cmdline.Reply{}, err
	}
	if len(c.Args) == 1 {
		one, err := operator.Of(all, c.Args[0])
		if err != nil {
			return cmdline.Reply{}, err
		}
		all = []operator.Policy{one}
	}
	return cmdline.Reply{Result: all, Page: func(p *render.Page) {
		for _, policy := range all {
			if len(all) > 1 {
				p.Heading(fmt.Sprintf("Account %s", policy.Account))
			}
			p.Text(string(policy.Document))
		}
	}}, nil
}

package roles

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"anchorctl/internal/clock"
	"anchorctl/internal/engine"
	"anchorctl/internal/hint"
	"anchorctl/internal/iampolicy"
	"anchorctl/internal/plan"
)

// Doers carry out the actions on roles.
type Doers struct {
	// API gives the roles of an account, by the address of one of them.
	API   func(ctx context.Context, role plan.Addr) (API, error)
	Clock clock.Clock
	// PutPolicy writes an inline policy into a role, in place of one of that name.
	PutPolicy func(ctx context.Context, role plan.Addr, policy, document string) error
}

// ByKind lists the doers.
func (d Doers) ByKind() map[plan.Kind]engine.Doer {
	return map[plan.Kind]engine.Doer{
		plan.RolePin:    {Do: d.pin},
		plan.RoleUnpin:  {Do: d.unpin},
		plan.RoleVerify: {Do: d.verify},
		plan.RoleDeny:   {Do: d.deny},
		plan.RoleWiden:  {Do: d.rename},
		plan.RoleNarrow: {Do: d.rename},
	}
}

func (d Doers) pin(ctx context.Context, s engine.Step) (plan.Outcome, error) {
	live, err := d.replace(ctx, s)
	return plan.Outcome{Created: &plan.Object{Addr: s.Action.Addr, ARN: live.ARN, Intent: s.Intent}}, err
}

func (d Doers) unpin(ctx context.Context, s engine.Step) (plan.Outcome, error) {
	if len(s.After) == 0 {
		return plan.Outcome{Deleted: true}, nil
	}
	_, err := d.replace(ctx, s)
	return plan.Outcome{Deleted: true}, err
}

// read reads a role again, just before it is written: IAM knows no versions.
func (d Doers) read(ctx context.Context, addr plan.Addr) (API, Live, error) {
	api, err := d.API(ctx, addr)
	if err != nil {
		return nil, Live{}, err
	}
	live, err := api.Get(ctx, Name(addr))
	if err == nil && !live.Exists {
		err = fmt.Errorf("writing the trust policy of %s: the role is not there any more", addr)
	}
	return api, live, err
}

// replace writes a trust policy. One that is neither what was planned from nor
// what is wanted stops the run.
func (d Doers) replace(ctx context.Context, s engine.Step) (Live, error) {
	before, after, err := decode(s)
	if err != nil {
		return Live{}, err
	}
	api, live, err := d.read(ctx, s.Action.Addr)
	if err != nil {
		return Live{}, err
	}
	if SamePolicy(live.Trust, after) {
		return live, nil
	}
	if !SamePolicy(live.Trust, before) {
		return Live{}, hint.With(
			fmt.Errorf("writing the trust policy of %s: it was changed by somebody else since it was planned", s.Action.Addr),
			`run "anchorctl plan" to see what it is now`)
	}
	if err := api.PutTrust(ctx, live.Name, after); err != nil {
		return Live{}, err
	}
	return live, d.readBack(ctx, api, s.Action.Addr, after)
}

// readBack waits until IAM shows what was written: it is eventually
// consistent, and an anchor must not be enabled on the strength of a policy
// that is not there yet.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
func (d Doers) readBack(ctx context.Context, api API, addr plan.Addr, want string) error {
	const looks = 10
	for range looks {
		live, err := api.Get(ctx, Name(addr))
		if err != nil {
			return err
		}
		if live.Exists && SamePolicy(live.Trust, want) {
			return nil
		}
		if err := d.Clock.Wait(ctx, 2*time.Second); err != nil {
			return fmt.Errorf("reading back the trust policy of %s: %w", addr, err)
		}
	}
	return fmt.Errorf("reading back the trust policy of %s: IAM still shows another one", addr)
}

func (d Doers) verify(ctx context.Context, s engine.Step) (plan.Outcome, error) {
	var v verification
	if err := json.Unmarshal(s.After, &v); err != nil {
		return plan.Outcome{}, fmt.Errorf("reading the action: %w", err)
	}
	pin := Pin{Addr: s.Action.Addr, Environment: v.Environment, AnchorARNs: v.Anchors, WorkloadURIs: v.Workloads}
	api, err := d.API(ctx, s.Action.Addr)
	if err != nil {
		return plan.Outcome{}, err
	}
	live, err := api.Get(ctx, Name(s.Action.Addr))
	if err != nil {
		return plan.Outcome{}, err
	}
	if live.Exists {
		installed, _, err := pin.Installed(live.Trust)
		if err != nil || installed {
			return plan.Outcome{}, err
		}
	}
	return plan.Outcome{}, pin.Await(live)
}

// SamePolicy compares trust policies as documents, never as text. What cannot be
// read equals no other, nor itself.
func SamePolicy(a, b string) bool {
	x, errX := iampolicy.Parse([]byte(a))
	y, errY := iampolicy.Parse([]byte(b))
	return errX == nil && errY == nil && iampolicy.Equal(x, y)
}

func decode(s engine.Step) (before, after string, err error) {
	var b, a Fields
	if err := json.Unmarshal(s.Before, &b); err != nil {
		return "", "", fmt.Errorf("reading the action: %w", err)
	}
	if err := json.Unmarshal(s.After, &a); err != nil {
		return "", "", fmt.Errorf("reading the action: %w", err)
	}
	return string(b.Trust), string(a.Trust), nil
}

package renewal

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"anchorctl/internal/engine"
	"anchorctl/internal/hint"
	"anchorctl/internal/issuance"
	"anchorctl/internal/session"
)

// probe asks for a session with the new certificate, in every way in which the
// workload takes a role. When the service denies one, the old files stay and the
// renewal is held: somebody has something to mend. When it cannot be asked, the
// renewal has failed and is tried again.
func (r *one) probe(ctx context.Context, request issuance.Request) ([]string, error) {
	ways, missing, err := issuance.WaysOf(ctx, r.folder, request)
	if err != nil {
		return nil, err
	}
	if len(ways) == 0 {
		return nil, r.hold(fmt.Sprintf("there is no session to probe with: %s", missing[0]), `run "anchorctl apply", or renew without --probe`)
	}
	with, err := signer(r.place.making())
	if err != nil {
		return nil, err
	}
	given := []string{}
	for _, way := range ways {
		name := fmt.Sprintf("role %s of profile %s at %s", way.Role, way.Profile, way.Target)
		_, err := session.Client{Clock: r.folder.Clock}.CreateSession(ctx, session.Request{
			Endpoint: r.o.Endpoint, AnchorARN: way.AnchorARN, ProfileARN: way.ProfileARN, RoleARN: way.RoleARN, Signer: with,
		})
		var refused *session.Error
		if errors.As(err, &refused) && refused.Denied() {
			return given, r.hold(fmt.Sprintf("the new certificate gets no session for %s, the old one stays: %v", name, err),
				hints(err, `run "anchorctl status" for what differs in AWS, then renew again`)...)
		}
		if err != nil {
			return given, fmt.Errorf("probing %s, the old certificate stays: %w", name, err)
		}
		given = append(given, name)
	}
	return given, nil
}

func (r *one) hold(why string, hints ...string) error {
	return &engine.HeldError{Action: "the renewal of " + r.name(), Reason: why, Hints: hints}
}

// hints are lines that follow an error of the service.
func hints(err error, more ...string) []string {
	var all []string
	for _, h := range append(hint.Of(err), more...) {
		if strings.TrimSpace(h) != "" {
			all = append(all, h)
		}
	}
	return all
}

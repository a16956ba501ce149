package awsapi

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rolesanywhere"
	"github.com/aws/aws-sdk-go-v2/service/rolesanywhere/types"

	"anchorctl/internal/subjects"
)

type subjectAPI struct{ t *Target }

// Subjects are who asked for sessions at the target.
func (t *Target) Subjects() subjects.API {
	s := subjectAPI{t}
	return subjects.API{List: s.list, Get: s.get}
}

func (s subjectAPI) list(ctx context.Context) ([]subjects.Summary, error) {
	var all []subjects.Summary
	err := pages("ListSubjects", func(token *string) (next *string, err error) {
		var out *rolesanywhere.ListSubjectsOutput
		err = s.t.do(ctx, s.request("ListSubjects", func(ctx context.Context) (err error) {
			out, err = s.t.anywhere.ListSubjects(ctx, &rolesanywhere.ListSubjectsInput{NextToken: token})
			return err
		}))
		if err != nil {
			return nil, err
		}
		for _, d := range out.Subjects {
			one, err := s.summary(d)
			if err != nil {
				return nil, err
			}
			all = append(all, one)
		}
		return out.NextToken, nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing the subjects of %s/%s: %w", s.t.account, s.t.region, err)
	}
	return distinct(all, func(one subjects.Summary) string { return one.ARN }), nil
}

func (s subjectAPI) get(ctx context.Context, id string) (subjects.Subject, error) {
	var out *rolesanywhere.GetSubjectOutput
	err := s.t.do(ctx, s.request("GetSubject", func(ctx context.Context) (err error) {
		out, err = s.t.anywhere.GetSubject(ctx, &rolesanywhere.GetSubjectInput{SubjectId: &id})
		return err
	}))
	if err != nil {
		return subjects.Subject{}, fmt.Errorf("reading subject %s of %s/%s: %w", id, s.t.account, s.t.region, err)
	}
	one, err := s.detail(id, out.Subject)
	if err != nil {
		return subjects.Subject{}, fmt.Errorf("reading subject %s of %s/%s: %w", id, s.t.account, s.t.region, err)
	}
	return one, nil
}

func (s subjectAPI) request(operation string, send func(context.Context) error) request {
	return request{family: subjectFamily, operation: operation, send: send}
}

func (s subjectAPI) summary(d types.SubjectSummary) (subjects.Summary, error) {
	one := subjects.Summary{
		ID: aws.ToString(d.SubjectId), ARN: aws.ToString(d.SubjectArn), Name: aws.ToString(d.X509Subject), Enabled: aws.ToBool(d.Enabled),
		Created: instant(d.CreatedAt), LastSeen: instant(d.LastSeenAt),
	}
	return one, s.t.checkARN(subjectKind, one.ID, one.ARN)
}

// detail reads the subject that was asked for.
func (s subjectAPI) detail(id string, d *types.SubjectDetail) (subjects.Subject, error) {
	if d == nil || aws.ToString(d.SubjectId) != id {
		return subjects.Subject{}, errors.New("the service answers without the subject")
	}
	summary, err := s.summary(types.SubjectSummary{
		SubjectId: d.SubjectId, SubjectArn: d.SubjectArn, X509Subject: d.X509Subject, Enabled: d.Enabled,
		CreatedAt: d.CreatedAt, LastSeenAt: d.LastSeenAt,
	})
	if err != nil {
		return subjects.Subject{}, err
	}
	one := subjects.Subject{Summary: summary}
	for _, c := range d.Credentials {
		one.Credentials = append(one.Credentials, subjects.Credential{
			Seen: instant(c.SeenAt), PEM: aws.ToString(c.X509CertificateData), Serial: aws.ToString(c.SerialNumber),
			Issuer: aws.ToString(c.Issuer), Enabled: aws.ToBool(c.Enabled), Failed: aws.ToBool(c.Failed),
		})
	}
	slices.SortStableFunc(one.Credentials, func(a, b subjects.Credential) int { return a.Seen.Compare(b.Seen) })
	return one, nil
}

// instant is a time of the service; what it does not say is the zero time.
func instant(t *time.Time) time.Time { return aws.ToTime(t).UTC() }

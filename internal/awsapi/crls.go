package awsapi

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rolesanywhere"
)

// CRL is a revocation list as the service shows it.
type CRL struct {
	ID        string
	ARN       string
	Name      string
	AnchorARN string
	Enabled   bool
	Data      []byte // as it was imported: PEM or DER
}

// CRLs are the revocation lists of one target.
type CRLs struct{ t *Target }

// CRLs are the target's revocation lists.
func (t *Target) CRLs() CRLs { return CRLs{t} }

// List returns all revocation lists of the target.
func (c CRLs) List(ctx context.Context) ([]CRL, error) {
	all := []CRL{}
	err := pages("ListCrls", func(token *string) (next *string, err error) {
		var out *rolesanywhere.ListCrlsOutput
		err = c.t.do(ctx, request{family: crlFamily, operation: "ListCrls", send: func(ctx context.Context) (err error) {
			out, err = c.t.anywhere.ListCrls(ctx, &rolesanywhere.ListCrlsInput{NextToken: token})
			return err
		}})
		if err != nil {
			return nil, err
		}
		for _, d := range out.Crls {
			crl := CRL{
				ID: aws.ToString(d.CrlId), ARN: aws.ToString(d.CrlArn), Name: aws.ToString(d.Name),
				AnchorARN: aws.ToString(d.TrustAnchorArn), Enabled: aws.ToBool(d.Enabled),
				Data: d.CrlData,
			}
			if err := c.t.checkARN(crlKind, crl.ID, crl.ARN); err != nil {
				return nil, err
			}
			all = append(all, crl)
		}
		return out.NextToken, nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing the revocation lists of %s/%s: %w", c.t.account, c.t.region, err)
	}
	return distinct(all, func(crl CRL) string { return crl.ARN }), nil
}

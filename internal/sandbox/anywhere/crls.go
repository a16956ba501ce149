package anywhere

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"

	"anchorctl/internal/sandbox/limits"
	"anchorctl/internal/sandbox/wire"
	"anchorctl/internal/sandbox/world"
)

type importCRLInput struct {
	Name      *string `json:"name,omitempty"`
	Data      []byte  `json:"crlData,omitempty"`
	Enabled   *bool   `json:"enabled,omitempty"`
	AnchorARN *string `json:"trustAnchorArn,omitempty"`
	Tags      []tag   `json:"tags,omitempty"`
}

type updateCRLInput struct {
	ID   string  `json:"-" path:"id"`
	Name *string `json:"name,omitempty"`
	Data []byte  `json:"crlData,omitempty"`
}

func importCRL(c *world.Call, in *importCRLInput) (any, error) {
	var check wire.Checks
	check.Required("name", in.Name != nil)
	check.Text("name", in.Name, limits.Name)
	check.Required("crlData", in.Data != nil)
	check.Len("crlData", len(in.Data), limits.CRLData)
	check.Required("trustAnchorArn", in.AnchorARN != nil)
	check.Text("trustAnchorArn", in.AnchorARN, limits.TrustAnchorARN)
	checkTags(&check, in.Tags)
	if err := check.Err(validation); err != nil {
		return nil, err
	}
	here := c.Here()
	if err := admitCRL(here, in.Data, *in.AnchorARN); err != nil {
		return nil, err
	}
	tags, err := tagMap(nil, in.Tags)
	if err != nil {
		return nil, err
	}
	if len(here.CRLsOf(*in.AnchorARN)) >= limits.Of(limits.CRLsPerAnchor).Max {
		return nil, overQuota(limits.CRLsPerAnchor)
	}
	id := uuid.NewString()
	l := &world.CRL{
		ID: id, ARN: c.Account.ARN("rolesanywhere", c.Region, "crl/"+id), Seq: c.World.Next(), Name: *in.Name,
		Enabled: in.Enabled != nil && *in.Enabled, Data: in.Data, AnchorARN: *in.AnchorARN, Tags: tags,
		Created: c.Now, Updated: c.Now,
	}
	here.CRLs = append(here.CRLs, l)
	return crlAnswer(l), nil
}

func updateCRL(c *world.Call, in *updateCRLInput) (any, error) {
	var check wire.Checks
	check.Text("crlId", &in.ID, limits.UUID)
	check.Text("name", in.Name, limits.Name)
	if in.Data != nil {
		check.Len("crlData", len(in.Data), limits.CRLData)
	}
	if err := check.Err(validation); err != nil {
		return nil, err
	}
	here := c.Here()
	l := here.CRL(in.ID)
	if l == nil {
		return nil, noCRL(in.ID)
	}
	if in.Data != nil {
		if err := admitCRL(here, in.Data, l.AnchorARN); err != nil {
			return nil, err
		}
		l.Data = in.Data
	}
	if in.Name != nil {
		l.Name = *in.Name
	}
	l.Updated = c.Now
	return crlAnswer(l), nil
}

// admitCRL judges a CRL: it parses, lists something, and is signed by a
// certificate of the anchor. Which other signers the service takes is not
// documented; that it refuses an empty list is only reported by users.
func admitCRL(here *world.Region, data []byte, anchorARN string) error {
	i := slices.IndexFunc(here.Anchors, func(a *world.Anchor) bool { return a.ARN == anchorARN })
	if i < 0 {
		return wire.Errorf(http.StatusNotFound, "ResourceNotFoundException", "Trust anchor %s was not found", anchorARN)
	}
	list, ok := parseCRL(data)
	if !ok {
		return refuse("Unable to parse CRL")
	}
	if len(list.RevokedCertificateEntries) == 0 {
		return refuse("CRL has no revoked certificates")
	}
	issuers, err := certificates(here.Anchors[i].Certificates)
	if err != nil {
		return err
	}
	for _, c := range issuers {
		if list.CheckSignatureFrom(c) == nil {
			return nil
		}
	}
	return refuse("CRL is not signed by the trust anchor")
}

// parseCRL reads exactly one CRL, in PEM or DER.
func parseCRL(data []byte) (*x509.RevocationList, bool) {
	if block, rest := pem.Decode(data); block != nil {
		if block.Type != "X509 CRL" || strings.TrimSpace(string(rest)) != "" {
			return nil, false
		}
		data = block.Bytes
	}
	list, err := x509.ParseRevocationList(data)
	if err != nil || !bytes.Equal(list.Raw, data) {
		return nil, false
	}
	return list, true
}

func withCRL(c *world.Call, in *idInput, do func(*world.CRL)) (any, error) {
	if err := in.check("crlId"); err != nil {
		return nil, err
	}
	l := c.Here().CRL(in.ID)
	if l == nil {
		return nil, noCRL(in.ID)
	}
	do(l)
	return crlAnswer(l), nil
}

func getCRL(c *world.Call, in *idInput) (any, error) {
	return withCRL(c, in, func(*world.CRL) {})
}

func enableCRL(c *world.Call, in *idInput) (any, error) {
	return withCRL(c, in, func(l *world.CRL) { l.Enabled, l.Updated = true, c.Now })
}

func disableCRL(c *world.Call, in *idInput) (any, error) {
	return withCRL(c, in, func(l *world.CRL) { l.Enabled, l.Updated = false, c.Now })
}

func deleteCRL(c *world.Call, in *idInput) (any, error) {
	return withCRL(c, in, func(l *world.CRL) {
		here := c.Here()
		here.CRLs = slices.DeleteFunc(here.CRLs, func(o *world.CRL) bool { return o == l })
	})
}

func listCRLs(c *world.Call, in *listInput) (any, error) {
	page, next, err := cut(in, "crls", c.Here().CRLs, c.PageSize, func(l *world.CRL) int { return l.Seq })
	if err != nil {
		return nil, err
	}
	out := crlList{CRLs: []crlDetail{}, NextToken: next}
	for _, l := range page {
		out.CRLs = append(out.CRLs, detailOfCRL(l))
	}
	return out, nil
}

func noCRL(id string) error {
	return wire.Errorf(http.StatusNotFound, "ResourceNotFoundException", "CRL %s was not found", id)
}

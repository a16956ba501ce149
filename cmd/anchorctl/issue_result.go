package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"anchorctl/internal/cmdline"
	"anchorctl/internal/folder"
	"anchorctl/internal/issuance"
	"anchorctl/internal/render"
)

// jsonFormat is the format of --stdout that is one object.
const jsonFormat = "json"

// issuedBundle is what --stdout prints as one object: the private key too, since
// that was asked for.
type issuedBundle struct {
	issuance.Result

	KeyPEM         string `json:"keyPEM,omitempty"` // not with --csr
	CertificatePEM string `json:"certificatePEM"`
	ChainPEM       string `json:"chainPEM"`
}

func issueToStdout(ctx context.Context, c *cmdline.Call, f *folder.Folder, r issuance.Request, format string) (cmdline.Reply, error) {
	b, err := issuance.IssueBundle(ctx, f, r)
	if err != nil {
		return cmdline.Reply{}, err
	}
	object := issuedBundle{Result: b.Result, KeyPEM: string(b.Key), CertificatePEM: string(b.Certificate), ChainPEM: string(b.CAs)}
	if c.JSON {
		return cmdline.Reply{Result: object, Schema: "bundle"}, nil
	}
	for _, name := range b.Ignored {
		c.Voice.Note("ignored what the request asks for: " + name)
	}
	if format != jsonFormat {
		return cmdline.Reply{Raw: b.PEM()}, nil
	}
	text, err := json.MarshalIndent(object, "", "  ")
	if err != nil {
		return cmdline.Reply{}, fmt.Errorf("encoding the bundle: %w", err)
	}
	return cmdline.Reply{Raw: append(text, '\n')}, nil
}

func issuePage(r issuance.Result) func(*render.Page) {
	return func(p *render.Page) {
		p.Fields(issueFields(r)...)
		if len(r.Stanzas) > 0 {
			p.Heading("For ~/.aws/config, either with AWS's aws_signing_helper")
			for _, s := range r.Stanzas {
				p.Text(s.Helper)
			}
			p.Heading("or with anchorctl")
			for _, s := range r.Stanzas {
				p.Text(s.Session)
			}
		}
		var notes []string
		for _, name := range r.Ignored {
			notes = append(notes, "ignored what the request asks for: "+name)
		}
		for _, n := range append(append(notes, r.Notes...), r.Missing...) {
			p.Blank()
			p.Line("Note: %s", n)
		}
	}
}

func issueFields(r issuance.Result) []render.Field {
	var fields []render.Field
	add := func(name, value string) {
		if value != "" {
			fields = append(fields, render.Field{Name: name, Value: value})
		}
	}
	if r.Format == issuance.FormatCombined {
		add("file", r.CertificateFile)
	} else {
		add("key", r.KeyFile)
		add("certificate", r.CertificateFile)
		add("chain", r.ChainFile)
	}
	add("subject", r.Subject)
	add("uri", r.URI)
	add("issuer", r.Issuer)
	add("serial", r.SerialHex+" (decimal "+r.SerialDecimal+")")
	add("valid until", r.NotAfter.Format(time.RFC3339))
	if r.Resumed {
		add("recorded", "by an earlier run")
	}
	return fields
}

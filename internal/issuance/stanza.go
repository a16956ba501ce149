package issuance

import (
	"context"
	"crypto/x509"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"anchorctl/internal/config"
	"anchorctl/internal/durable"
	"anchorctl/internal/folder"
	"anchorctl/internal/pki"
	"anchorctl/internal/plan"
)

// Stanza is what ~/.aws/config needs for one role, once for AWS's helper and once
// for this program. The sections have different names: a file that holds both is
// read as both.
type Stanza struct {
	Name        string `json:"name"`        // of the helper's section: --profile NAME
	SessionName string `json:"sessionName"` // of this program's section
	Profile     string `json:"profile"`
	Role        string `json:"role"`
	Account     string `json:"account"`
	Region      string `json:"region"`
	Helper      string `json:"helper"`  // text with aws_signing_helper
	Session     string `json:"session"` // text with anchorctl session
}

func describe(ctx context.Context, f *folder.Folder, w wanted, s signer, files set, m made) (Result, error) {
	r := facts(w, s, m)
	r.KeyFile, r.CertificateFile, r.ChainFile = files.key, files.certificate, files.path
	if w.csr != nil {
		r.KeyFile = ""
		if !files.holdsKeyOf(w) {
			files.key = hostKey
			r.Notes = append(r.Notes, hostKey+" stands for the key on the host: its file, or for AWS's helper its pkcs11: URI")
		}
	}
	if files.form.format == FormatEncrypted {
		r.Notes = append(r.Notes, "the key is encrypted: whatever takes a session with it must decrypt it first")
		return r, nil
	}
	objects, err := f.Store.Objects(ctx)
	if err != nil {
		return Result{}, err
	}
	r.Stanzas, r.Missing = stanzas(w, files, objects)
	if len(r.Stanzas) > 0 && strings.HasPrefix(f.Estate.Bound, "sandbox:") {
		r.Notes = append(r.Notes, `the estate lives in a sandbox: clients reach it inside "anchorctl sandbox exec", or with AWS_ENDPOINT_URL set to its address`)
	}
	return r, nil
}

// hostKey stands where a stanza names a key that is not here.
const hostKey = "PRIVATE-KEY"

// holdsKeyOf reports whether the request's key lies in the folder, as it does
// where the host itself, or a share of it, is that folder.
func (s set) holdsKeyOf(w wanted) bool {
	text, err := durable.Read(s.key, pki.MaxFile)
	defer clear(text)
	if err != nil || text == nil || s.form.format == FormatCombined {
		return false
	}
	key, err := s.form.parse(text)
	return err == nil && sameKeys(key.Public(), w.csr.Key)
}

// facts are what a result says wherever the certificate goes.
func facts(w wanted, s signer, m made) Result {
	c := m.certificate()
	return Result{
		Address:       w.address().String(),
		Instance:      w.spec.Instance,
		Subject:       c.Subject.String(),
		URI:           c.URIs[0].String(),
		DNS:           c.DNSNames,
		Format:        w.form.format,
		SerialHex:     pki.SerialHex(c),
		SerialDecimal: pki.SerialDecimal(c),
		Fingerprint:   pki.Fingerprint(c),
		NotBefore:     c.NotBefore.UTC(),
		NotAfter:      c.NotAfter.UTC(),
		Issuer:        s.generation.Addr().String(),
		Chain:         links(m.path),
		Resumed:       m.resumed,
		Ignored:       w.ignored(c),
		Stanzas:       []Stanza{},
		Notes:         m.notes,
	}
}

func links(path []*x509.Certificate) []Link {
	var chain []Link
	for _, c := range path {
		chain = append(chain, Link{Subject: c.Subject.String(), Fingerprint: pki.Fingerprint(c), NotAfter: c.NotAfter.UTC()})
	}
	return chain
}

// use is a role that the workload may take, by a profile, in a target.
type use struct {
	target        config.Target
	profile, role string
	duration      time.Duration
}

// uses are the roles that list the workload, in a settled order.
func (w wanted) uses() []use {
	var all []use
	for _, target := range w.environment.Targets {
		for _, p := range w.environment.ProfilesAt(plan.Target{Account: target.Account, Region: target.Region}) {
			for _, role := range p.RoleNames() {
				if u := p.Roles[role]; u != nil && slices.Contains(u.Workloads, w.spec.Workload) {
					all = append(all, use{target, p.Name, role, time.Duration(p.SessionDuration)})
				}
			}
		}
	}
	return all
}

// stanzas are those for which anchor and profile exist, and why others are not
// there.
func stanzas(w wanted, files set, objects []plan.Object) ([]Stanza, []string) {
	ways, missing := w.ways(files, objects)
	made := []Stanza{}
	for _, way := range ways {
		made = append(made, way.stanza(w))
	}
	return made, missing
}

// partition is the second part of an ARN.
func partition(arn string) string {
	parts := strings.SplitN(arn, ":", 3)
	if len(parts) < 3 {
		return "aws"
	}
	return parts[1]
}

func (w Way) stanza(of wanted) Stanza {
	name := strings.Join([]string{of.spec.Environment, w.Profile, strings.ReplaceAll(w.Role, "/", "-")}, "-")
	if len(of.environment.Targets) > 1 {
		name += "-" + w.Target.Account + "-" + w.Target.Region
	}
	// The helper asks for an hour unless it is told otherwise.
	arguments := fmt.Sprintf("--certificate %s --private-key %s --trust-anchor-arn %s --profile-arn %s --role-arn %s --session-duration %d",
		quoted(w.CertificateFile), quoted(w.KeyFile), w.AnchorARN, w.ProfileARN, w.RoleARN, int(w.duration.Seconds()))
	section := func(name, command string) string {
		return fmt.Sprintf("[profile %s]\nregion = %s\ncredential_process = %s %s\n", name, w.Target.Region, command, arguments)
	}
	own := name + "-anchorctl"
	return Stanza{
		Name: name, SessionName: own, Profile: w.Profile, Role: w.Role, Account: w.Target.Account, Region: w.Target.Region,
		Helper:  section(name, "aws_signing_helper credential-process"),
		Session: section(own, "anchorctl session"),
	}
}

// quoted: the SDKs split the command at white space outside double quotes
// (https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html).
func quoted(path string) string {
	if strings.ContainsAny(path, " #;'") {
		return `"` + path + `"`
	}
	return path
}

// unquotable: what would end the quotes, the line or the command.
func unquotable(r rune) bool {
	return r < ' ' || r == 0x7f || r == '"' || r == '\\' && filepath.Separator != '\\'
}

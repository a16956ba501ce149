package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"strings"

	"anchorctl/internal/publicca"
)

// readHashes reads Mozilla's lists out of a Firefox archive: the intermediates
// that it knows, as hashes of certificate and SubjectPublicKeyInfo, and of the
// revoked ones those that are revoked by key.
func (c *collection) readHashes(omni []byte, at int) error {
	archive, err := zip.NewReader(bytes.NewReader(omni), int64(len(omni)))
	if err != nil {
		return err
	}
	for _, name := range []string{"intermediates", "onecrl"} {
		f, err := archive.Open("defaults/settings/security-state/" + name + ".json")
		if err != nil {
			return err
		}
		text, err := io.ReadAll(f)
		if err != nil {
			return err
		}
		var list struct{ Data []intermediate }
		if err := json.Unmarshal(text, &list); err != nil {
			return fmt.Errorf("reading %s: %w", name, err)
		}
		for _, i := range list.Data {
			if err := c.addHashes(i, at); err != nil {
				return fmt.Errorf("reading %s: %w", name, err)
			}
		}
	}
	return nil
}

type intermediate struct {
	Subject    string
	DerHash    string
	PubKeyHash string
	Attachment struct{ Filename string }
}

// addHashes takes one intermediate. Newer entries no longer spell its key's
// hash out, but their certificate is still filed under it.
func (c *collection) addHashes(i intermediate, at int) error {
	if i.PubKeyHash == "" {
		i.PubKeyHash = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimSuffix(path.Base(i.Attachment.Filename), ".pem"))
	}
	if i.PubKeyHash == "" || i.PubKeyHash == "." {
		return nil // revoked by name and number: no key
	}
	r := publicca.Record{Entry: publicca.Entry{Kind: publicca.Intermediate, Name: printed(i.Subject)}, Rank: publicca.Issued, Sources: []int{at}}
	if err := decodeHash(&r.SPKI, i.PubKeyHash); err != nil {
		return err
	}
	if i.DerHash != "" {
		r.Certificates = make([]publicca.Hash, 1)
		if err := decodeHash(&r.Certificates[0], i.DerHash); err != nil {
			return err
		}
	}
	if r.Name == "" {
		r.Name, r.Rank = unnamed, publicca.KeyAlone
	}
	c.add(r)
	return nil
}

func decodeHash(to *publicca.Hash, text string) error {
	hash, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(hash) != sha256.Size {
		return fmt.Errorf("%q is no hash", text)
	}
	copy(to[:], hash)
	return nil
}

// unnamed is the name of keys of which a list gives the hash alone.
const unnamed = "a CA that is known by its hash"

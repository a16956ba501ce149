package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// largest is how big a file inside a package may be.
const largest = 1 << 30

// walk hands over the files of a package whose names match.
func walk(client string, in input, match *regexp.Regexp, take func(name string, content []byte) error) error {
	switch client {
	case "data":
		content, err := os.ReadFile(in.path)
		if err != nil {
			return err
		}
		return take(filepath.Base(in.path), content)
	case "go":
		content, err := os.ReadFile(in.path)
		if err != nil {
			return err
		}
		return walkZip(content, match, take)
	case "npm":
		f, err := os.Open(in.path)
		if err != nil {
			return err
		}
		defer f.Close()
		unzip, err := gzip.NewReader(f)
		if err != nil {
			return err
		}
		return walkTar(unzip, match, take)
	case "deb":
		return walkOutput(exec.Command("dpkg-deb", "--fsys-tarfile", in.path), match, take)
	case "deb-src":
		// tar knows more compressions than Go does.
		return walkOutput(unpacked(in.path), match, take)
	default:
		return fmt.Errorf("there is no archive of %q", client)
	}
}

// unpacked writes the tar inside a compressed one to its output.
func unpacked(path string) *exec.Cmd {
	f, err := os.Open(path)
	if err != nil {
		return exec.Command("cat", path)
	}
	defer f.Close()
	head := make([]byte, 6)
	if _, err := io.ReadFull(f, head); err == nil && bytes.HasPrefix(head, []byte("\xfd7zXZ")) {
		return exec.Command("xz", "--decompress", "--stdout", path)
	}
	if bytes.HasPrefix(head, []byte("BZh")) {
		return exec.Command("bzip2", "--decompress", "--stdout", path)
	}
	return exec.Command("gzip", "--decompress", "--stdout", path)
}

func walkOutput(cmd *exec.Cmd, match *regexp.Regexp, take func(string, []byte) error) error {
	cmd.Stdin = nil
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	err = walkTar(out, match, take)
	_, drained := io.Copy(io.Discard, out)
	return errors.Join(err, drained, cmd.Wait())
}

func walkTar(r io.Reader, match *regexp.Regexp, take func(string, []byte) error) error {
	archive := tar.NewReader(r)
	for {
		head, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(head.Name, "./")
		if head.Typeflag != tar.TypeReg || head.Size > largest || !match.MatchString(name) {
			continue
		}
		content, err := io.ReadAll(archive)
		if err != nil {
			return err
		}
		if err := take(name, content); err != nil {
			return fmt.Errorf("reading %s: %w", name, err)
		}
	}
}

// walkZip hands over the files of a zip.
func walkZip(content []byte, match *regexp.Regexp, take func(string, []byte) error) error {
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return err
	}
	for _, f := range archive.File {
		if f.FileInfo().IsDir() || f.UncompressedSize64 > largest || !match.MatchString(f.Name) {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return err
		}
		inner, err := io.ReadAll(r)
		if err := errors.Join(err, r.Close()); err != nil {
			return err
		}
		if err := take(f.Name, inner); err != nil {
			return fmt.Errorf("reading %s: %w", f.Name, err)
		}
	}
	return nil
}

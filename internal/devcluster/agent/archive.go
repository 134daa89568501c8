package agent

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"syscall"
)

// archiveKind is how a file is extracted.
type archiveKind int

const (
	noArchive archiveKind = iota
	tarArchive
	zipArchive
	gzipFile // one compressed file: NAME.gz becomes NAME
)

// archiveOf tells an archive by its name, by the list of mesos-fetcher.
func archiveOf(name string) (kind archiveKind, compression string) {
	endings := []struct {
		ending      string
		kind        archiveKind
		compression string
	}{
		{".tar.gz", tarArchive, "gz"},
		{".tgz", tarArchive, "gz"},
		{".tar.bz2", tarArchive, "bz2"},
		{".tbz2", tarArchive, "bz2"},
		{".tar.xz", tarArchive, "xz"},
		{".txz", tarArchive, "xz"},
		{".tar", tarArchive, ""},
		{".gz", gzipFile, "gz"},
		{".zip", zipArchive, ""},
	}
	for _, e := range endings {
		if strings.HasSuffix(name, e.ending) {
			return e.kind, e.compression
		}
	}

	return noArchive, ""
}

// extract extracts an archive beside itself; what is no archive by its name stays as it is.
func (f fetcher) extract(ctx context.Context, root *os.Root, name string) error {
	kind, compression := archiveOf(name)
	if kind == noArchive {
		return nil
	}
	into := &unpacker{root: root, dir: filepath.Dir(name), bytes: f.limits.Extracted, entries: f.limits.Entries}
	file, err := root.Open(name)
	if err != nil {
		return fmt.Errorf("extracting: %w", err)
	}
	defer file.Close()
	if kind == zipArchive {
		return into.zip(file)
	}

	plain, err := decompress(ctx, file, compression)
	if err != nil {
		return err
	}
	defer plain.Close()
	if kind == gzipFile {
		return into.file(strings.TrimSuffix(filepath.Base(name), ".gz"), 0o644, plain)
	}

	return into.tar(plain)
}

func decompress(ctx context.Context, r io.Reader, compression string) (io.ReadCloser, error) {
	switch compression {
	case "gz":
		z, err := gzip.NewReader(bufio.NewReader(r))
		if err != nil {
			return nil, fmt.Errorf("extracting: %w", err)
		}

		return z, nil
	case "bz2":
		return io.NopCloser(bzip2.NewReader(bufio.NewReader(r))), nil
	case "xz":
		return xz(ctx, r)
	default:
		return io.NopCloser(bufio.NewReader(r)), nil
	}
}

// command is the output of a program; Close ends the program and waits for it.
type command struct {
	io.Reader

	cmd    *exec.Cmd
	cancel context.CancelFunc
}

func (c *command) Close() error {
	c.cancel()
	_ = c.cmd.Wait() // was ended, or had said all

	return nil
}

// xz has the program of that name decompress, as tar does for the real fetcher.
func xz(ctx context.Context, r io.Reader) (io.ReadCloser, error) {
	ctx, cancel := context.WithCancel(ctx)
	cmd := exec.CommandContext(ctx, "xz", "--decompress", "--stdout")
	cmd.Stdin = r
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		cancel()

		return nil, fmt.Errorf("extracting with xz: %w", err)
	}

	return &command{Reader: out, cmd: cmd, cancel: cancel}, nil
}

// unpacker writes the entries of an archive below one directory of a sandbox. The root refuses what would leave it.
type unpacker struct {
	root    *os.Root
	dir     string
	bytes   int64 // that may still be written
	entries int   // that may still come
}

func (u *unpacker) tar(r io.Reader) error {
	archive := tar.NewReader(r)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("extracting: %w", err)
		}
		if err := u.tarEntry(header, archive); err != nil {
			return fmt.Errorf("extracting %q: %w", header.Name, err)
		}
	}
}

func (u *unpacker) tarEntry(h *tar.Header, r io.Reader) error {
	name := path.Clean(strings.TrimLeft(h.Name, "/")) // as tar: leading slashes are taken off
	switch h.Typeflag {
	case tar.TypeDir:
		return u.directory(name)
	case tar.TypeReg:
		return u.file(name, h.FileInfo().Mode().Perm(), r)
	case tar.TypeSymlink:
		return u.symlink(name, h.Linkname)
	case tar.TypeLink:
		return u.link(name, strings.TrimLeft(h.Linkname, "/"))
	case tar.TypeXGlobalHeader:
		return nil
	default:
		return errors.New("devices, sockets and the like are not extracted")
	}
}

func (u *unpacker) zip(file *os.File) error {
	info, err := file.Stat()
	if err != nil {
		return fmt.Errorf("extracting: %w", err)
	}
	archive, err := zip.NewReader(file, info.Size())
	if err != nil {
		return fmt.Errorf("extracting: %w", err)
	}
	for _, entry := range archive.File {
		if err := u.zipEntry(entry); err != nil {
			return fmt.Errorf("extracting %q: %w", entry.Name, err)
		}
	}

	return nil
}

func (u *unpacker) zipEntry(entry *zip.File) error {
	name := path.Clean(strings.TrimLeft(entry.Name, "/"))
	mode := entry.Mode()
	if mode.IsDir() {
		return u.directory(name)
	}
	r, err := entry.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	if mode&fs.ModeSymlink != 0 {
		var target bytes.Buffer
		if _, err := io.Copy(&target, io.LimitReader(r, 4096)); err != nil {
			return err
		}

		return u.symlink(name, target.String())
	}

	return u.file(name, mode.Perm(), r)
}

// place counts an entry and gives its path in the sandbox, whose directory it makes.
func (u *unpacker) place(name string) (string, error) {
	if u.entries--; u.entries < 0 {
		return "", errors.New("the archive has more entries than the limit")
	}
	at := filepath.Join(u.dir, filepath.FromSlash(name))
	if !filepath.IsLocal(filepath.FromSlash(name)) {
		return "", errors.New("the path leaves the sandbox")
	}
	if err := u.root.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		return "", err
	}

	return at, nil
}

func (u *unpacker) directory(name string) error {
	at, err := u.place(name)
	if err != nil {
		return err
	}

	return u.root.MkdirAll(at, 0o755)
}

func (u *unpacker) file(name string, mode fs.FileMode, r io.Reader) error {
	at, err := u.place(name)
	if err != nil {
		return err
	}
	if err := u.replace(at); err != nil {
		return err
	}
	out, err := u.root.OpenFile(at, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode|0o600)
	if err != nil {
		return err
	}
	defer out.Close()
	n, err := io.Copy(out, io.LimitReader(r, u.bytes+1))
	if err != nil {
		return err
	}
	if u.bytes -= n; u.bytes < 0 {
		return errors.New("the archive is larger than the limit when extracted")
	}

	return out.Close()
}

// replace removes a file that is in the way, so that nothing is written through a link.
func (u *unpacker) replace(at string) error {
	if err := u.root.Remove(at); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}

	return nil
}

// symlink makes a link as it is: it may point anywhere, but nothing is ever written through one that leaves the sandbox.
func (u *unpacker) symlink(name, target string) error {
	at, err := u.place(name)
	if err != nil {
		return err
	}
	if err := u.replace(at); err != nil {
		return err
	}

	return u.root.Symlink(target, at)
}

func (u *unpacker) link(name, target string) error {
	at, err := u.place(name)
	if err != nil {
		return err
	}
	if err := u.replace(at); err != nil {
		return err
	}

	return u.root.Link(filepath.Join(u.dir, filepath.FromSlash(target)), at)
}

// giveAll gives all that was fetched to the user of the executor.
func giveAll(root *os.Root, owner *syscall.Credential) error {
	if owner == nil {
		return nil
	}

	return fs.WalkDir(root.FS(), ".", func(name string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}

		return root.Lchown(name, int(owner.Uid), int(owner.Gid))
	})
}

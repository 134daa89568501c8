package agent

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// fetchCache keeps one copy of each file of this machine that is fetched with cache:true, for each user that executors
// run as, and links it into sandboxes. A hundred tasks that fetch one binary of 40 MB then cost one copy. What is
// fetched by HTTP is never kept: a real agent would give a file that has changed meanwhile in its old state.
type fetchCache struct {
	dir   string // "" means that nothing is kept
	bytes int64  // the largest file that may be fetched
}

// link puts a file into a sandbox without copying it. It says false when that cannot be done, or is not wanted.
func (c fetchCache) link(ctx context.Context, uri mesos.CommandInfo_URI, sandbox, name string, owner *syscall.Credential) bool {
	source := strings.TrimPrefix(strings.TrimPrefix(uri.Value, "file://"), "localhost")
	if c.dir == "" || !uri.GetCache() || !filepath.IsAbs(source) || filepath.Base(name) != name {
		return false // a directory of the sandbox may be a link that leads out of it
	}
	kept, err := c.keep(ctx, source, owner)

	return err == nil && os.Link(kept, filepath.Join(sandbox, name)) == nil
}

// keep gives the path of the copy, which it makes if it must. A file that has changed is another one.
func (c fetchCache) keep(ctx context.Context, source string, owner *syscall.Credential) (string, error) {
	info, err := os.Stat(source)
	if err != nil {
		return "", err
	}
	if info.Size() > c.bytes {
		return "", fmt.Errorf("larger than the limit of %d bytes", c.bytes)
	}
	uid := -1
	if owner != nil {
		uid = int(owner.Uid)
	}
	key := fmt.Sprintf("%s %d %d %d", source, info.Size(), info.ModTime().UnixNano(), uid)
	kept := filepath.Join(c.dir, fmt.Sprintf("%x", sha256.Sum256([]byte(key))))
	if _, err := os.Stat(kept); err == nil {
		return kept, nil
	}

	return kept, c.copy(ctx, source, kept)
}

func (c fetchCache) copy(ctx context.Context, source, kept string) error {
	in, err := openURI(ctx, source)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := os.MkdirAll(c.dir, 0o755); err != nil {
		return err
	}
	out, err := os.CreateTemp(c.dir, "new-")
	if err != nil {
		return err
	}
	defer os.Remove(out.Name()) // it is under its own name by then, or no good
	defer out.Close()
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	if err := out.Chmod(0o644); err != nil {
		return err
	}
	if err := out.Close(); err != nil { // who executes it must not find it open for writing
		return err
	}

	return os.Rename(out.Name(), kept)
}

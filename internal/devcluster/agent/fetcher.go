package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// FetchLimits bound what one URI of a CommandInfo may bring; a real fetcher has no limits but the disk.
type FetchLimits struct {
	Bytes     int64         // of the file that is fetched; 0 means 2 GiB
	Extracted int64         // of all that is extracted from it; 0 means 8 GiB
	Entries   int           // of an archive; 0 means 200,000
	Timeout   time.Duration // for all URIs of a container; 0 means 10 minutes
}

func (l FetchLimits) withDefaults() FetchLimits {
	setDefault(&l.Bytes, 2<<30)
	setDefault(&l.Extracted, 8<<30)
	setDefault(&l.Entries, 200_000)
	setDefault(&l.Timeout, 10*time.Minute)

	return l
}

// fetcher brings URIs into a sandbox as mesos-fetcher does, and says so in the sandbox's stderr.
type fetcher struct {
	limits FetchLimits
	cache  fetchCache
}

// fetchAll fetches all URIs; the first that fails ends it.
func (f fetcher) fetchAll(ctx context.Context, dir string, uris []mesos.CommandInfo_URI, owner *syscall.Credential) error {
	if len(uris) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, f.limits.Timeout)
	defer cancel()
	report, err := appendTo(dir, "stderr")
	if err != nil {
		return err
	}
	defer report.Close()
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("opening the sandbox: %w", err)
	}
	defer root.Close()

	for _, uri := range uris {
		fmt.Fprintf(report, "Fetching URI '%s'\n", uri.Value)
		into, err := f.fetch(ctx, root, uri, owner)
		if err != nil {
			fmt.Fprintf(report, "Failed to fetch '%s': %s\n", uri.Value, err)

			return fmt.Errorf("fetching %s: %w", uri.Value, err)
		}
		fmt.Fprintf(report, "Fetched '%s' to '%s'\n", uri.Value, filepath.Join(dir, into))
	}

	return giveAll(root, owner)
}

// fetch brings one URI, makes it executable or extracts it, and gives its name in the sandbox.
func (f fetcher) fetch(ctx context.Context, root *os.Root, uri mesos.CommandInfo_URI, owner *syscall.Credential) (string, error) {
	name, err := nameOf(uri)
	if err != nil {
		return "", err
	}
	if dir := filepath.Dir(name); dir != "." {
		if err := root.MkdirAll(dir, 0o755); err != nil {
			return "", fmt.Errorf("making the directory of output_file: %w", err)
		}
	}
	if !f.cache.link(ctx, uri, root.Name(), name, owner) {
		if err := f.download(ctx, root, uri.Value, name); err != nil {
			return "", err
		}
	}

	switch {
	case uri.GetExecutable():
		return name, root.Chmod(name, 0o755)
	case uri.Extract == nil || *uri.Extract:
		return name, f.extract(ctx, root, name)
	}

	return name, nil
}

func (f fetcher) download(ctx context.Context, root *os.Root, uri, name string) error {
	source, err := openURI(ctx, uri)
	if err != nil {
		return err
	}
	defer source.Close()

	return f.save(root, name, source)
}

func (f fetcher) save(root *os.Root, name string, source io.Reader) error {
	out, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return fmt.Errorf("writing into the sandbox: %w", err)
	}
	defer out.Close()
	n, err := io.Copy(out, io.LimitReader(source, f.limits.Bytes+1))
	if err != nil {
		return fmt.Errorf("writing into the sandbox: %w", err)
	}
	if n > f.limits.Bytes {
		return fmt.Errorf("larger than the limit of %d bytes", f.limits.Bytes)
	}

	return out.Close()
}

// nameOf is where a URI goes: output_file, else its last part, query and all, as in Mesos.
func nameOf(uri mesos.CommandInfo_URI) (string, error) {
	if strings.ContainsAny(uri.Value, `\'`) {
		return "", errors.New("URI contains an illegal character")
	}
	if output := uri.GetOutputFile(); output != "" {
		if !filepath.IsLocal(output) {
			return "", fmt.Errorf("output_file %q must stay within the sandbox directory", output)
		}

		return filepath.Clean(output), nil
	}
	path := uri.Value
	if scheme, rest, ok := strings.Cut(uri.Value, "://"); ok {
		if path = rest; scheme != "file" && !strings.Contains(rest, "/") {
			return "", errors.New("malformed URI (missing path)")
		}
	}
	name := path[strings.LastIndexByte(path, '/')+1:]
	if name == "" || !filepath.IsLocal(name) || name == "." {
		return "", errors.New("malformed URI (missing basename)")
	}

	return name, nil
}

func openURI(ctx context.Context, uri string) (io.ReadCloser, error) {
	scheme, rest, ok := strings.Cut(uri, "://")
	switch {
	case ok && scheme == "file":
		return openFile(strings.TrimPrefix(rest, "localhost"))
	case ok && (scheme == "http" || scheme == "https"):
		return get(ctx, uri)
	case ok:
		return nil, fmt.Errorf("no fetcher for %s:// here: use http, https or a file", scheme)
	}

	return openFile(uri)
}

func openFile(path string) (io.ReadCloser, error) {
	if !filepath.IsAbs(path) {
		return nil, fmt.Errorf("a relative path was passed for the resource (%s) but the Mesos framework home was not specified", path)
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("copying: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("copying: %s is no regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("copying: %w", err)
	}

	return f, nil
}

func get(ctx context.Context, uri string) (io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, uri, nil)
	if err != nil {
		return nil, fmt.Errorf("downloading: %w", err)
	}
	transport := &http.Transport{Proxy: nil, DisableKeepAlives: true, DisableCompression: true}
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return nil, fmt.Errorf("downloading: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		response.Body.Close()

		return nil, fmt.Errorf("downloading: received HTTP return code %d", response.StatusCode)
	}

	return response.Body, nil
}

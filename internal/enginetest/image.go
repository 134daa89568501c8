package enginetest

import (
	"archive/tar"
	"bytes"
	"io"
	"maps"
	"os"
	"testing"

	"github.com/moby/moby/client"
)

// Busybox makes an image with a shell on the engine, from the machine's own
// static busybox, unless it is there already, and returns its name. The
// image is kept: it is the same for every test.
func Busybox(tb testing.TB, api *client.Client) string {
	tb.Helper()
	const name = "dce-test/busybox:1"
	if _, err := api.ImageInspect(tb.Context(), name); err == nil {
		return name
	}
	shell, err := os.ReadFile("/bin/busybox")
	if err != nil {
		tb.Fatalf("the tests' image needs Debian's busybox-static: %v", err)
	}
	BuildImage(tb, api, name, `FROM scratch
COPY busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
ENV PATH=/bin
CMD ["sh"]
`, map[string][]byte{"busybox": shell})
	return name
}

// BuildImage builds an image from a Dockerfile and the files beside it, which
// are all executable.
func BuildImage(tb testing.TB, api *client.Client, name, dockerfile string, files map[string][]byte) {
	tb.Helper()
	var ctx bytes.Buffer
	w := tar.NewWriter(&ctx)
	all := map[string][]byte{"Dockerfile": []byte(dockerfile)}
	maps.Copy(all, files)
	for k, v := range all {
		if err := w.WriteHeader(&tar.Header{Name: k, Mode: 0o755, Size: int64(len(v))}); err != nil {
			tb.Fatal(err)
		}
		if _, err := w.Write(v); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	res, err := api.ImageBuild(tb.Context(), &ctx, client.ImageBuildOptions{Tags: []string{name}, Remove: true, ForceRemove: true})
	if err != nil {
		tb.Fatalf("building %s: %v", name, err)
	}
	defer res.Body.Close()
	out, err := io.ReadAll(res.Body)
	if err != nil || bytes.Contains(out, []byte(`"errorDetail"`)) {
		tb.Fatalf("building %s: %v\n%s", name, err, out)
	}
}

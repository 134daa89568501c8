package main

import (
	"bytes"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"dce/internal/cli"
	"dce/internal/enginetest"
)

func TestRenderLocksImagesToTheirDigests(t *testing.T) {
	server := httptest.NewServer(enginetest.Registry())
	defer server.Close()
	ref := strings.TrimPrefix(server.URL, "http://") + "/shop/web:1.9"
	image, err := random.Image(10, 1)
	if err != nil {
		t.Fatal(err)
	}
	named, err := name.ParseReference(ref)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(named, image); err != nil {
		t.Fatal(err)
	}
	digest, err := image.Digest()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	render := func(compose string, want int) string {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, "compose.yaml"), []byte(compose), 0o600); err != nil {
			t.Fatal(err)
		}
		var stdout, stderr bytes.Buffer
		code := cli.Main(t.Context(), cli.Env{
			Program: "dce", Args: []string{"render", "--images", "--lock-image-digests"}, Dir: dir, Stdout: &stdout, Stderr: &stderr,
		})
		if code != want {
			t.Fatalf("exit code %d\n%s", code, stderr.String())
		}
		return stdout.String() + stderr.String()
	}
	if got := render("services: {web: {image: \""+ref+"\"}}\n", 0); !strings.Contains(got, ref+"@"+digest.String()+"\n") {
		t.Errorf("got %s", got)
	}
	if got := render("services: {web: {image: \""+ref+"0\"}}\n", 3); !strings.Contains(got, "DCE730") || !strings.Contains(got, "compose.yaml:1:25") {
		t.Errorf("got %s", got)
	}
}

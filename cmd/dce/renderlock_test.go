package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dce/internal/cli"
	"dce/internal/enginetest"
)

func TestRenderLocksImagesToTheirDigests(t *testing.T) {
	ref := enginetest.Serve(t, enginetest.Registry()) + "/shop/web:1.9"
	digest := enginetest.Push(t, ref)
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
	if got := render("services: {web: {image: \""+ref+"\"}}\n", 0); !strings.Contains(got, ref+"@"+digest+"\n") {
		t.Errorf("got %s", got)
	}
	if got := render("services: {web: {image: \""+ref+"0\"}}\n", 3); !strings.Contains(got, "DCE730") || !strings.Contains(got, "compose.yaml:1:25") {
		t.Errorf("got %s", got)
	}
}

//go:build unix

package devcluster

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestASecretIsAFileOfItsDirectoryAndNothingElse(t *testing.T) {
	top := t.TempDir()
	dir := filepath.Join(top, "secrets")
	for path, text := range map[string]string{"outside": "no", "secrets/plain": "a", "secrets/shop/key": "two\nlines\n", "secrets/large": strings.Repeat("x", maxSecret+1)} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(top, path)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(top, path), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../outside", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	for source, want := range map[string]string{
		"plain": "a", "shop/key": "two\nlines", "/shop/key": "two\nlines",
		"none": "", "../outside": "", "link": "", "shop": "", "large": "", "": "",
	} {
		got, err := readSecret(dir, source)
		if (err == nil) != (want != "") || err == nil && got != want {
			t.Errorf("%q: %q, %v", source, got, err)
		}
	}
	if _, err := Start(t.Context(), Options{Dir: t.TempDir(), Secrets: filepath.Join(top, "missing")}); err == nil {
		t.Error("a cluster starts without its directory of secrets")
	}
}

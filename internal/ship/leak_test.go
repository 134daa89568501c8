package ship

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
)

// Whatever is sent, planned or said of a project with secrets of every kind is
// searched for what the deployer knows of them.
func TestSecretsStandNowhere(t *testing.T) {
	for _, dir := range []string{"testdata/good/secrets", "testdata/bad/secrets"} {
		in := filepath.Join(t.TempDir(), "project")
		copyTree(t, filepath.Join(dir, "in"), in)
		s, err := Prepare(t.Context(), options(in, "SHOP_TOKEN=token-of-the-deployer"))
		places := map[string]string{"the problems": fmt.Sprintf("%s %+v %v", lines(in, err), err, err)}
		if err == nil {
			places["the warnings"] = fmt.Sprintf("%+v", s.Warnings)
			places["the app"] = encoded(t, s.App)
			places["the bundle"] = unpacked(t, s.Bundle.Data)
			places["the label"] = unpacked(t, decoded(t, s.App.Labels["dce.bundle"]))
			services, err := s.Services()
			if err != nil {
				t.Fatal(err)
			}
			places["the plan"] = encoded(t, services)
			again, err := ServicesOf(t.Context(), s.App)
			if err != nil {
				t.Fatal(err)
			}
			places["the plan of what runs"] = encoded(t, again)
		}
		for place, text := range places {
			if i := strings.Index(text, "of-the-deployer"); i >= 0 {
				t.Errorf("%s: %s holds a secret: ...%s", dir, place, text[max(0, i-60):i+15])
			}
		}
	}
}

func encoded(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func decoded(t *testing.T, text string) []byte {
	t.Helper()
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(data) == 0 {
		t.Fatalf("%d bytes, %v", len(data), err)
	}
	return data
}

func unpacked(t *testing.T, data []byte) string {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

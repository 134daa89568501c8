package ship

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A link to a directory of the project is that directory, wherever it stands.
func TestLinksToDirectories(t *testing.T) {
	for name, test := range map[string]struct {
		links map[string]string
		want  []string // the files, or the words of the problem
	}{
		"the mounted directory itself": {map[string]string{"conf": "shared"}, []string{"compose.yaml", "conf", "conf/deep", "conf/deep/b", "conf/a"}},
		"within it":                    {map[string]string{"conf/linked": "../shared"}, []string{"compose.yaml", "conf", "conf/linked", "conf/linked/a", "conf/linked/deep", "conf/linked/deep/b"}},
		"by an absolute path":          {map[string]string{"conf/linked": "DIR/shared/deep"}, []string{"compose.yaml", "conf", "conf/linked", "conf/linked/b"}},
		"out of the project":           {map[string]string{"conf/linked": "/etc"}, []string{"conf/linked is outside of the project", "DCE701"}},
		"itself out of the project":    {map[string]string{"conf": ".."}, []string{"conf is outside of the project", "DCE701"}},
		"back to where it is":          {map[string]string{"conf/linked": "../conf"}, []string{"conf/linked cannot be packed: it is a link to a directory that it is in", "DCE702"}},
		"to each other":                {map[string]string{"conf/x": "../other", "other/y": "../conf"}, []string{"cannot be packed: it is a link to a directory that it is in", "DCE702"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := write(t, map[string]string{
				"compose.yaml": "services: {web: {image: \"web:1\", volumes: [\"./conf:/conf:ro\"]}}\n",
				"dce.yaml":     "environments: {qa: {target: {urls: [http://marathon.example]}}}\n",
				"shared/a":     "a", "shared/deep/b": "b", "other/z": "z",
			})
			for at, to := range test.links {
				if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, at)), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.Symlink(strings.ReplaceAll(to, "DIR", dir), filepath.Join(dir, at)); err != nil {
					t.Fatal(err)
				}
			}
			s, err := Prepare(t.Context(), options(dir))
			if err != nil {
				for _, words := range test.want {
					if got := lines(dir, err); !strings.Contains(got, words) {
						t.Errorf("no %q in %s", words, got)
					}
				}
				return
			}
			want := map[string]bool{}
			for _, path := range test.want {
				want[path] = true
			}
			got := map[string]bool{}
			for _, path := range Files(s.Bundle) {
				got[path] = true
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
		})
	}
}

package tree

import (
	"testing"

	composetree "github.com/compose-spec/compose-go/v2/tree"
)

func FuzzMatchesAsComposeGo(f *testing.F) {
	for _, seed := range [][2]string{
		{"", ""},
		{"", "*"},
		{"services", "*"},
		{"services", "services"},
		{"services", "services.*"},
		{"services.web", "services"},
		{"services.web.ports", "services.*.ports"},
		{"services.web.ports.[]", "services.*.ports.[]"},
		{"services.web.build", "services.*.ports"},
		{"services.*.ports", "services.web.ports"},
		{"services..ports", "services.*.ports"},
		{".", "*.*"},
		{"a.", "a"},
		{"a", "a."},
		{"*", "a"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, path, pattern string) {
		want := composetree.Path(path).Matches(composetree.Path(pattern))
		if got := matches(path, pattern); got != want {
			t.Errorf("matches(%q, %q) = %v, compose-go says %v", path, pattern, got, want)
		}
	})
}

package ship

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"dce/internal/credential"
	"dce/internal/diag"
)

// credentials are the deployer's own, for the scheduler and for the artifact
// server: no pod needs them. What cannot be had here is said when it is used; the
// keyring is not asked, since it may ask a person.
func (l *loaded) credentials(ctx context.Context, environ []string, s *secretPlan) {
	for reference, setting := range l.parts.Credentials {
		for _, from := range l.sources(reference) {
			value, err := credential.Source{Lookupenv: lookup(environ), ReadFile: os.ReadFile}.Resolve(ctx, from, setting, diag.Pos{})
			if err != nil {
				continue
			}
			s.know(setting, value.Reveal())
			if _, password, ok := strings.Cut(value.Reveal(), ":"); ok {
				s.know(setting, password)
			}
		}
	}
}

// sources are where a reference may lead to without asking anybody.
func (l *loaded) sources(reference string) []string {
	if strings.HasPrefix(reference, "env:") {
		return []string{reference}
	}
	var all []string
	for _, path := range l.credentialFiles(reference) {
		all = append(all, "file:"+path)
	}
	return all
}

// credentialFiles are the files that a reference may mean: a relative path is
// relative to where dce is called, and whoever wrote it may have thought of the
// file beside.
func (l *loaded) credentialFiles(reference string) []string {
	path, ok := strings.CutPrefix(reference, "file:")
	switch {
	case !ok || path == "":
		return nil
	case filepath.IsAbs(path):
		return []string{path}
	}
	files := []string{filepath.Join(l.parts.Dir, path)}
	if here, err := filepath.Abs(path); err == nil && !slices.Contains(files, here) {
		files = append(files, here)
	}
	return files
}

func lookup(environ []string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for _, pair := range slices.Backward(environ) {
			if key, value, _ := strings.Cut(pair, "="); key == name {
				return value, true
			}
		}
		return "", false
	}
}

package project

import (
	"os"
	"path/filepath"
	"strings"

	"dce/internal/diag"
)

// inside reports whether a path stays in a directory when every symbolic link on the
// way is followed. What does not exist is judged by what of it does.
func inside(dir, path string) bool {
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return false
	}
	rel, err := filepath.Rel(dir, real(path))
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// real follows the links of the longest part of a path that exists.
func real(path string) string {
	resolved, err := filepath.EvalSymlinks(path)
	if err == nil {
		return resolved
	}
	if target, err := os.Readlink(path); err == nil {
		// A dangling link: judge where it leads.
		return filepath.Clean(absolute(filepath.Dir(path), target))
	}
	parent := filepath.Dir(path)
	if parent == path {
		return path
	}
	return filepath.Join(real(parent), filepath.Base(path))
}

func outside(root, path, text string, pos diag.Pos) diag.Diagnostic {
	d := diag.Diagnostic{
		Code: "DCE119", Summary: text + " is outside of the project", Pos: pos,
		Detail: "A pod is made of what is below " + root + ": that is what travels to an agent, and what a job may read there.",
		Hint:   "put a copy into the project",
	}
	if r := real(path); r != filepath.Clean(path) {
		d.Detail = "It is, or stands behind, a symbolic link to " + r + ". " + d.Detail
	}
	return d
}

// root is the directory that no reference may leave: that of the first compose
// file, or of dce.yaml where it stands above.
func (s *session) root() string {
	if s.options.Root != "" {
		return s.options.Root
	}
	if s.configFound == "" {
		return s.place.dir
	}
	if dir := filepath.Dir(s.configFound); inside(dir, s.place.dir) {
		return dir
	}
	return s.place.dir
}

// refused reports, and says why, that a file of the project may not be read
// at all.
func (s *session) refused(path string) bool {
	if s.options.Root == "" || path == stdinName || inside(s.options.Root, path) {
		return false
	}
	s.add(diag.List{outside(s.options.Root, path, path, diag.Pos{File: path})})
	return true
}

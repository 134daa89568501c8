package ship

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"dce/internal/bundle"
	"dce/internal/diag"
)

// collector gathers the files that the compose files refer to.
type collector struct {
	root     string
	locate   func(path ...string) diag.Pos
	files    map[string]bundle.File // by path in the bundle
	never    map[string]bool        // files that hold secrets or the deployer's credentials, by real path
	named    []string               // binds that are named relative to the project
	size     int
	problems diag.List
}

// collect reads everything that a pod is made of but its images.
func (l *loaded) collect() ([]bundle.File, error) {
	c := &collector{root: l.parts.Root, locate: l.project.Locate, files: map[string]bundle.File{}, never: map[string]bool{}, named: l.parts.Relative}
	for _, s := range l.project.Compose.Secrets {
		if s.File != "" {
			c.never[real(s.File)] = true
		}
	}
	for reference := range l.parts.Credentials {
		for _, path := range l.credentialFiles(reference) {
			c.never[real(path)] = true
		}
	}
	for _, path := range l.parts.Sources {
		c.file(path, diag.Pos{File: path})
	}
	for _, f := range l.parts.EnvFiles {
		if _, err := os.Stat(f.Path); err == nil || !f.Optional {
			c.file(f.Path, l.project.Locate(f.At...))
		}
	}
	for _, name := range l.project.Compose.ServiceNames() {
		c.service(l.project.Compose.Services[name])
	}
	for _, name := range l.project.Compose.ConfigNames() {
		if f := l.project.Compose.Configs[name].File; f != "" {
			c.file(f, l.project.Locate("configs", name, "file"))
		}
	}
	if err := c.problems.Err(); err != nil {
		return nil, err
	}
	var files []bundle.File
	for _, f := range c.files {
		files = append(files, f)
	}
	return files, nil
}

func (c *collector) service(s types.ServiceConfig) {
	for i, v := range s.Volumes {
		if v.Type == types.VolumeTypeBind {
			c.bind(v.Source, c.locate("services", s.Name, "volumes", strconv.Itoa(i)))
		}
	}
}

// bind takes what is mounted from the project. What stands elsewhere is the
// agent's own; what does not exist the engine makes there.
func (c *collector) bind(path string, pos diag.Pos) {
	if _, ok := c.relative(path); !ok {
		if slices.Contains(c.named, path) {
			c.outside(path, pos)
		}
		return
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		c.unreadable(path, pos, err)
	case info.IsDir():
		c.directory(path, pos)
	default:
		c.file(path, pos)
	}
}

// enough problems are shown of one directory.
const enough = 20

// directory takes all that is in it. What a link leads to is taken in its
// place, as long as it stays in the project and does not lead back: above are
// the directories that it is in, without links.
func (c *collector) directory(dir string, pos diag.Pos, above ...string) {
	resolved := real(dir)
	if _, ok := c.relative(resolved); !ok {
		c.outside(dir, pos)
		return
	}
	if slices.Contains(above, resolved) {
		c.unreadable(dir, pos, errCircle)
		return
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		c.unreadable(dir, pos, err)
		return
	}
	c.dir(dir)
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		info, err := os.Stat(path)
		switch {
		case len(c.problems) > enough || len(c.files) > bundle.MaxFiles: // packing says that these are too many
			return
		case err == nil && info.IsDir():
			c.directory(path, pos, append(slices.Clip(above), resolved)...)
		default:
			c.file(path, pos)
		}
	}
}

func (c *collector) dir(path string) {
	if rel, ok := c.relative(path); ok && rel != "." {
		c.files[rel] = bundle.File{Path: rel, Dir: true}
	}
}

// file takes one file; what a link leads to is taken in its place.
func (c *collector) file(path string, pos diag.Pos) {
	rel, ok := c.relative(path)
	if !ok {
		c.outside(path, pos)
		return
	}
	if _, taken := c.files[rel]; taken || c.never[real(path)] {
		return
	}
	if _, ok := c.relative(real(path)); !ok {
		c.outside(path, pos)
		return
	}
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = errNotRegular
	}
	if err == nil && c.size+int(info.Size()) > bundle.MaxContent {
		c.tooLarge(rel, info.Size(), pos)
		return
	}
	var data []byte
	if err == nil {
		data, err = os.ReadFile(path)
	}
	if err != nil {
		c.unreadable(path, pos, err)
		return
	}
	c.size += len(data)
	c.files[rel] = bundle.File{Path: rel, Data: data, Executable: info.Mode()&0o100 != 0}
}

var (
	errNotRegular = errors.New("it is no regular file")
	errCircle     = errors.New("it is a link to a directory that it is in")
)

// relative is a path as the bundle has it, and whether it is below the
// project at all.
func (c *collector) relative(path string) (string, bool) {
	for _, root := range slices.Compact([]string{c.root, real(c.root)}) {
		rel, err := filepath.Rel(root, path)
		if err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
			return filepath.ToSlash(rel), true
		}
	}
	return "", false
}

// real is a path without links, as far as it exists.
func real(path string) string {
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		return resolved
	}
	return path
}

func (c *collector) outside(path string, pos diag.Pos) {
	c.problems = append(c.problems, diag.Diagnostic{
		Code: "DCE701", Summary: fmt.Sprintf("%s is outside of the project, so it cannot travel", path), Pos: pos,
		Detail: "A bundle holds what is below " + c.root + ".",
		Hint:   "put a copy into the project",
	})
}

func (c *collector) unreadable(path string, pos diag.Pos, err error) {
	c.problems = append(c.problems, diag.Diagnostic{
		Code: "DCE702", Summary: fmt.Sprintf("%s cannot be packed: %s", path, reason(err)), Pos: pos, Cause: err,
		Detail: "Everything that the compose files refer to by a path in the project travels with the pod.",
		Hint:   "correct the path, or make the file readable",
	})
}

func reason(err error) string {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err.Error()
	}
	return err.Error()
}

func (c *collector) tooLarge(rel string, size int64, pos diag.Pos) {
	var files []bundle.File
	for _, f := range c.files {
		files = append(files, f)
	}
	c.problems = append(c.problems, diag.Diagnostic{
		Code: "DCE710", Summary: fmt.Sprintf("the bundle is too large: with %s (%s) it passes %s", rel, bundle.Size(int(size)), bundle.Size(bundle.MaxContent)), Pos: pos,
		Detail: bundle.Largest(files),
		Hint:   "put data and programs into an image, or fetch them with app.fetch; what is mounted as a directory travels whole",
	})
}

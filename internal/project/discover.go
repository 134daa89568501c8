package project

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"dce/internal/diag"
)

// place is where a project was found: its directory, which relative paths in
// its files are relative to, and its compose files in order of merging.
type place struct {
	dir   string
	files []string
}

// baseNames are the names Docker Compose looks for, in its order of preference
// (compose-go cli.DefaultFileNames).
func baseNames() []string {
	return []string{"compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"}
}

// overrideNames are the names of override files, in compose's order.
func overrideNames() []string {
	return []string{"compose.override.yml", "compose.override.yaml", "docker-compose.override.yml", "docker-compose.override.yaml"}
}

// namedFiles are the compose files that a person named: by flag, in DCE_FILE or
// in COMPOSE_FILE.
func namedFiles(o Options, env map[string]string) []string {
	if len(o.Files) > 0 {
		return o.Files
	}
	return splitFiles(env)
}

// nearest is the first directory from start upwards that holds a compose file
// or a dce.yaml; start itself when there is none.
func nearest(start string) string {
	for dir := start; ; dir = filepath.Dir(dir) {
		if len(existing(dir, append(baseNames(), configName))) > 0 {
			return dir
		}
		if dir == filepath.Dir(dir) {
			return start
		}
	}
}

func splitFiles(env map[string]string) []string {
	list := env["DCE_FILE"]
	if list == "" {
		list = env["COMPOSE_FILE"]
	}
	if list == "" {
		return nil
	}
	sep := env["COMPOSE_PATH_SEPARATOR"]
	if sep == "" {
		sep = string(os.PathListSeparator)
	}
	return strings.Split(list, sep)
}

// namedPlace places a project by its first file, as docker compose does.
func namedPlace(start string, files []string) place {
	p := place{dir: start}
	for i, f := range files {
		if f != stdinName {
			f = absolute(start, f)
		}
		if i == 0 && f != stdinName {
			p.dir = filepath.Dir(f)
		}
		p.files = append(p.files, f)
	}
	return p
}

// search finds the compose files in the nearest directory upwards that holds
// one. Without override the override file stays out: it is a developer's own,
// and not part of any environment.
func search(start string, override bool) (place, diag.List) {
	for dir := start; ; dir = filepath.Dir(dir) {
		if bases := existing(dir, baseNames()); len(bases) > 0 {
			p := place{dir: dir, files: bases[:1]}
			warnings := severalFiles(bases)
			if overrides := existing(dir, overrideNames()); override && len(overrides) > 0 {
				p.files = append(p.files, overrides[0])
				warnings = append(warnings, severalFiles(overrides)...)
			}
			return p, warnings
		}
		if dir == filepath.Dir(dir) {
			return place{dir: start}, diag.List{noFile(start)}
		}
	}
}

func noFile(start string) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE101", Summary: "found no compose file in this directory or any above it",
		Detail: fmt.Sprintf("Looked for %s, from %s upwards.", strings.Join(baseNames(), ", "), start),
		Hint:   "name one with --file FILE, or the directory with -C DIR",
	}
}

func severalFiles(found []string) diag.List {
	if len(found) < 2 {
		return nil
	}
	return diag.List{{
		Code: "DCE124", Severity: diag.Warning,
		Summary: fmt.Sprintf("several files of the same role: using %s, not %s", filepath.Base(found[0]), baseList(found[1:])),
		Hint:    "remove the others, or name the files with --file",
		Pos:     diag.Pos{File: found[0]},
	}}
}

func baseList(paths []string) string {
	names := make([]string, len(paths))
	for i, p := range paths {
		names[i] = filepath.Base(p)
	}
	return strings.Join(names, ", ")
}

func existing(dir string, names []string) []string {
	var found []string
	for _, n := range names {
		if p := filepath.Join(dir, n); exists(p) {
			found = append(found, p)
		}
	}
	return found
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func absolute(dir, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}

// conventional is the file that an environment has by convention: beside the
// first file, its name with the environment's before the extension
// (compose.yaml -> compose.prod.yaml, or compose.prod.yml). Empty when there is none.
func conventional(p place, environment string) string {
	for _, stem := range stems(p) {
		found := existing(p.dir, []string{stem + "." + environment + ".yaml", stem + "." + environment + ".yml"})
		if len(found) > 0 {
			return found[0]
		}
	}
	return ""
}

// stems are the names that files of an environment begin with: the first
// compose file's own, then the usual ones.
func stems(p place) []string {
	usual := []string{"compose", "docker-compose"}
	if len(p.files) == 0 || p.files[0] == stdinName {
		return usual
	}
	own := strings.TrimSuffix(filepath.Base(p.files[0]), filepath.Ext(p.files[0]))
	return append([]string{own}, usual...)
}

// environmentsBeside lists the environments that exist by convention.
func environmentsBeside(p place) []string {
	entries, _ := os.ReadDir(p.dir) // a directory that cannot be read has no files for us
	var names []string
	for _, e := range entries {
		stem, isYAML := trimYAML(e.Name())
		for _, own := range stems(p) {
			name, ok := strings.CutPrefix(stem, own+".")
			if ok && isYAML && name != "override" && environmentName.MatchString(name) {
				names = append(names, name)
			}
		}
	}
	return names
}

func trimYAML(name string) (string, bool) {
	if stem, ok := strings.CutSuffix(name, ".yaml"); ok {
		return stem, true
	}
	return strings.CutSuffix(name, ".yml")
}

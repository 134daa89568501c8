package project

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
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

// discover finds the project as docker compose does: the files named, those in
// DCE_FILE or COMPOSE_FILE, else the nearest directory upwards that holds one.
// With an environment the override file stays out: it is a developer's own.
func discover(start string, o Options, env map[string]string) (place, diag.List) {
	files := o.Files
	if len(files) == 0 {
		files = splitFiles(env)
	}
	if len(files) > 0 {
		return named(start, files), nil
	}
	return search(start, o.Environment == "")
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

// named places a project by its first file, as docker compose does.
func named(start string, files []string) place {
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
	stem := "compose"
	if len(p.files) > 0 && p.files[0] != stdinName {
		stem = strings.TrimSuffix(filepath.Base(p.files[0]), filepath.Ext(p.files[0]))
	}
	for _, s := range []string{stem, "compose", "docker-compose"} {
		found := existing(p.dir, []string{s + "." + environment + ".yaml", s + "." + environment + ".yml"})
		if len(found) > 0 {
			return found[0]
		}
	}
	return ""
}

// environmentsBeside lists the environments that exist by convention.
func environmentsBeside(dir string) []string {
	var names []string
	for _, pattern := range []string{"compose.*.yaml", "compose.*.yml", "docker-compose.*.yaml", "docker-compose.*.yml"} {
		// The pattern is constant, so Glob cannot fail.
		matches, _ := filepath.Glob(filepath.Join(escapeGlob(dir), pattern))
		for _, m := range matches {
			parts := strings.Split(filepath.Base(m), ".")
			if len(parts) == 3 && parts[1] != "override" {
				names = append(names, parts[1])
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func escapeGlob(dir string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(dir)
}

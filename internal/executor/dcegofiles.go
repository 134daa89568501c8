package executor

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// What is read of the files that jobs written for dce-go fetch beside their
// compose files, at most: whoever made them is not trusted.
const (
	dcegoFileSize = 64 << 10
	dcegoEntries  = 2000 // of the sandbox, looked through for them
	dcegoDepth    = 8    // of directories, and of a file's sections
)

// wish is a setting that a job asks for by dce-go's key.
type wish struct {
	value string
	// from says where it stands, for people.
	from string
}

// wishes reads config.yaml and general.yaml as dce-go did: general.yaml stands
// above config.yaml, and labels above both (config.go:75-115, 283-295). Neither
// is needed, and a file of that name that is somebody else's is left alone. A
// job with a dce.yaml has left them behind.
func (s *stager) wishes(p *plan) (map[string]wish, error) {
	all := map[string]wish{}
	labels := p.facts.Labels
	if label(labels, labelFiles) == "" && label(labels, labelPlugins) == "" || s.o.Config != "" {
		return all, nil
	}
	root, err := os.OpenRoot(s.o.Environment.Sandbox)
	if err != nil {
		return nil, fmt.Errorf("opening the sandbox: %w", err)
	}
	defer root.Close()
	beside := ""
	if len(p.job.files) > 0 {
		beside = path.Dir(p.job.files[0])
	}
	if _, err := root.Lstat(path.Join(beside, "dce.yaml")); err == nil {
		return all, nil
	}
	for _, name := range []string{"config.yaml", "general.yaml"} {
		file := nearest(root.FS(), name)
		if file == "" {
			continue
		}
		data, err := readRegular(root, file, dcegoFileSize)
		if err == nil {
			err = readWishes(all, file, data)
		}
		if err != nil {
			s.log.Warn("not read as a file of dce-go's settings", slog.String("file", file), slog.Any("err", err))
			continue
		}
		s.log.Info("settings of dce-go are read", slog.String("file", file))
	}
	return all, nil
}

// nearest finds the file of this name with the shortest way, of several the
// first by name: dce-go looked into its directory first, then below it.
func nearest(sandbox fs.FS, name string) string {
	var found []string
	left := dcegoEntries
	_ = fs.WalkDir(sandbox, ".", func(file string, d fs.DirEntry, err error) error {
		left--
		switch {
		case left == 0:
			return fs.SkipAll
		case err != nil: // what cannot be looked into holds nothing
			return fs.SkipDir
		case d.IsDir() && file != "." && (strings.HasPrefix(d.Name(), ".") || strings.Count(file, "/") >= dcegoDepth):
			return fs.SkipDir
		case d.Type().IsRegular() && d.Name() == name:
			found = append(found, file)
		}
		return nil
	})
	if len(found) == 0 {
		return ""
	}
	return slices.MinFunc(found, func(a, b string) int {
		return cmp.Or(strings.Count(a, "/")-strings.Count(b, "/"), strings.Compare(a, b))
	})
}

// sections are the keys at the top of dce-go's two files (reference/dce-go.md
// C.8), in lower case: it read keys so.
func sections() []string {
	return []string{
		"launchtask", "plugins", "podstatushooks", "podmonitor", "cleanpod", "dockerdump", "dockercomposeverbose",
		"foldername", "dontcreatefolder", "infracontainer",
	}
}

var errNotDCEGo = errors.New("it has no section of dce-go's")

// readWishes adds what a file asks for.
func readWishes(all map[string]wish, file string, data []byte) error {
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return fmt.Errorf("reading %s: %w", file, err)
	}
	if len(doc.Content) == 0 {
		return errNotDCEGo
	}
	found := map[string]wish{}
	flatten(found, file, nil, doc.Content[0])
	own := false
	for key := range found {
		top, _, _ := strings.Cut(key, ".")
		own = own || slices.Contains(sections(), top)
	}
	if !own {
		return errNotDCEGo
	}
	maps.Copy(all, found)
	return nil
}

// flatten takes down the scalars of a mapping by their dotted path, and lists of
// scalars as a comma list. Aliases are not followed: dce-go's files have none.
func flatten(all map[string]wish, file string, at []string, n *yaml.Node) {
	key := strings.Join(at, ".")
	from := fmt.Sprintf("%s in %s:%d", key, file, n.Line)
	switch {
	case n.Kind == yaml.MappingNode && len(at) < dcegoDepth:
		for i := 0; i+1 < len(n.Content); i += 2 {
			flatten(all, file, append(slices.Clip(at), strings.ToLower(n.Content[i].Value)), n.Content[i+1])
		}
	case n.Kind == yaml.SequenceNode:
		var words []string
		for _, one := range n.Content {
			words = append(words, one.Value)
		}
		all[key] = wish{strings.Join(words, ","), from}
	case n.Kind == yaml.ScalarNode && n.ShortTag() != "!!null":
		all[key] = wish{strings.TrimSpace(n.Value), from}
	}
}

package bundle

import (
	"maps"
	"path/filepath"
	"strings"

	"dce/internal/project"
)

// Load lets a project be loaded from the unpacked files of a bundle: what its
// deployer decided stands in the place of dce.yaml, .env and the environment.
// Secrets that are files of the agent are below a directory there.
func (m Manifest) Load(dir, secrets string, o *project.Options) {
	o.Dir, o.Root = filepath.Join(dir, filepath.FromSlash(m.Dir)), dir
	o.Files = nil
	for _, f := range m.Files {
		o.Files = append(o.Files, filepath.Join(dir, filepath.FromSlash(f)))
	}
	o.Name, o.Profiles, o.Images = m.Project, m.Profiles, m.Images
	o.Values = map[string]string{}
	maps.Copy(o.Values, m.Values)
	o.Secrets = map[string]string{}
	for name, source := range m.Secrets {
		if path, ok := strings.CutPrefix(source, "file:"); ok {
			source = "file:" + filepath.Join(secrets, filepath.FromSlash(path))
		}
		o.Secrets[name] = source
	}
	for path, text := range m.Settings {
		o.Flags = append(o.Flags, project.Flag{Path: path, Value: text, Name: path + " of the bundle"})
	}
}

// Pretend puts something in the place of secrets, to look at a pod where they
// are not.
func (m Manifest) Pretend(o *project.Options) {
	for name := range m.Secrets {
		o.Values[name] = project.SecretOnAgent
	}
}

package executor

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"dce/internal/bundle"
	"dce/internal/diag"
	"dce/internal/project"
	"dce/internal/render"
)

// The labels of a job that dce deploy has made: its bundle, base64, or the
// name under which the fetcher has put it into the sandbox, and its digest.
const (
	labelBundle       = "dce.bundle"
	labelBundleFile   = "dce.bundle.file"
	labelBundleDigest = "dce.bundle.digest"
)

// bundleDir is where in a sandbox the files of a bundle are unpacked.
const bundleDir = "dce-pod"

// Shipped finds the bundle that an executor has unpacked in a sandbox and lets
// a project be loaded from it, as it was there, with the secrets that
// o.Environ has; to look at it, something stands in the place of the others. It
// reports whether there is one.
func Shipped(sandbox string, labels map[string]string, o *project.Options, look bool) (bool, error) {
	dir := filepath.Join(sandbox, bundleDir)
	data, err := os.ReadFile(filepath.Join(dir, bundle.ManifestName))
	if label(labels, labelBundleDigest) == "" || errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("reading the bundle of the sandbox: %w", err)
	}
	m, err := bundle.Decode(data)
	if err != nil {
		return false, err
	}
	m.Load(dir, SecretsDir, o)
	if look {
		m.Pretend(o)
	}
	maps.Copy(o.Values, substitutes(*m, o.Environ))
	return true, nil
}

// substitutes are the secrets that this machine's environment has in the place of
// the agent's: by their own names, or by those of the variables that an agent takes
// them from.
func substitutes(m bundle.Manifest, environ []string) map[string]string {
	have, values := map[string]string{}, map[string]string{}
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		have[name] = value
	}
	for _, name := range m.Left {
		if value, ok := have[name]; ok {
			values[name] = value
		}
	}
	for name, source := range m.Secrets {
		names := []string{name}
		if variable, ok := strings.CutPrefix(source, "env:"); ok {
			names = append(names, variable)
		}
		i := slices.IndexFunc(names, func(n string) bool { _, ok := have[n]; return ok })
		if i < 0 {
			continue
		}
		for _, n := range names {
			values[n] = have[names[i]]
		}
	}
	return values
}

// Bundled reports whether the labels of a task lead to a bundle, inline or
// fetched, that is not unpacked yet.
func Bundled(labels map[string]string) bool {
	return label(labels, labelBundle) != "" || label(labels, labelBundleFile) != ""
}

// Digest is that of the bundle of a task, as its labels tell it.
func Digest(labels map[string]string) string { return label(labels, labelBundleDigest) }

// unpack puts the files of a job's bundle into its sandbox; nothing is done
// for a job without one.
func (s *stager) unpack(p *plan) error {
	labels := p.facts.Labels
	if !Bundled(labels) {
		return nil
	}
	data, err := s.bundle(labels)
	if err != nil {
		return err
	}
	digest := label(labels, labelBundleDigest)
	if digest == "" {
		return diag.Fail(noDigest())
	}
	if p.bundle, err = unpack(data, digest, p.dir); err != nil {
		return err
	}
	p.facts.Labels = withoutBundle(labels)
	p.facts.Env = withoutSecrets(p.facts.Env, *p.bundle)
	return nil
}

// unpack puts the files of a bundle where a sandbox has them.
func unpack(data []byte, digest, sandbox string) (*bundle.Manifest, error) {
	m, files, err := bundle.Open(data, digest)
	if err != nil {
		return nil, err
	}
	// What the fetcher, or a link of the job, has put there is not trusted.
	dir := filepath.Join(sandbox, bundleDir)
	if err := os.RemoveAll(dir); err != nil {
		return nil, fmt.Errorf("making room for the bundle: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("making the bundle's directory: %w", err)
	}
	return &m, bundle.Write(dir, m, files)
}

// Unpack puts the bundle that a task brings in its labels where its executor
// would, and takes its label away, as that does. A bundle that is fetched is
// read by its name. It reports whether there is one.
func Unpack(t *render.Task, sandbox string, read func(name string) ([]byte, error)) (bool, error) {
	if !Bundled(t.Labels) {
		return false, nil
	}
	inline, file := label(t.Labels, labelBundle), label(t.Labels, labelBundleFile)
	data, err := inlineBundle(inline)
	if inline == "" {
		data, err = read(file)
	}
	if err != nil {
		return false, err
	}
	m, err := unpack(data, label(t.Labels, labelBundleDigest), sandbox)
	if err != nil {
		return false, err
	}
	t.Labels, t.Env = withoutBundle(t.Labels), withoutSecrets(t.Env, *m)
	return true, nil
}

// withoutSecrets is the task's environment without the variables that hold
// secrets: a framework may give them as plain ones, and what is among the facts
// is written down.
func withoutSecrets(env map[string]string, m bundle.Manifest) map[string]string {
	kept := maps.Clone(env)
	for _, source := range m.Secrets {
		if name, ok := strings.CutPrefix(source, "env:"); ok {
			delete(kept, name)
		}
	}
	for _, name := range m.Left {
		delete(kept, name)
	}
	return kept
}

// withoutBundle are the labels without the bundle itself, which would make
// dce-task.json large for nothing: its files are in the sandbox.
func withoutBundle(labels map[string]string) map[string]string {
	kept := map[string]string{}
	for key, value := range labels {
		if key != labelBundle && !strings.HasSuffix(key, "."+labelBundle) {
			kept[key] = value
		}
	}
	return kept
}

// bundle is what the job brings, compressed.
func (s *stager) bundle(labels map[string]string) ([]byte, error) {
	if text := label(labels, labelBundle); text != "" {
		return inlineBundle(text)
	}
	return s.fetched(label(labels, labelBundleFile))
}

func inlineBundle(text string) ([]byte, error) {
	if base64.StdEncoding.DecodedLen(len(text)) > bundle.MaxCompressed {
		return nil, diag.Fail(badBundle("the label is too long", nil))
	}
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, diag.Fail(badBundle("the label is not base64", err))
	}
	return data, nil
}

// fetched reads a file that the fetcher has put into the sandbox, and nothing
// else: no link leads out of it.
func (s *stager) fetched(name string) ([]byte, error) {
	root, err := os.OpenRoot(s.o.Environment.Sandbox)
	if err != nil {
		return nil, fmt.Errorf("opening the sandbox: %w", err)
	}
	defer root.Close()
	data, err := readRegular(root, name, bundle.MaxCompressed)
	if err != nil {
		return nil, diag.Fail(badBundle(fmt.Sprintf("%q cannot be read in the sandbox", name), err))
	}
	return data, nil
}

var errNotPlain = errors.New("it is no regular file, or too large")

func readRegular(root *os.Root, name string, limit int64) ([]byte, error) {
	info, err := root.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > limit {
		return nil, errNotPlain
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = errNotPlain
	}
	return data, err
}

func badBundle(why string, cause error) diag.Diagnostic {
	d := diag.Diagnostic{
		Code: "DCE712", Summary: "the bundle cannot be taken apart: " + why, Cause: cause,
		Hint: "deploy again with dce deploy; where bundles are fetched, see in stderr of the sandbox what the fetcher said",
	}
	if cause != nil {
		d.Detail = cause.Error() + "."
	}
	return d
}

func noDigest() diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE713", Summary: "the job brings a bundle, but no digest to check it with",
		Hint: "deploy again with dce deploy, which sets the label " + labelBundleDigest,
	}
}
